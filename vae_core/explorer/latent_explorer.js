// The front end of vae_core.explorer.LatentExplorer, an anywidget module: nothing fetched, no HTML parsed.
// Python joins it with the modules it imports (see front_end.py), for an anywidget is one text.

import { breath, button, keepKeys, make } from "./elements.js";
import { makeLikelihood } from "./likelihoods.js";
import { makeNetwork, unpack } from "./networks.js";
import {
  divergence,
  edgeShare,
  gridPoints,
  klToPrior,
  lift,
  logNormal,
  normalPair,
  normalised,
  priorMass,
  project,
  projectLogVar,
} from "./mathematics.js";
import { rasterize } from "./drawing.js";
import { drawPlane, makeScatter, makeView, nearest } from "./plane.js";
import { makePad, paint, paintStrokes } from "./pad.js";

const CELLS = 36; // a side of the grid on which the exact posterior is computed
const COARSE_CELLS = 20; // and of the grid that says where to look
const SLICE = 10; // milliseconds of work before the page may breathe
const STRIP = 9; // images between two points
const NEAREST = 5; // codes whose classes are named
const SAVED = 280; // pixels of the longer side of a saved picture, about
const PIN_NAMES = "ABCDEFGH";
const FARTHEST = 100; // |z| that can be typed
const MINUS = "\u2212";

const round = (value, digits = 2) => value.toFixed(digits).replace("-", MINUS);
const pair = (z) => `(${round(z[0])}, ${round(z[1])})`;

/** Read the models that Python packed: one record a snapshot, its networks made when they are first asked for. */
function readSnapshots({ layers, snapshots, models, image_shape: shape, ...content }) {
  const labels = unpack(content.labels, "uint16");
  return snapshots.map((packed) => {
    const made = {};
    const network = (name) => (made[name] ??= makeNetwork(layers[name], unpack(packed[name], packed.dtype)));
    const { likelihood, ...about } = models[packed.model];
    const { mean, logProb } = makeLikelihood(likelihood, shape.at(-1));
    const decode = (point) => network("decoder")(lift(about, point));
    return {
      ...about,
      model: packed.model,
      epoch: packed.epoch,
      scatter: makeScatter(
        unpack(packed.codes, "int16").map((value) => value * packed.unit),
        labels,
        content.colors,
        content.class_names,
      ),
      posteriors: unpack(packed.posteriors, "float32"),
      picture: (point) => mean(decode(point)),
      logLikelihood: (x, point) => logProb(x, decode(point)),
      encode: packed.encoder.byteLength ? (x) => network("encoder")(x) : null,
    };
  });
}

/** Keep the traits that follow from others where no kernel does it. Runs once a model. */
export function initialize({ model }) {
  model.on("change:z", () => {
    const z = model.get("z");
    if (z?.length !== 2 || !z.every(Number.isFinite)) model.set("z", [0, 0]);
  });
}

/** Draw the explorer, or say why it cannot be. */
export function render({ model, el }) {
  const complain = ({ message }) =>
    el.replaceChildren(make("p", { role: "alert", class: "latent-explorer" }, `The explorer cannot run. ${message}`));
  try {
    return draw({ model, el, complain });
  } catch (error) {
    complain(error);
  }
}

