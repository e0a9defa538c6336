// The picture that is encoded: drawn on a pad, or taken from the images of the model.

import { button, make, measured, setText } from "./elements.js";
import { letDraw, paint, paintStrokes } from "./pad.js";
import { sourceCaption, sourceLabel } from "./words.js";

/** One small picture a choice, as radio buttons: one stop of the tab key, and the arrow keys go from one to the next. */
function makeChoices(store) {
  const { pictureNames, picked, shape, noun } = store.content;
  const group = `picture-${Math.random().toString(36).slice(2)}`;
  const inputs = pictureNames.map((name, index) => {
    const input = make("input", { type: "radio", name: group, "aria-label": name });
    input.addEventListener("click", () => store.pick(index));
    return input;
  });
  const labels = inputs.map((input, index) => {
    const thumb = make("canvas", { width: shape[1], height: shape[0], "aria-hidden": "true" });
    paint(thumb, picked(index), shape);
    return make("label", { class: "le-thumb", title: pictureNames[index] }, input, thumb);
  });
  const element = make("div", { class: "le-thumbs", role: "radiogroup", "aria-label": `Pick a ${noun}` }, ...labels);
  return { inputs, parts: labels.length ? [element] : [] };
}

/** The pad over what the model sees, with its caption and its buttons. */
function makeSheet(store) {
  const { canDraw, shape: [height, width] } = store.content;
  const sheet = make("div", { class: "le-sheet" });
  const seen = make("canvas", { class: "le-picture le-seen", width, height, role: "img" });
  const pad = make("canvas", { class: "le-pad", role: "img" });
  sheet.append(seen, ...(canDraw ? [pad] : []));
  letDraw(pad, store.content.shape, {
    begin: (point) => store.beginStroke(point),
    extend: (points) => store.extendStroke(points),
  });
  return { sheet, seen, pad };
}

/** Pad and choices, of a model that can encode anything here. */
export function makeSourceView(store) {
  const { canDraw, pictureNames, preparation, shape } = store.content;
  if (!canDraw && !pictureNames.length) return { pad: [], choices: [], paint() {} };
  const { sheet, seen, pad } = makeSheet(store);
  const { inputs, parts } = makeChoices(store);
  const caption = make("span");
  const undo = button("Undo", () => store.undo());
  const clear = button("Clear", () => store.clear());
  const buttons = make("div", { class: "le-row" }, ...(canDraw ? [undo] : []), clear);
  let painted = [];
  const width = measured(sheet);
  const paintSheet = (look) => {
    const state = [store.x, store.strokes.length, width(look.width), window.devicePixelRatio];
    if (state.every((value, i) => value === painted[i])) return;
    painted = state;
    paint(seen, store.x ?? store.content.blank, shape);
    sheet.classList.toggle("le-drawn", store.strokes.length > 0);
    if (canDraw) paintStrokes(pad, store.strokes, shape, preparation);
  };
  return {
    pad: [make("div", { class: "le-figure le-source" }, caption, sheet, buttons)],
    choices: parts,
    paint(look) {
      const { strokes, x, picked } = store;
      paintSheet(look);
      setText(caption, sourceCaption(store));
      pad.setAttribute("aria-label", strokes.length ? "Your drawing" : sourceLabel(store));
      seen.setAttribute("aria-label", strokes.length ? "Your drawing as the model sees it" : sourceLabel(store));
      inputs.forEach((input, index) => (input.checked = index === picked));
      clear.disabled = !x;
      undo.disabled = !strokes.length;
    },
  };
}
