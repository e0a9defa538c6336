// What is seen of a run: the codes, what is decoded around them, the two terms of the loss, and images rebuilt.

import { drawCloud, makeCloud } from "./cloud.js";
import { drawCurve, rangeOf } from "./curve.js";
import { toggle } from "./dials.js";
import { make, setText, written } from "./elements.js";
import { fitted, paint } from "./pad.js";

const TILE = [28, 28, 1];
const PIXELS = 784;
// The book's colours of the prior and of the two terms.
const PRIOR_COLOR = "#009E73";
const TERMS = [
  { key: "reconstruction", name: "Reconstruction loss", color: "#D55E00", least: 20, fromZero: false },
  { key: "kl", name: "KL term", color: "#8B63C9", least: 4, fromZero: true },
];

const WORDS = {
  2: [
    "Codes of held-out images. The green circles hold 50 % and 95 % of the prior.",
    "What the decoder draws at each place of the plane, or of the square in it.",
  ],
  1: [
    "Codes of held-out images on the line, a row a digit. 50 % and 95 % of the prior lie between the green lines.",
    "What the decoder draws along the line, from left to right and row by row.",
  ],
};

const short = (value) => (Number.isFinite(value) ? written(value, 1) : "");

/** The loss of held-out images as the sum of its terms. */
function sumOf({ reconstruction, kl }, beta) {
  if (!reconstruction.length) return "";
  const [first, second] = [reconstruction.at(-1), kl.at(-1)];
  return `Loss of held-out images: ${short(first)} + ${beta} \u00d7 ${short(second)} = ${short(first + beta * second)} nats an image`;
}

/** Paint images side by side, `columns` in a row. */
function paintTiles(canvas, images, columns) {
  const rows = Math.ceil(images.length / PIXELS / columns);
  const size = [28 * columns, 28 * rows];
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  for (let i = 0; i * PIXELS < images.length; i++)
    paint(canvas, images.subarray(i * PIXELS, (i + 1) * PIXELS), TILE, i % columns, Math.floor(i / columns));
}

/**
 * The views of a playground. `stage` lies over the plane until there is a report; `onLook()` is called when a hand has
 * changed what is to be drawn.
 */
export function makeViews({ colors, stage, onLook }) {
  const cloud = makeCloud();
  const ellipses = toggle({ name: "Ellipses of q(z|x)", onInput: onLook });
  ellipses.element.title = "Of every image: two standard deviations";
  const canvas = (name) => make("canvas", { class: `pg-${name}`, role: "img", "aria-label": "Empty until the training begins." });
  const [plane, grid, rebuilt] = ["plane", "grid", "rebuilt"].map(canvas);
  const planeWords = make("span");
  const gridWords = make("span");
  const figure = (name, ...parts) => make("figure", { class: `pg-figure-${name}` }, ...parts);
  const caption = (...parts) => make("figcaption", {}, ...parts);
  const panels = TERMS.map((term) => {
    const swatch = make("span", { class: "pg-swatch", "aria-hidden": "true" });
    swatch.style.background = term.color;
    const [number, curve] = [make("span", { class: "pg-number" }), canvas("curve")];
    return { ...term, number, curve, element: figure(term.key, caption(swatch, make("strong", {}, term.name), " ", number), curve) };
  });
  const sum = make("p", { class: "pg-sum" });
  const element = make(
    "div",
    { class: "pg-views" },
    figure("plane", make("div", { class: "pg-stage" }, plane, stage), caption(planeWords, " ", ellipses.element)),
    figure("grid", grid, caption(gridWords)),
    ...panels.map((panel) => panel.element),
    sum,
    figure("rebuilt", rebuilt, caption("Held-out images, and what is rebuilt from their codes.")),
  );
  let shownReport = null;

  function describe({ latent_dim: dimensions }) {
    const [plane, grid] = WORDS[dimensions];
    setText(planeWords, plane);
    setText(gridWords, grid);
  }
  function paintOnce(report) {
    if (report === shownReport) return;
    shownReport = report;
    paintTiles(grid, report.grid.images, report.grid.side);
    const { originals, reconstructions, count } = report.pictures;
    const both = new Float32Array(originals.length + reconstructions.length);
    both.set(originals);
    both.set(reconstructions, originals.length);
    paintTiles(rebuilt, both, count);
    const at = `after step ${report.step}`;
    plane.setAttribute("aria-label", `Codes of ${report.codes.labels.length} held-out images, coloured by digit, ${at}`);
    grid.setAttribute("aria-label", `Images decoded from ${report.grid.side ** 2} codes, ${at}`);
    rebuilt.setAttribute("aria-label", `${count} held-out images, and below them what is rebuilt from their codes, ${at}`);
  }

  function paintPanel({ key, name, color, least, fromZero, number, curve }, report, settings, marks, ink, ground) {
    const { step, train, heldOut } = report.history;
    const { context, width, height } = fitted(curve);
    const range = rangeOf(step, [train[key], heldOut[key]], { least, fromZero });
    const outside = key === "kl" && settings.beta === 0;
    const series = { steps: step, train: train[key], heldOut: heldOut[key] };
    drawCurve(context, { width, height }, { ...series, range, color, dashed: outside, marks, ink, ground });
    const [held, trained] = [heldOut[key], train[key]].map((values) => short(values.at(-1)));
    setText(number, held && `${held} (training: ${trained})${outside ? ", not in the loss" : ""}`);
    curve.setAttribute("aria-label", `${name} along ${report.step} steps: ${number.textContent || "nothing yet"}`);
  }

  return {
    element,
    /** Take a report; `atOnce` to show its codes without gliding to them. */
    take: (report, { latent_dim }, atOnce) => cloud.aim(report.codes, latent_dim, atOnce),
    /** Draw everything, `elapsed` milliseconds after the last time; whether the codes are still on their way. */
    paint({ report, settings, marks, elapsed, ink, ground }) {
      const moving = cloud.move(elapsed);
      const { context, width } = fitted(plane);
      const look = { size: width, colors, spread: ellipses.isOn(), prior: PRIOR_COLOR, ink, ground };
      const codes = cloud.now();
      if (codes) drawCloud(context, codes, look);
      describe(settings);
      if (report) {
        paintOnce(report);
        for (const panel of panels) paintPanel(panel, report, settings, marks, ink, ground);
        setText(sum, sumOf(report.history.heldOut, settings.beta));
      }
      return moving;
    },
  };
}
