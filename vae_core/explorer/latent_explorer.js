// The front end of vae_core.explorer.LatentExplorer, an anywidget module: nothing fetched, no HTML parsed.
// Python joins it with the modules it imports (see modules.py), for an anywidget is one text.

import { keepKeys } from "./keys.js";
import { makeNetwork, unpack } from "./networks.js";
import {
  bernoulliLogLikelihood,
  divergence,
  edgeShare,
  gridPoints,
  klToPrior,
  logNormal,
  normalPair,
  normalised,
  priorMass,
  sigmoid,
} from "./mathematics.js";
import { drawPlane, makeScatter, makeView } from "./plane.js";
import { SIDE, centred, makePad, paint } from "./pad.js";

const CELLS = 36; // a side of the grid on which the exact posterior is computed
const COARSE_CELLS = 20; // and of the grid that says where to look
const SLICE = 10; // milliseconds of work before the page may breathe
const STRIP = 9; // images between two points
const PIN_NAMES = "ABCDEFGH";
const FARTHEST = 100; // |z| that can be typed
const MINUS = "\u2212";

const round = (value, digits = 2) => value.toFixed(digits).replace("-", MINUS);
const pair = (z) => `(${round(z[0])}, ${round(z[1])})`;

const bytes = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** An element with attributes, text and children. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const button = (text, action) => {
  const made = make("button", { type: "button" }, text);
  made.addEventListener("click", action);
  return made;
};

/** Let the page do what waits. A message comes back at once, where a timer would rest for 4 ms. */
const breath = () =>
  new Promise((resume) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => (port1.close(), resume());
    port2.postMessage(null);
  });

/** Read the state that Python packed: one record a snapshot, its networks made when they are first asked for. */
function readSnapshots(model) {
  const layers = model.get("_layers");
  const labels = bytes(model.get("_labels"));
  return model.get("_snapshots").map((packed) => {
    const made = {};
    const network = (name) => {
      if (!packed[name].byteLength) return null;
      return (made[name] ??= makeNetwork(layers[name], unpack(packed[name], packed.dtype)));
    };
    const codes = new Float64Array(packed.codes.byteLength / 2);
    for (let i = 0; i < codes.length; i++) codes[i] = packed.codes.getInt16(2 * i, true) * packed.unit;
    return {
      model: packed.model,
      epoch: packed.epoch,
      scatter: makeScatter(codes, labels, model.get("_colours")),
      posteriors: unpack(packed.posteriors, "float32"),
      decode: (z) => network("decoder")(z),
      encoder: () => network("encoder"),
      hasEncoder: packed.encoder.byteLength > 0,
      home: model.get("_windows")[packed.model],
    };
  });
}

/** Keep the traits that follow from others where no kernel does it. Runs once a model. */
function initialize({ model }) {
  model.on("change:z", () => {
    const z = model.get("z");
    if (z.length !== 2 || !z.every(Number.isFinite)) model.set("z", [0, 0]);
  });
}

/** Draw the explorer, or say why it cannot be. */
function render({ model, el }) {
  const complain = ({ message }) =>
    el.replaceChildren(make("p", { role: "alert", class: "latent-explorer" }, `The explorer cannot run. ${message}`));
  try {
    return draw({ model, el, complain });
  } catch (error) {
    complain(error);
  }
}

