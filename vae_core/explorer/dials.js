// Controls with their names. Each is { element, show(value) } and tells when a hand has changed it.

import { make } from "./elements.js";
import { nearestStop } from "./recipes.js";

/** A slider over a list of numbers; `marks` are those written below it. */
export function stopSlider({ name, stops, marks, onInput }) {
  const input = make("input", { type: "range", min: 0, max: stops.length - 1, step: 1 });
  const shown = make("span", { class: "pg-value" }); // an output would take the label for itself
  const scale = make("span", { class: "pg-marks", "aria-hidden": "true" });
  for (const mark of marks) {
    const at = make("span", {}, String(mark));
    at.style.setProperty("--at", stops.indexOf(mark) / (stops.length - 1));
    scale.append(at);
  }
  input.addEventListener("input", () => onInput(stops[Number(input.value)]));
  return {
    element: make("label", { class: "pg-slider" }, make("span", {}, name, " ", shown), input, scale),
    show(value) {
      input.value = nearestStop(stops, value);
      input.setAttribute("aria-valuetext", value);
      shown.textContent = value;
    },
  };
}

/** A switch that is on or off. */
export function toggle({ name, onInput }) {
  const input = make("input", { type: "checkbox", role: "switch" });
  input.addEventListener("change", () => onInput(input.checked));
  return {
    element: make("label", { class: "pg-toggle" }, input, name),
    show: (value) => (input.checked = value),
    isOn: () => input.checked,
  };
}

/** One of several values, each with a text. */
export function choice({ name, options, onInput }) {
  const select = make("select", {}, ...options.map(([value, text]) => make("option", { value }, text)));
  select.addEventListener("change", () => onInput(options[select.selectedIndex][0]));
  return {
    element: make("label", { class: "pg-choice" }, make("span", {}, name), select),
    show: (value) => (select.value = value),
  };
}

/** A whole number from 0 to `most`; what is no such number is not told. */
export function wholeNumber({ name, most, onInput }) {
  const input = make("input", { type: "number", min: 0, max: most, step: 1 });
  input.addEventListener("change", () => {
    const value = Number(input.value);
    if (input.value !== "" && Number.isInteger(value) && value >= 0 && value <= most) onInput(value);
    else input.value = input.dataset.valid;
  });
  return {
    element: make("label", { class: "pg-choice" }, make("span", {}, name), input),
    show: (value) => (input.value = input.dataset.valid = String(value)),
  };
}

/** Any of several values, at least one. Each has a colour. */
export function several({ name, values, colors, onInput }) {
  const boxes = values.map((value, i) => {
    const box = make("input", { type: "checkbox", value });
    box.addEventListener("change", () => {
      const chosen = values.filter((_, k) => boxes[k].checked);
      if (chosen.length) onInput(chosen);
      else box.checked = true;
    });
    box.style.accentColor = colors[i];
    return box;
  });
  const labels = boxes.map((box, i) => make("label", {}, box, String(values[i])));
  return {
    element: make("fieldset", { class: "pg-several" }, make("legend", {}, name), ...labels),
    show: (chosen) => boxes.forEach((box, i) => (box.checked = chosen.includes(values[i]))),
  };
}
