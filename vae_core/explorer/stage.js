// A drawing in which one drags handles from left to right: an SVG as wide as its place, whose text keeps its size.

import { button, keepKeys, make } from "./elements.js";

const NAMESPACE = "http://www.w3.org/2000/svg";
const REACH = 30; // pixels from a handle within which a press takes it
const MARGIN = 16; // pixels at the ends of an axis, for half a label

/** An element of an SVG with attributes, text and children. */
export function shape(tag, attributes, ...children) {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const words = (text, x, y, className = "", anchor = "middle") =>
  shape("text", { x, y, class: className, "text-anchor": anchor }, text);

export const line = (x1, y1, x2, y2, className) => shape("line", { x1, y1, x2, y2, class: className });

/** A horizontal arrow from a point, as long as its number says, either way; none below two pixels. */
export function arrow(x, y, length, className) {
  const head = Math.sign(length) * Math.min(5, Math.abs(length));
  const tip = x + length;
  return shape("path", {
    class: className,
    d: Math.abs(length) < 2 ? "" : `M${x} ${y}H${tip}M${tip - head} ${y - 3.5}L${tip} ${y}L${tip - head} ${y + 3.5}`,
  });
}

/** A curve through points; `base` closes it down to a height of the drawing, as an area. */
export function curve(points, className, base = null) {
  const path = points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
  const close = base === null ? "" : `L${points.at(-1)[0]} ${base}L${points[0][0]} ${base}Z`;
  return shape("path", { class: className, d: path && `M${path}${close}` });
}

const straight = { to: (value) => value, from: (position) => position };

/** An axis from left to right over `width` pixels: `to` pixels, and `from` them. `scale` bends it. */
export function makeAxis([low, high], width, scale = straight) {
  const [start, end] = [scale.to(low), scale.to(high)];
  const unit = (width - 2 * MARGIN) / (end - start);
  return {
    to: (value) => MARGIN + (scale.to(value) - start) * unit,
    from: (x) => scale.from(start + (x - MARGIN) / unit),
    /** Its values at evenly spread pixels. */
    values: (count) => Array.from({ length: count }, (_, i) => scale.from(start + ((end - start) * i) / (count - 1))),
    unit,
  };
}

/** The line of an axis at a height, with its values below it and its name at the right end. */
export function drawAxis(axis, [low, high], y, ticks, name, format = String) {
  return [
    line(axis.to(low), y, axis.to(high), y, "vc-axis"),
    ...ticks.flatMap((tick) => [
      line(axis.to(tick), y, axis.to(tick), y + 4, "vc-axis"),
      words(format(tick), axis.to(tick), y + 17, "vc-muted"),
    ]),
    words(name, axis.to(high), y - 6, "vc-muted", "end"),
  ];
}

/** A name and a number, written in a place of its own. */
const fact = ([name, text, className = ""]) =>
  make("span", { class: `vc-fact ${className}` }, `${name} `, make("b", {}, text));

/**
 * Draw a stage; returns the function that takes it away.
 *
 * `draw(width)` returns what is to be seen: `shapes`, `facts` (lists of name, text and class) and `handles`, one for each
 * of `handles`, in their order: its place `x`, `y` and `read`, the value of its trait for a place x. The traits of the
 * handles, and those of `also`, are all that it may depend on besides. A handle has a `trait`, a `name`, a `step`,
 * `says`, the words for a value, and a `scale` if its steps are not all equal.
 *
 * A walk lowers something, `what`, by a `step`, which changes traits and returns whether it did. It is taken once a
 * frame of the screen, or until the end at once for readers who asked their system for reduced motion. An action has a
 * name and is done at once.
 */
export function makeStage({ model, el, name, height, handles, also = [], draw, walks = [], actions = [] }) {
  const scenery = shape("g", { "aria-hidden": "true" });
  const knobs = handles.map(({ className, name }) =>
    shape(
      "g",
      { class: `vc-handle ${className}`, role: "slider", tabindex: 0, "aria-label": name },
      shape("circle", { r: 13, class: "vc-halo" }),
      shape("circle", { r: 8, class: "vc-knob" }),
    ),
  );
  const svg = shape("svg", { height }, scenery, ...knobs);
  const facts = make("p", { class: "vc-facts" });
  const note = make("p", { class: "vc-note", role: "status" });
  const root = make("div", { class: "vae-canvas", role: "group", "aria-label": name }, svg, facts);
  const limits = model.get("_limits");
  const motion = window.matchMedia("(prefers-reduced-motion: reduce)");
  let [seen, frame, held] = [null, 0, null];

  const put = ({ trait, step, scale = straight }, value) => {
    const [low, high] = limits[trait];
    const position = Math.round(scale.to(value) / step) * step;
    const rounded = Number(scale.from(position).toPrecision(10));
    model.set(trait, Math.min(high, Math.max(low, rounded)));
    model.save_changes();
  };
  const show = () => {
    const width = root.clientWidth;
    if (!width) return; // not on a page yet
    seen = draw(width);
    svg.setAttribute("width", width);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    scenery.replaceChildren(...seen.shapes);
    facts.replaceChildren(...seen.facts.map(fact));
    const consequences = seen.facts.map(([name, text]) => `${name} ${text}`).join(", ");
    handles.forEach(({ trait, says }, i) => {
      knobs[i].setAttribute("transform", `translate(${seen.handles[i].x} ${seen.handles[i].y})`);
      const value = model.get(trait);
      const [low, high] = limits[trait];
      const said = { min: low, max: high, now: value, text: `${says(value)}; ${consequences}` };
      for (const [part, text] of Object.entries(said)) knobs[i].setAttribute(`aria-value${part}`, text);
    });
  };
  const stop = () => {
    cancelAnimationFrame(frame);
    note.textContent = "";
  };
  const walk = ({ what, step }) => {
    stop();
    let steps = 0;
    const onward = () => {
      if (!root.isConnected) return;
      let moved = step();
      while (moved && motion.matches && steps++ < 2000) moved = step();
      if (!moved) return void (note.textContent = `Arrived: no step lowers ${what}.`);
      frame = requestAnimationFrame(onward);
    };
    onward();
  };

  knobs.forEach((knob, i) => {
    knob.addEventListener("keydown", (event) => {
      const { trait, step, scale = straight } = handles[i];
      const moves = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
      const ends = { Home: limits[trait][0], End: limits[trait][1] };
      if (!(event.key in moves) && !(event.key in ends)) return;
      stop();
      const place = scale.to(model.get(trait)) + step * (moves[event.key] ?? 0);
      put(handles[i], ends[event.key] ?? scale.from(place));
      event.preventDefault();
    });
  });
  const position = (event) => {
    const box = svg.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  svg.addEventListener("pointerdown", (event) => {
    if (held || event.button !== 0) return; // another finger, or a button that opens a menu
    const [x, y] = position(event);
    const away = seen.handles.map((handle) => Math.hypot(handle.x - x, handle.y - y));
    const nearest = away.indexOf(Math.min(...away));
    if (away[nearest] > REACH) return;
    stop();
    held = { pointer: event.pointerId, index: nearest, offset: seen.handles[nearest].x - x };
    svg.setPointerCapture(event.pointerId);
    knobs[nearest].focus({ preventScroll: true });
    event.preventDefault();
  });
  svg.addEventListener("pointermove", (event) => {
    if (held?.pointer !== event.pointerId) return;
    put(handles[held.index], seen.handles[held.index].read(position(event)[0] + held.offset));
  });
  svg.addEventListener("lostpointercapture", () => (held = null)); // however the drag ended

  const buttons = walks.map((each) => button(`Lower ${each.what}`, () => walk(each)));
  buttons.push(...actions.map((each) => button(each.name, each.action)));
  if (buttons.length) root.append(make("div", { class: "vc-row" }, ...buttons));
  if (walks.length) root.append(note);
  el.append(root);
  keepKeys(root);
  const traits = [...new Set([...handles.map(({ trait }) => trait), ...also])];
  for (const trait of traits) model.on(`change:${trait}`, show);
  const watch = new ResizeObserver(show);
  watch.observe(root);
  show();

  return () => {
    stop();
    watch.disconnect();
    for (const trait of traits) model.off(`change:${trait}`, show);
  };
}
