// The front end of vae_core.explorer.LatentExplorer, an anywidget module: nothing fetched, no HTML parsed.
// Python joins it with the modules it imports (see front_end.py), for an anywidget is one text.
// One store holds the state of a model; the views of it render from the store and call its actions.

import { breath, keepKeys, make, setText } from "./elements.js";
import { makeMoreView } from "./more_view.js";
import { makePlaneView } from "./plane_view.js";
import { makeSourceView } from "./source_view.js";
import { storeOf } from "./store.js";
import { makeStoryView } from "./story_view.js";
import { makeTimeView } from "./time_view.js";
import { factsIn, planeIn, whereIn } from "./words.js";

const REST = 400; // milliseconds until what is seen is said
const SLICES = 3; // of the work on the images behind the dots, between two frames
const SLICE = 8; // milliseconds; between two slices the page may breathe
const LONGEST = 0.05; // seconds of gliding between two frames, however long they are apart

/** Make the state, and keep it while the model lives. Runs once a model. */
export function initialize({ model }) {
  try {
    storeOf(model);
  } catch {
    // What is wrong with the model is said where it is to be seen.
  }
}

/** Draw the explorer, or say why it cannot be. */
export function render({ model, el }) {
  const complain = ({ message }) =>
    el.replaceChildren(make("p", { role: "alert", class: "latent-explorer" }, `The explorer cannot run. ${message}`));
  try {
    return show(storeOf(model), el, complain);
  } catch (error) {
    complain(error);
  }
}

/** The views of a store, as one element and one function that paints them. */
function makeViews(store, refresh) {
  const [time, plane, source] = [makeTimeView(store), makePlaneView(store), makeSourceView(store)];
  const [story, more] = [source.pad.length ? makeStoryView(store, refresh) : { parts: [], paint() {} }, makeMoreView(store, refresh)];
  const about = make("p", { class: "le-note", hidden: "" });
  const live = make("p", { class: "le-visually-hidden", role: "status" });
  const left = make("div", { class: "le-left" }, plane.frame, plane.near, ...source.choices);
  const right = make("div", { class: "le-right" }, plane.decoded, ...source.pad);
  const root = make(
    "div",
    { class: "latent-explorer", role: "group", "aria-label": "Latent explorer" },
    ...time.parts,
    about,
    make("div", { class: "le-main" }, left, right),
    ...story.parts,
    ...more.parts,
    live,
  );
  const [height, width] = store.content.shape;
  root.style.setProperty("--le-aspect", width / height);
  keepKeys(root);
  const say = () => (live.textContent = store.isGliding ? "" : `${whereIn(store)}, ${factsIn(store)}`);
  const paint = (look) => {
    setText(about, planeIn(store));
    about.hidden = !about.textContent;
    for (const view of [time, plane, source, story, more]) view.paint(look);
  };
  return { root, say, paint };
}

/** Call a function when the colours of the page may have changed; returns the function that ends it. */
function watchColors(onChange) {
  const theme = new MutationObserver(onChange);
  for (const element of [document.documentElement, document.body])
    theme.observe(element, { attributes: true, attributeFilter: ["data-theme", "data-jp-theme-light", "class"] });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", onChange);
  return () => {
    theme.disconnect();
    dark.removeEventListener("change", onChange);
  };
}

/**
 * Let the point glide while it is on the screen, until somebody does anything, unless motion is unwelcome. `onSeen` is
 * called when it comes onto the screen or leaves it.
 */
function watchGlide(store, root, onSeen) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) store.rest();
  let isSeen = false;
  const seen = new IntersectionObserver((entries) => ((isSeen = entries.at(-1).isIntersecting), onSeen()));
  seen.observe(root);
  const rest = () => store.rest();
  const inputs = ["pointerdown", "keydown"];
  for (const type of inputs) window.addEventListener(type, rest, { capture: true });
  return {
    isOn: () => store.isGliding && isSeen && !document.hidden,
    end() {
      seen.disconnect();
      for (const type of inputs) window.removeEventListener(type, rest, { capture: true });
    },
  };
}

function lookOf(root) {
  const style = getComputedStyle(root);
  const color = (name) => style.getPropertyValue(name).trim();
  return { width: root.clientWidth, ink: style.color, ground: color("--le-ground") || "#fff", accent: color("--le-accent") || "#1c6480" };
}

function show(store, el, complain) {
  let [frame, speaking, last] = [0, 0, 0];
  const { root, say, paint } = makeViews(store, refresh);
  el.append(root);
  const glide = watchGlide(store, root, refresh);

  // Everything that is seen is drawn here, at most once a frame.
  function refresh() {
    frame ||= requestAnimationFrame((now) => {
      frame = 0;
      try {
        paintAll(now);
      } catch (error) {
        complain(error);
      }
    });
  }
  function paintAll(now) {
    const started = performance.now();
    if (glide.isOn()) store.glide(Math.min(LONGEST, (now - last) / 1000));
    last = now;
    paint(lookOf(root));
    root.dataset.ms = (performance.now() - started).toFixed(2);
    clearTimeout(speaking);
    speaking = setTimeout(say, REST);
    if (glide.isOn()) refresh();
    if (!store.atlas.isComplete) decodeSome().catch(complain);
  }
  async function decodeSome() {
    for (let i = 0; i < SLICES; i++) {
      await breath();
      store.atlas.work(SLICE);
    }
    if (root.isConnected) refresh(); // somebody may have taken it away meanwhile
  }
  const endings = [store.subscribe(refresh), watchColors(refresh), glide.end];
  const size = new ResizeObserver(refresh);
  size.observe(root);
  refresh();
  return () => {
    endings.forEach((end) => end());
    size.disconnect();
    cancelAnimationFrame(frame);
    clearTimeout(speaking);
  };
}

export default { initialize, render };
