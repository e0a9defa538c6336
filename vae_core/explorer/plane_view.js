// The plane on the screen, with the decoded picture, which on a phone lies in a corner of it.

import { button, make, measured, setText } from "./elements.js";
import { placeOf } from "./marks.js";
import { fitted, paint } from "./pad.js";
import { drawGround, drawMoving, makeView } from "./plane.js";
import { letMove } from "./pointer.js";
import { makeTiles, paintTinted } from "./tinted.js";
import { nearestIn, pictureLabel } from "./words.js";

const NEAR = 28; // pixels that the point keeps from a picture in a corner

const CORNERS = [[1, 0], [0, 0], [1, 1], [0, 1]]; // to the right, and down
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** The corner of the plane where a picture neither hides the point nor leaves the screen; it stays while it can. */
function cornerFor(now, [x, y], size, [width, height], top) {
  const corners = CORNERS.map(([right, down]) => [right * (size - width), down * (size - height)]);
  const gap = ([left, above]) =>
    Math.max(left - x, x - left - width, above - y, y - above - height); // negative inside
  const isSeen = ([, above]) => top + above >= 0 && top + above + height <= window.innerHeight;
  const held = corners[now];
  if (held && gap(held) > NEAR && isSeen(held)) return now;
  const worth = (corner) => gap(corner) + (isSeen(corner) ? 2 * size : 0);
  return corners.reduce((best, corner, i) => (worth(corner) > worth(corners[best]) ? i : best), 0);
}

function letKeysMove(plane, store) {
  plane.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const step = (store.window.half / 4) * (event.shiftKey ? 0.5 : 0.05);
    const move = STEPS[event.key];
    if (move) store.moveBy(move.map((value) => step * value));
    else if (event.key === "Home") store.moveTo([0, 0]);
    else return;
    event.preventDefault();
  });
}

function makeParts({ content: { shape: [height, width] } }) {
  const plane = make("canvas", {
    class: "le-plane",
    tabindex: 0,
    role: "application",
    "aria-roledescription": "plane with a point",
    "aria-label": "Latent plane. Arrow keys move the point, with Shift in large steps; Home returns to the origin.",
  });
  const picture = make("canvas", { class: "le-picture", width, height, role: "img" });
  return {
    plane,
    picture,
    ground: make("canvas", { class: "le-ground", "aria-hidden": "true" }),
    handle: make("div", { class: "le-handle", "aria-hidden": "true" }),
    decoded: make("div", { class: "le-figure le-decoded" }, make("span", {}, "Decoded here"), picture),
    near: make("p", { class: "le-near" }),
  };
}

/** A painter of the atlas: its canvas, painted anew if it has changed. */
function makeAtlasPainter(atlas) {
  const canvas = make("canvas");
  let painted = "";
  return (ink) => {
    const state = `${atlas.version} ${ink}`;
    if (state !== painted) paintTinted(canvas, atlas.pixels, atlas.width, atlas.height, atlas.isInk && ink);
    painted = state;
    return { canvas, window: atlas.window };
  };
}

/**
 * The plane and what belongs to it.
 * @returns {{frame: Element, decoded: Element, near: Element, paint: (look: object) => void}}
 */
export function makePlaneView(store) {
  const { plane, ground, handle, picture, decoded, near } = makeParts(store);
  const pause = button("Pause", () => store.rest());
  pause.classList.add("le-pause");
  const { shape, isInk } = store.content;
  const tiles = makeTiles(shape, isInk);
  const atlasPainter = makeAtlasPainter(store.atlas);
  const frame = make("div", { class: "le-frame" }, ground, plane, handle, pause);
  const narrow = matchMedia("(width < 40rem)");
  let [painted, corner] = [null, 0];
  const viewNow = (size = plane.clientWidth) => makeView(store.window.centre, store.window.half, size || 300);
  const width = measured(plane);
  letKeysMove(plane, store);
  letMove(plane, handle, {
    at(event) {
      const box = plane.getBoundingClientRect();
      return viewNow().toPlane([event.clientX - box.left - plane.clientLeft, event.clientY - box.top - plane.clientTop]);
    },
    place: () => viewNow().toPlane(placeOf(viewNow(), store.z).at),
    moveTo: (z) => store.moveTo(z),
  });

  function paintGround(context, view, look) {
    const { snapshot, exact, atlas } = store;
    const state = [snapshot, exact, atlas.version, view.size, view.half, ...view.centre, plane.width, ...Object.values(look)];
    if (painted?.every((value, i) => Object.is(value, state[i]))) return;
    painted = state;
    const { scatter, variational } = snapshot;
    drawGround(context, view, { atlas: atlasPainter(look.ink), exact, scatter, variational }, look);
  }

  function placeOverlays(view) {
    const { at } = placeOf(view, store.z);
    handle.style.transform = `translate(${at[0]}px, ${at[1]}px)`;
    pause.hidden = !store.isGliding;
    if (!narrow.matches) return void (decoded.style.transform = "");
    const box = [decoded.offsetWidth, decoded.offsetHeight];
    corner = cornerFor(corner, at, view.size, box, plane.getBoundingClientRect().top);
    const [right, down] = CORNERS[corner];
    decoded.style.transform = `translate(${right * (view.size - box[0])}px, ${down * (view.size - box[1])}px)`;
  }

  function paintView(look) {
    const view = viewNow(width(look.width));
    const [below, above] = [ground, plane].map((canvas) => fitted(canvas, view.size, view.size).context);
    store.atlas.show(store.snapshot, store.window);
    paintGround(below, view, look);
    const { z, posterior, pins, trail } = store;
    const lens = posterior && !store.view ? store.lens : null;
    drawMoving(above, view, { z, posterior, lens, pins, trail, makeTile: (image) => tiles(image, look.ink) }, look);
    placeOverlays(view);
    paint(picture, store.image, shape);
    picture.setAttribute("aria-label", pictureLabel(store));
    setText(near, nearestIn(store));
  }
  return { frame, decoded, near, paint: paintView };
}