function draw({ model, el, complain }) {
  const snapshots = readSnapshots(model);
  const names = model.get("model_names");
  const models = [...new Set(snapshots.map((one) => one.model))]; // a saved page sorts the keys of names
  const epochs = model.get("epochs");
  const digits = bytes(model.get("_digits"));
  const digitLabels = model.get("digit_labels");
  const state = { posterior: null }; // q(z|x) of the picture, if there is one
  let view = null; // the window asked for, null for the snapshot's own
  let shading = null;
  let shadingRun = 0;
  let wantsShading = false;
  let drawn = false; // whether the pad holds a drawing of the reader's
  let frame = 0;
  let saving = 0;
  const pins = [];

  const snapshot = () =>
    snapshots.find((one) => one.model === model.get("model_name") && one.epoch === model.get("epoch")) ?? snapshots.at(-1);
  const isVariational = () => names[snapshot().model][1];

  // The parts. Canvases have a role and a name; everything else is a native control.
  const plane = make("canvas", {
    class: "le-plane",
    tabindex: 0,
    role: "application",
    "aria-roledescription": "plane with a point",
    "aria-label": "Latent plane. Arrow keys move the point, with Shift in large steps; Home returns to the origin.",
  });
  const picture = make("canvas", { class: "le-picture", width: SIDE, height: SIDE, role: "img" });
  const padCaption = make("span");
  const padCanvas = make("canvas", { class: "le-picture le-pad", width: SIDE, height: SIDE, role: "img" });
  const live = make("p", { class: "le-visually-hidden", role: "status" });
  const facts = make("p", { class: "le-facts" });
  const say = make("p", { class: "le-note", role: "status" });
  const coordinates = ["z\u2081", "z\u2082"].map((name) =>
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
  const pad = makePad(padCanvas, () => {
    drawn = true;
    set("digit", null);
    encode();
  });
  const padPixels = () => (drawn ? centred(pad) : Float64Array.from(digits.subarray(...digitRange()), (value) => value / 255));
  const digitRange = () => [model.get("digit") * SIDE * SIDE, (model.get("digit") + 1) * SIDE * SIDE];
  const hasPicture = () => drawn || model.get("digit") !== null;
  const chooser = make("select", { "aria-label": "Test image to encode" }, make("option", { value: "" }, "Test image\u2026"));
  digitLabels.forEach((label, i) => {
    const count = digitLabels.slice(0, i + 1).filter((other) => other === label).length;
    chooser.append(make("option", { value: i }, `a ${label}, no. ${count}`));
  });
  chooser.addEventListener("change", () => chooser.value !== "" && set("digit", Number(chooser.value)));
  const clear = button("Clear", () => {
    pad.fill(0);
    drawn = false;
    set("digit", null);
    encode();
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
    shading = null;
    const now = snapshot();
    state.posterior = null;
    say.textContent = "";
    if (hasPicture()) {
      let output = null;
      if (!drawn) output = now.posteriors.subarray(4 * model.get("digit"), 4 * model.get("digit") + 4);
      else if (now.hasEncoder) output = now.encoder()(padPixels());
      else say.textContent = `The page carries the encoder of epoch ${epochs.at(-1)} only: go there to encode a drawing.`;
      if (output?.length) {
        const mean = [output[0], output[1]];
        const logVar = isVariational() ? [output[2], output[3]] : null;
        state.posterior = { mean, logVar };
        moveTo(mean);
      }
    }
    shade();
    refresh();
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
      logs[i] = bernoulliLogLikelihood(x, now.decode(z)) - (z[0] ** 2 + z[1] ** 2) / 2;
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
    const { mean, logVar } = state.posterior;
    const x = padPixels();
    if (view) {
      const coarse = gridPoints(snapshot().home, COARSE_CELLS);
      const found = await logJoint(coarse, x, run);
      if (!found) return;
      const mode = coarse[found.indexOf(Math.max(...found))];
      const distance = Math.max(...mode.map((value, k) => Math.abs(value - mean[k])));
      const spread = Math.exp(Math.max(...logVar) / 2);
      const centre = mean.map((value, k) => (value + mode[k]) / 2);
      view = { centre, half: Math.max(6 * spread, distance / 2 + 0.4) };
    }
    const seen = view ?? snapshot().home;
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
  const strip = make("canvas", { class: "le-strip", width: STRIP * SIDE, height: SIDE, role: "img", hidden: "" });
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
    const large = make("canvas", { width: 10 * SIDE, height: 10 * SIDE });
    const context = large.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(picture, 0, 0, large.width, large.height);
    const z = model.get("z").map((value) => value.toFixed(2));
    const link = make("a", { href: large.toDataURL("image/png"), download: `${snapshot().model}-epoch-${snapshot().epoch}-z-${z.join("-")}.png` });
    link.click();
  });
  const code = make("textarea", { class: "le-code", readonly: "", rows: 6, "aria-label": "Python that decodes this point", hidden: "" });
  const python = () => {
    const now = snapshot();
    const z = model.get("z").map((value) => String(Number(value.toFixed(4))));
    return [
      "import jax, numpy as np",
      "from vae_core import load_pretrained",
      "",
      `model = load_pretrained("${now.model}", epoch=${now.epoch})`,
      `z = np.array([[${z.join(", ")}]], dtype="float32")`,
      "image = jax.nn.sigmoid(model.decoder(z))[0, :, :, 0]",
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

  const figure = (caption, ...parts) => make("div", { class: "le-figure" }, caption, ...parts);
  const root = make(
    "div",
    { class: "latent-explorer", role: "group", "aria-label": "Latent explorer" },
    top,
    make(
      "div",
      { class: "le-main" },
      make(
        "div",
        { class: "le-left" },
        plane,
        make("div", { class: "le-row" }, ...coordinates, zoom),
        make("div", { class: "le-row" }, toMean, sample, truth),
        say,
      ),
      make(
        "div",
        { class: "le-right" },
        figure(make("span", {}, "Decoded"), picture, facts),
        figure(padCaption, padCanvas, make("div", { class: "le-row" }, chooser, clear)),
      ),
    ),
    make("div", { class: "le-row" }, pin, unpin, png, ...(model.get("_reproducible") ? [copy] : [])),
    between,
    strip,
    code,
    live,
  );
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
    const shown = view ?? now.home;
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
    paint(picture, Float64Array.from(now.decode(z), sigmoid));
    paint(padCanvas, drawn ? pad : hasPicture() ? padPixels() : new Float64Array(SIDE * SIDE));

    const radius = Math.hypot(...z);
    facts.textContent = `r = ${round(radius)}; ${round(100 * priorMass(radius), 1)} % of the prior lies nearer the origin`;
    if (state.posterior?.logVar) {
      const { mean, logVar } = state.posterior;
      facts.textContent += `. KL(q \u2225 prior) = ${round(klToPrior(mean, logVar), 1)} nats`;
    }
    const where = `z = ${pair(z)}`;
    picture.setAttribute("aria-label", `Image decoded by the ${names[now.model][0]} after epoch ${now.epoch} at ${where}`);
    padCanvas.setAttribute(
      "aria-label",
      drawn ? "Your drawing" : hasPicture() ? `Test image, a ${digitLabels[model.get("digit")]}` : "Empty square to draw a digit in",
    );
    padCaption.textContent = state.posterior
      ? `Encoder: ${names[now.model][0]}, epoch ${now.epoch}`
      : now.hasEncoder
        ? "Draw a digit, or pick one"
        : `Pick a digit; drawings need the encoder of epoch ${epochs.at(-1)}`;
    inputs.forEach((input, k) => {
      const typing = document.activeElement === input && (input.value === "" || Number(input.value) === z[k]);
      if (!typing) input.value = z[k].toFixed(2);
    });
    radios.forEach((label) => (label.firstChild.checked = label.firstChild.value === now.model));
    scrubber.value = epochs.indexOf(now.epoch);
    scrubber.setAttribute("aria-valuetext", `epoch ${now.epoch}`);
    epochShown.textContent = now.epoch;
    chooser.value = drawn || model.get("digit") === null ? "" : String(model.get("digit"));
    zoom.textContent = view ? "Whole plane" : "Close-up";
    truth.setAttribute("aria-pressed", String(wantsShading));
    for (const one of [sample, truth]) one.disabled = !state.posterior?.logVar;
    toMean.disabled = !state.posterior;
    clear.disabled = !hasPicture();
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
      paint(strip, Float64Array.from(now.decode([0, 1].map((k) => (1 - share) * from[k] + share * to[k])), sigmoid), i);
    }
    strip.setAttribute("aria-label", `${STRIP} images decoded along the line from ${first.name} ${pair(from)} to ${last.name} ${pair(to)}`);
  }

  // Pointer and keys on the plane.
  const follow = (event) => {
    const box = plane.getBoundingClientRect();
    const shown = view ?? snapshot().home;
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
    const step = ((view ?? snapshot().home).half / 4) * (event.shiftKey ? 0.5 : 0.05);
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
  const onDigit = () => {
    if (model.get("digit") !== null) {
      drawn = false;
      pad.fill(0);
      encode();
    }
  };
  const onSnapshot = () => {
    view = null;
    if (hasPicture()) encode();
    else refresh();
  };
  const listeners = { "change:z": refresh, "change:digit": onDigit, "change:model_name": onSnapshot, "change:epoch": onSnapshot };
  for (const [name, listener] of Object.entries(listeners)) model.on(name, listener);
  const theme = new MutationObserver(refresh);
  for (const element of [document.documentElement, document.body])
    theme.observe(element, { attributes: true, attributeFilter: ["data-theme", "data-jp-theme-light", "class"] });
  const size = new ResizeObserver(refresh);
  size.observe(plane);
  if (hasPicture()) encode();
  else refresh();

  return () => {
    shadingRun++;
    theme.disconnect();
    size.disconnect();
    cancelAnimationFrame(frame);
    for (const [name, listener] of Object.entries(listeners)) model.off(name, listener);
  };
}

export default { initialize, render };
