// What happens to a picture, from left to right: encoder, cloud, sample, decoder. It is there before there is a picture.

import { button, make, measured, setText } from "./elements.js";
import { drawLens } from "./lens.js";
import { fitted, paint } from "./pad.js";
import { encodedLines, lensLabel, whereIn } from "./words.js";

const FLIGHT = 600; // milliseconds from the mean to a sample

/** How far a flight has come, from 0 to 1; fast at first. */
const eased = (share) => 1 - (1 - Math.min(1, share)) ** 3;

function makeButtons(store, onSample) {
  const sample = button("Sample again", () => {
    store.sample();
    onSample();
  });
  const toMean = button("To its mean", () => store.toMean());
  toMean.title = "Back to \u03bc, the middle of the cloud";
  return {
    parts: [sample, toMean],
    paint() {
      sample.disabled = !store.posterior?.logVar;
      toMean.disabled = !store.posterior;
    },
  };
}

function makeStages(store, buttons) {
  const { shape: [height, width] } = store.content;
  const picture = (name) => make("canvas", { class: "le-stage-picture", width, height, "aria-hidden": "true", title: name });
  const [given, made] = [picture("x"), picture("decoded")];
  const [encoded, point] = [make("p", { class: "le-numbers" }), make("p", { class: "le-numbers" })];
  const lens = make("canvas", { class: "le-lens", role: "img" });
  const [magnified, step] = [make("span"), make("span")];
  const stage = (name, title, ...parts) => make("div", { class: `le-stage le-stage-${name}` }, title, ...parts);
  const story = make(
    "div",
    { class: "le-story" },
    stage("given", make("span", {}, "image"), given),
    stage("encoded", make("span", {}, "\u2192 encoder \u2192"), encoded),
    stage("lens", magnified, lens),
    stage("point", step, point, ...buttons),
    stage("made", make("span", {}, "\u2192 decoder"), made),
  );
  return { story, given, made, encoded, point, lens, magnified, step };
}

/** The strip. `refresh` asks for another painting, while the point is on its way to a sample. */
export function makeStoryView(store, refresh) {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let since = -Infinity;
  const buttons = makeButtons(store, () => (since = still.matches ? -Infinity : performance.now()));
  const { story, given, made, encoded, point, lens, magnified, step } = makeStages(store, buttons.parts);
  const width = measured(lens);
  const { shape } = store.content;

  function paintLens(look) {
    const size = width(look.width);
    const { context } = fitted(lens, size, size);
    const flight = eased((performance.now() - since) / FLIGHT);
    drawLens(context, size, { lens: store.lens, posterior: store.posterior, exact: store.exact, z: store.z, flight }, look);
    if (flight < 1) refresh();
  }
  return {
    parts: [story],
    paint(look) {
      const { posterior } = store;
      story.classList.toggle("le-waits", !posterior);
      paint(given, store.x ?? store.content.blank, shape);
      paint(made, store.image, shape);
      setText(encoded, encodedLines(store).join("\n"));
      setText(point, whereIn(store));
      setText(magnified, store.snapshot.variational ? "cloud q(z|x)" : "code");
      setText(step, store.snapshot.variational ? "\u2192 sample \u2192" : "\u2192");
      lens.setAttribute("aria-label", lensLabel(store));
      buttons.paint();
      paintLens(look);
    },
  };
}
