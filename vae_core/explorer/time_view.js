// Which model is shown, and after which epoch of its training.

import { button, make, setText } from "./elements.js";

/** The controls, those that there is a choice for. */
export function makeTimeView(store) {
  const { models, epochs, called } = store.content;
  const group = `model-${Math.random().toString(36).slice(2)}`;
  const radios = models.map((name) => {
    const input = make("input", { type: "radio", name: group, value: name });
    input.addEventListener("change", () => store.chooseModel(name));
    return make("label", {}, input, ` ${called[name][0]}`);
  });
  const scrubber = make("input", { type: "range", min: 0, max: epochs.length - 1, step: 1, "aria-label": "Epoch of training" });
  scrubber.addEventListener("input", () => store.chooseEpoch(epochs[Number(scrubber.value)]));
  const shown = make("span", { class: "le-epoch", "aria-hidden": "true" });
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const play = button("Play", () => (still.matches ? store.nextEpoch() : store.play()));
  const row = make("div", { class: "le-row" });
  if (models.length > 1) row.append(make("fieldset", { class: "le-row" }, make("legend", {}, "Model"), ...radios));
  if (epochs.length > 1)
    row.append(make("div", { class: "le-row le-grow" }, play, make("label", { class: "le-row le-grow" }, "Epoch", scrubber, shown)));
  return {
    parts: row.children.length ? [row] : [],
    paint() {
      const { model, epoch } = store.snapshot;
      for (const { firstChild: radio } of radios) radio.checked = radio.value === model;
      scrubber.value = epochs.indexOf(epoch);
      scrubber.setAttribute("aria-valuetext", `epoch ${epoch}`);
      setText(shown, String(epoch));
      setText(play, still.matches ? "Next epoch" : store.isPlaying ? "Pause" : "Play");
      play.setAttribute("aria-label", still.matches ? "Next epoch" : `${play.textContent} the training`);
    },
  };
}
