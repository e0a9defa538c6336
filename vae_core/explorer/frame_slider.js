// The front end of vae_core.explorer.FrameSlider, an anywidget module: no imports, nothing fetched.

const REDUCED_MOTION = "(prefers-reduced-motion: reduce)";

/** Make an element with properties and attributes. Text only: nothing here parses HTML. */
function make(tag, className, attributes = {}) {
  const element = document.createElement(tag);
  element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Return an address for each frame. */
async function unpack(model) {
  const stream = new Blob([model.get("_packed")]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = await new Response(stream).arrayBuffer();
  const type = model.get("_media_type");
  let end = 0;
  return model.get("_lengths").map((length) => URL.createObjectURL(new Blob([bytes.slice(end, (end += length))], { type })));
}

/** Tell an image the theme where the page does not: light words mean a dark ground. */
function tellTheme(image) {
  image.style.colorScheme = "";
  const { color, colorScheme } = getComputedStyle(image);
  if (colorScheme !== "normal") return;
  const [red, green, blue] = color.match(/[\d.]+/g).map(Number);
  image.style.colorScheme = 0.299 * red + 0.587 * green + 0.114 * blue > 128 ? "dark" : "light";
}

/** Keep `value` beside `index`, and the reverse, where no kernel does it. Runs once a model. */
function initialize({ model }) {
  model.on("change:index", () => model.set("value", model.get("values")[model.get("index")]));
  model.on("change:value", () => {
    const index = model.get("values").indexOf(model.get("value"));
    if (index >= 0) model.set("index", index);
  });
}

/** Draw one view of the slider; returns the function that takes it away. */
async function render({ model, el }) {
  const addresses = await unpack(model);
  const [alts, texts, label] = [model.get("alts"), model.get("_texts"), model.get("label")];
  const [width, height] = model.get("_size");
  const last = texts.length - 1;

  const root = make("div", "frame-slider", { role: "group", "aria-label": label });
  const image = make("img", "frame-slider-image", width ? { width, height } : {});
  const controls = make("div", "frame-slider-controls");
  const button = make("button", "frame-slider-button", { type: "button" });
  const field = make("label", "frame-slider-field");
  const name = make("span", "frame-slider-label");
  const input = make("input", "frame-slider-input", { type: "range", min: 0, max: last, step: 1 });
  const track = make("span", "frame-slider-track");
  const ends = make("span", "frame-slider-ends", { "aria-hidden": "true" });
  const ticks = make("datalist", "", { id: `frame-slider-${Math.random().toString(36).slice(2)}` });
  const shown = make("span", "frame-slider-value", { "aria-hidden": "true" });
  name.textContent = label;
  // The widest value reserves its room, so that the slider keeps its length.
  shown.style.minWidth = `${Math.max(...texts.map((text) => text.length))}ch`;
  ends.append(...[texts[0], texts[last]].map((text) => Object.assign(make("span", ""), { textContent: text })));
  ticks.append(...texts.map((_, value) => make("option", "", { value })));
  input.setAttribute("list", ticks.id);
  track.append(input, ticks, ends);
  field.append(name, track);
  controls.append(button, field, shown);
  root.append(image, controls);
  el.append(root);

  const motion = window.matchMedia(REDUCED_MOTION);
  let timer = 0;

  const go = (index) => {
    model.set("index", index);
    model.save_changes();
  };
  const drawButton = () => {
    const action = motion.matches ? "Next frame" : timer ? "Pause" : "Play";
    button.setAttribute("aria-label", `${action}: ${label}`);
    button.dataset.action = action;
  };
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    drawButton();
  };
  const play = () => {
    if (model.get("index") === last) go(0);
    timer = setInterval(() => {
      const next = model.get("index") + 1;
      if (!root.isConnected || next > last) return stop();
      go(next);
      if (next === last) stop();
    }, model.get("interval"));
    drawButton();
  };
  const draw = () => {
    const index = model.get("index");
    tellTheme(image);
    image.src = addresses[index];
    image.alt = alts[index];
    input.value = index;
    input.setAttribute("aria-valuetext", texts[index]);
    shown.textContent = texts[index];
  };

  button.addEventListener("click", () => {
    if (motion.matches) go((model.get("index") + 1) % (last + 1));
    else if (timer) stop();
    else play();
  });
  input.addEventListener("input", () => {
    if (timer) stop();
    go(Number(input.value));
  });
  // Without the attribute on each control, JupyterLab and Notebook would take the arrow keys for their own shortcuts.
  for (const element of [root, button, input]) element.dataset.lmSuppressShortcuts = "true";
  root.addEventListener("keydown", (event) => event.stopPropagation());
  motion.addEventListener("change", stop);
  model.on("change:index", draw);
  draw();
  drawButton();

  return () => {
    stop();
    motion.removeEventListener("change", stop);
    model.off("change:index", draw);
    addresses.forEach((address) => URL.revokeObjectURL(address));
  };
}

export default { initialize, render };