function draw({ model, el, complain }) {
  const content = model.get("_content");
  const snapshots = readSnapshots(content);
  const names = model.get("model_names");
  const models = [...new Set(snapshots.map((one) => one.model))]; // a saved page sorts the keys of names
  const epochs = model.get("epochs");
  const pictureNames = model.get("picture_names");
  const pictures = unpack(content.pictures, content.pictures_dtype);
  const { image_shape: shape, noun, preparation } = content;
  const [height, width] = shape;
  const pixelCount = height * width * shape[2];
  const dimensions = snapshots[0].offset.length;
  const canDraw = snapshots.some((one) => one.encode);
  const encodes = canDraw || pictureNames.length > 0;
  const state = { x: null, posterior: null }; // the picture that is encoded, and q(z|x) as it falls onto the plane, if any
  let view = null; // the window asked for, null for the snapshot's own
  let shading = null;
  let shadingRun = 0;
  let wantsShading = false;
  let frame = 0;
  let saving = 0;
  const pins = [];

  const snapshot = () =>
    snapshots.find((one) => one.model === model.get("model_name") && one.epoch === model.get("epoch")) ?? snapshots.at(-1);
  const called = ({ model: name, epoch }, between) => names[name][0] + (epochs.length > 1 ? `${between} ${epoch}` : "");

  // The parts. Canvases have a role and a name; everything else is a native control.
  const plane = make("canvas", {
    class: "le-plane",
    tabindex: 0,
    role: "application",
    "aria-roledescription": "plane with a point",
    "aria-label": "Latent plane. Arrow keys move the point, with Shift in large steps; Home returns to the origin.",
  });
  const picture = make("canvas", { class: "le-picture", width, height, role: "img" });
  const padCaption = make("span");
  const seen = make("canvas", { class: "le-picture le-seen", width, height, role: "img" }); // by the encoder
  const padCanvas = make("canvas", { class: "le-pad", role: "img" });
  const live = make("p", { class: "le-visually-hidden", role: "status" });
  const facts = make("p", { class: "le-facts" });
  const say = make("p", { class: "le-note", role: "status" });
  const coordinates = (dimensions > 2 ? ["a", "b"] : ["z\u2081", "z\u2082"]).map((name) =>
    make("label", {}, `${name} `, make("input", { type: "number", step: 0.05, min: -FARTHEST, max: FARTHEST })),
  );
  const inputs = coordinates.map((label) => label.querySelector("input"));

  // Traits out.
  const save = () => {
    if (!saving) saving = requestAnimationFrame(() => ((saving = 0), model.save_changes()));
  };
  const set = (name, value) => {
    model.set(name, value);
    save();
  };
  const moveTo = (z) => set("z", z.map((value) => Math.max(-FARTHEST, Math.min(FARTHEST, value))));

  // Model and time.
  const uid = Math.random().toString(36).slice(2);
  const radios = models.map((name) => {
    const input = make("input", { type: "radio", name: `model-${uid}`, value: name });
    input.addEventListener("change", () => set("model_name", name));
    return make("label", {}, input, ` ${names[name][0]}`);
  });
  const scrubber = make("input", { type: "range", min: 0, max: epochs.length - 1, step: 1, "aria-label": "Epoch of training" });
  scrubber.addEventListener("input", () => set("epoch", epochs[Number(scrubber.value)]));
  const epochShown = make("span", { class: "le-epoch", "aria-hidden": "true" });
  const top = make("div", { class: "le-row" });
  if (models.length > 1) top.append(make("fieldset", { class: "le-row" }, make("legend", {}, "Model"), ...radios));
  if (epochs.length > 1) top.append(make("label", { class: "le-row le-grow" }, "Epoch", scrubber, epochShown));

  // The picture to encode.
  const pick = (index) => (index === model.get("picked") ? encode() : set("picked", index));
  const strokes = makePad(padCanvas, shape, () => {
    if (!snapshot().encode) set("epoch", epochs.at(-1)); // only there the page has an encoder
    pick(null);
  });
  const chosen = () => {
    const index = model.get("picked");
    if (strokes.length) return rasterize(strokes, shape, preparation);
    return index === null ? null : pictures.subarray(index * pixelCount, (index + 1) * pixelCount);
  };
  const chooser = make(
    "select",
    { "aria-label": `Pick a ${noun}` },
    make("option", { value: "" }, `Pick a ${noun}\u2026`),
    ...pictureNames.map((name, i) => make("option", { value: i }, name)),
  );
  chooser.addEventListener("change", () => chooser.value !== "" && pick(Number(chooser.value)));
  const undo = button("Undo", () => {
    strokes.pop();
    pick(null);
  });
  const clear = button("Clear", () => {
    strokes.length = 0;
    pick(null);
  });
  const sample = button("Sample again", () => {
    const { mean, logVar } = state.posterior;
    const noise = normalPair();
    moveTo(mean.map((value, k) => value + noise[k] * Math.exp(logVar[k] / 2)));
  });
  const toMean = button("To its mean", () => moveTo([...state.posterior.mean]));
  const truth = button("Exact posterior", () => {
    wantsShading = !wantsShading;
    if (wantsShading && !view) zoomIn();
    say.textContent = "";
    shade();
  });
  const zoom = button("Close-up", () => {
    if (view) view = null;
    else zoomIn();
    shade();
    refresh();
  });
  const zoomIn = () => {
    const posterior = state.posterior;
    const centre = posterior ? [...posterior.mean] : [...model.get("z")];
    const spread = posterior?.logVar ? Math.max(...posterior.logVar.map((value) => Math.exp(value / 2))) : 0.1;
    view = { centre, half: Math.max(0.25, 6 * spread) };
  };

  function encode() {
    const now = snapshot();
    let output = null;
    Object.assign(state, { x: chosen(), posterior: null });
    say.textContent = "";
    if (strokes.length) {
      if (now.encode) output = now.encode(state.x);
      else say.textContent = `The page carries the encoder of epoch ${epochs.at(-1)} only: go there to encode a drawing.`;
    } else if (state.x) output = now.posteriors.subarray(2 * dimensions * model.get("picked"));
    if (output) {
      const [mean, logVar] = [0, 1].map((k) => output.slice(k * dimensions, (k + 1) * dimensions));
      state.posterior = { mean: project(now.axes, mean), logVar: null };
      if (now.variational) {
        state.posterior.logVar = projectLogVar(now.axes, logVar);
        state.posterior.kl = klToPrior(mean, logVar);
      }
      moveTo(state.posterior.mean);
    }
    shade();
  }

  /** log p(x, z) up to a constant at points of the plane, in slices between which the page breathes. */
  async function logJoint(points, x, run) {
    const now = snapshot();
    const logs = new Float64Array(points.length);
    let until = performance.now() + SLICE;
    for (let i = 0; i < points.length; i++) {
      if (performance.now() > until) {
        await breath();
        if (run !== shadingRun || !el.isConnected) return null;
        until = performance.now() + SLICE;
      }
      const z = points[i];
      logs[i] = now.logLikelihood(x, z) - (z[0] ** 2 + z[1] ** 2) / 2;
    }
    return logs;
  }

  // The exact posterior of the picture: where it is, coarsely, then what it is in the window.
  async function shade() {
    const run = ++shadingRun;
    shading = null;
    refresh();
    if (!wantsShading || !state.posterior?.logVar) return;
    say.textContent = "Computing the exact posterior\u2026";
    const { x, posterior: { mean, logVar } } = state;
    if (view) {
      const coarse = gridPoints(snapshot(), COARSE_CELLS);
      const found = await logJoint(coarse, x, run);
      if (!found) return;
      const mode = coarse[found.indexOf(Math.max(...found))];
      const distance = Math.max(...mode.map((value, k) => Math.abs(value - mean[k])));
      const spread = Math.exp(Math.max(...logVar) / 2);
      const centre = mean.map((value, k) => (value + mode[k]) / 2);
      view = { centre, half: Math.max(6 * spread, distance / 2 + 0.4) };
    }
    const seen = view ?? snapshot();
    const points = gridPoints(seen, CELLS);
    const logs = await logJoint(points, x, run);
    if (!logs) return;
    const shares = normalised(logs);
    shading = { shares, count: CELLS, window: seen };
    const logQ = points.map((z) => logNormal(z, mean, logVar));
    const gap = divergence(logQ, shares, ((2 * seen.half) / CELLS) ** 2);
    const trusted = Math.abs(gap.covered - 1) < 0.02 && edgeShare(shares, CELLS) < 0.01 && Math.max(...shares) < 0.3;
    say.textContent =
      `Orange: p(z|x), computed at ${CELLS} \u00d7 ${CELLS} points of this window. ` +
      (trusted
        ? `KL(q \u2225 p) = ${round(gap.kl, 1)} nats.`
        : "For KL(q \u2225 p) they are too coarse, or p leaves the window.");
    refresh();
  }

  // Compare and keep.
  const strip = make("canvas", { class: "le-strip", width: STRIP * width, height, role: "img", hidden: "" });
  const ends = ["from", "to"].map((word) => {
    const select = make("select", { "aria-label": `Strip ${word}` });
    select.addEventListener("change", refresh);
    return select;
  });
  const onPins = () => {
    ends.forEach((select, k) => {
      select.replaceChildren(...pins.map(({ name }, i) => make("option", { value: i }, name)));
      select.value = String(pins.length - 2 + k); // the two latest
    });
    refresh();
  };
  const pin = button("", () => {
    pins.push({ name: PIN_NAMES[pins.length], z: [...model.get("z")] });
    onPins();
  });
  const unpin = button("Remove pins", () => {
    pins.length = 0;
    onPins();
  });
  const between = make("div", { class: "le-row", hidden: "" }, "Strip from", ends[0], "to", ends[1]);
  const png = button("Save PNG", () => {
    const times = Math.max(1, Math.round(SAVED / Math.max(height, width)));
    const large = make("canvas", { width: times * width, height: times * height });
    const context = large.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(picture, 0, 0, large.width, large.height);
    const z = model.get("z").map((value) => value.toFixed(2));
    const name = `${snapshot().model}${epochs.length > 1 ? `-epoch-${snapshot().epoch}` : ""}-z-${z.join("-")}.png`;
    const link = make("a", { href: large.toDataURL("image/png"), download: name });
    link.click();
  });
  const code = make("textarea", { class: "le-code", readonly: "", rows: 6, "aria-label": "Python that decodes this point", hidden: "" });
  const python = () => {
    const now = snapshot();
    const z = model.get("z").map((value) => String(Number(value.toFixed(4))));
    return [
      "from vae_core import load_pretrained",
      "",
      `model = load_pretrained("${now.model}", epoch=${now.epoch})`,
      `image = model.decode([[${z.join(", ")}]])[0]`,
    ].join("\n");
  };
  const copy = button("Copy Python", async () => {
    code.value = python();
    code.hidden = false;
    code.select();
    try {
      await navigator.clipboard.writeText(code.value);
      say.textContent = "The Python is in the clipboard.";
    } catch {
      say.textContent = "Copy the Python from the field below.";
    }
  });

  const about = make("p", { class: "le-note" });
  about.hidden = dimensions === 2;
  const describePlane = ({ scatter, share }) =>
    `One plane of the ${dimensions} latent dimensions, ` +
    (scatter.codes.length
      ? "along the two directions, a and b, in which the codes of the images vary most: " +
        `${round(100 * share, 0)} % of their variance. Codes beside the plane are drawn where they fall onto it. ` +
        "The image shown is decoded from the plane, so it is coarser than a reconstruction."
      : "along the first two, a and b; the others are 0.");
  const choice = make("div", { class: "le-row" }, ...(pictureNames.length ? [chooser] : []), ...(canDraw ? [undo] : []), clear);
  const sheet = make("div", { class: "le-sheet" }, seen, ...(canDraw ? [padCanvas] : []));
  const figure = (caption, ...parts) => make("div", { class: "le-figure" }, caption, ...parts);
  const root = make(
    "div",
    { class: "latent-explorer", role: "group", "aria-label": "Latent explorer" },
    ...(top.children.length ? [top] : []),
    about,
    make(
      "div",
      { class: "le-main" },
      make(
        "div",
        { class: "le-left" },
        plane,
        make("div", { class: "le-row" }, ...coordinates, zoom),
        make("div", { class: "le-row" }, ...(encodes ? [toMean, sample, ...(dimensions === 2 ? [truth] : [])] : [])),
        say,
      ),
      make(
        "div",
        { class: "le-right" },
        figure(make("span", {}, "Decoded"), picture, facts),
        ...(encodes ? [figure(padCaption, sheet, choice)] : []),
      ),
    ),
    make("div", { class: "le-row" }, pin, unpin, png, ...(content.reproducible ? [copy] : [])),
    between,
    strip,
    code,
    live,
  );
  root.style.setProperty("--le-aspect", width / height);
  el.append(root);

  // Everything that is seen is drawn here, at most once a frame.
  function refresh() {
    frame ||= requestAnimationFrame(() => {
      try {
        paintAll();
      } catch (error) {
        complain(error);
      }
    });
  }
  function invitation(now) {
    if (!canDraw) return `Pick a ${noun} to encode`;
    const [first, or] = pictureNames.length ? [`Pick a ${noun}; drawings`, ", or pick one"] : ["Drawings", ""];
    return now.encode ? `Draw a ${noun}${or}` : `${first} need the encoder of epoch ${epochs.at(-1)}`;
  }
  let speaking = 0;
  function paintAll() {
    frame = 0;
    const started = performance.now();
    const now = snapshot();
    const z = model.get("z");
    const size = plane.clientWidth || 300;
    const density = window.devicePixelRatio || 1;
    if (plane.width !== Math.round(size * density)) plane.width = plane.height = Math.round(size * density);
    const context = plane.getContext("2d");
    context.setTransform(density, 0, 0, density, 0, 0);
    const style = getComputedStyle(root);
    const shown = view ?? now;
    const scene = {
      z,
      scatter: now.scatter,
      posterior: state.posterior,
      shading,
      pins,
      ink: style.color,
      ground: style.getPropertyValue("--le-ground").trim() || "#fff",
    };
    drawPlane(context, makeView(shown.centre, shown.half, size), scene);
    paint(picture, now.picture(z), shape);
    paint(seen, state.x ?? new Float64Array(pixelCount), shape);
    sheet.classList.toggle("le-drawn", strokes.length > 0);
    if (canDraw) paintStrokes(padCanvas, strokes, shape, preparation.width);

    about.textContent = describePlane(now);
    const radius = Math.hypot(...z);
    const nearer = dimensions > 2 ? "falls onto the plane nearer its middle" : "lies nearer the origin";
    facts.textContent = `r = ${round(radius)}; ${round(100 * priorMass(radius), 1)} % of the prior ${nearer}`;
    if (state.posterior?.logVar) facts.textContent += `. KL(q \u2225 prior) = ${round(state.posterior.kl, 1)} nats`;
    const near = nearest(now.scatter, z, NEAREST);
    if (near.length) facts.textContent += `. Nearest codes: ${near.join(", ")}`;
    const where = `${dimensions > 2 ? "(a, b)" : "z"} = ${pair(z)}`;
    const empty = canDraw ? `Empty, to draw a ${noun} in` : `No ${noun} is picked`;
    const source = state.x ? `The ${noun} that is encoded: ${pictureNames[model.get("picked")]}` : empty;
    picture.setAttribute("aria-label", `Image decoded by the ${called(now, " after epoch")} at ${where}`);
    padCanvas.setAttribute("aria-label", strokes.length ? "Your drawing" : source);
    seen.setAttribute("aria-label", strokes.length ? "Your drawing as the model sees it" : source);
    const encoder = snapshots.length > 1 ? `Encoder: ${called(now, ", epoch")}` : "Encoded";
    padCaption.textContent = state.posterior ? encoder : invitation(now);
    inputs.forEach((input, k) => {
      const typing = document.activeElement === input && (input.value === "" || Number(input.value) === z[k]);
      if (!typing) input.value = z[k].toFixed(2);
    });
    radios.forEach((label) => (label.firstChild.checked = label.firstChild.value === now.model));
    scrubber.value = epochs.indexOf(now.epoch);
    scrubber.setAttribute("aria-valuetext", `epoch ${now.epoch}`);
    epochShown.textContent = now.epoch;
    chooser.value = strokes.length || model.get("picked") === null ? "" : String(model.get("picked"));
    zoom.textContent = view ? "Whole plane" : "Close-up";
    truth.setAttribute("aria-pressed", String(wantsShading));
    for (const one of [sample, truth]) one.disabled = !state.posterior?.logVar;
    toMean.disabled = !state.posterior;
    clear.disabled = !state.x;
    undo.disabled = !strokes.length;
    if (!code.hidden && document.activeElement !== code) code.value = python();
    paintStrip(now);
    clearTimeout(speaking);
    speaking = setTimeout(() => (live.textContent = `${where}, ${facts.textContent}`), 400);
    root.dataset.ms = (performance.now() - started).toFixed(2);
  }
  function paintStrip(now) {
    pin.textContent = pins.length < PIN_NAMES.length ? `Pin ${PIN_NAMES[pins.length]} here` : "No more pins";
    pin.disabled = pins.length === PIN_NAMES.length;
    unpin.disabled = !pins.length;
    strip.hidden = between.hidden = pins.length < 2;
    if (strip.hidden) return;
    const [first, last] = ends.map((select) => pins[Number(select.value)]);
    const [from, to] = [first.z, last.z];
    for (let i = 0; i < STRIP; i++) {
      const share = i / (STRIP - 1);
      const point = [0, 1].map((k) => (1 - share) * from[k] + share * to[k]);
      paint(strip, now.picture(point), shape, i);
    }
    strip.setAttribute("aria-label", `${STRIP} images decoded along the line from ${first.name} ${pair(from)} to ${last.name} ${pair(to)}`);
  }

  // Pointer and keys on the plane.
  const follow = (event) => {
    const box = plane.getBoundingClientRect();
    const shown = view ?? snapshot();
    moveTo(makeView(shown.centre, shown.half, box.width).toPlane([event.clientX - box.left, event.clientY - box.top]));
  };
  plane.addEventListener("pointerdown", (event) => {
    plane.setPointerCapture(event.pointerId);
    plane.focus({ preventScroll: true });
    follow(event);
    event.preventDefault();
  });
  plane.addEventListener("pointermove", (event) => event.buttons & 1 && follow(event));
  plane.addEventListener("keydown", (event) => {
    const step = ((view ?? snapshot()).half / 4) * (event.shiftKey ? 0.5 : 0.05);
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (move) moveTo(model.get("z").map((value, k) => value + step * move[k]));
    else if (event.key === "Home") moveTo([0, 0]);
    else return;
    event.preventDefault();
  });
  inputs.forEach((input, k) => {
    input.addEventListener("input", () => {
      const value = Number(input.value);
      if (input.value === "" || !Number.isFinite(value)) return;
      moveTo(model.get("z").map((old, j) => (j === k ? value : old)));
    });
    input.addEventListener("blur", refresh); // what was no number gives way to z
  });
  keepKeys(root);

  // Traits in, and whatever changes the look.
  const onPicked = () => {
    if (model.get("picked") !== null) strokes.length = 0;
    encode();
  };
  const onSnapshot = () => {
    view = null;
    encode();
  };
  const listeners = { "change:z": refresh, "change:picked": onPicked, "change:model_name": onSnapshot, "change:epoch": onSnapshot };
  for (const [name, listener] of Object.entries(listeners)) model.on(name, listener);
  const theme = new MutationObserver(refresh);
  for (const element of [document.documentElement, document.body])
    theme.observe(element, { attributes: true, attributeFilter: ["data-theme", "data-jp-theme-light", "class"] });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", refresh);
  const size = new ResizeObserver(refresh);
  size.observe(plane);
  encode();

  return () => {
    shadingRun++;
    theme.disconnect();
    dark.removeEventListener("change", refresh);
    size.disconnect();
    cancelAnimationFrame(frame);
    for (const [name, listener] of Object.entries(listeners)) model.off(name, listener);
  };
}

export default { initialize, render };
