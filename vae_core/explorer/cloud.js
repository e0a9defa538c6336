// Codes that move: a plane, or a line, that glides from one report of the training to the next.

import { write } from "./marks.js";
import { makeView } from "./plane.js";
import { median } from "./mathematics.js";

// Half sides of the window, few, so that it rarely changes. The smallest is that of the grid: 12 tiles with middles from -3 to 3.
const HALVES = [36 / 11, 5, 7, 10, 14, 20, 28, 40, 56, 80];
const HELD = 0.98; // share of the codes that the window holds
const GLIDE = 90; // milliseconds in which about two thirds of a way are gone
const NAME_FONT = "bold 16px system-ui, sans-serif";
const NOTE_FONT = "12px system-ui, sans-serif";
// Of a standard normal: in the plane, radii of the circles that hold 50 % and 95 % of it; on the line, half widths.
const PRIOR_SHARES = ["50 %", "95 %"];
const PRIOR_RADII = [[0.674, 1.96], [1.177, 2.448]];

/** Half the side of the window about 0 that holds the prior and nearly all codes. */
export function halfFor(mean) {
  const far = Float64Array.from(mean, (value) => (Number.isFinite(value) ? Math.abs(value) : 0)).sort();
  const edge = 1.1 * (far[Math.floor(HELD * (far.length - 1))] ?? 0);
  return HALVES.find((half) => half >= edge) ?? 2 ** Math.ceil(Math.log2(edge));
}

/** `from` brought nearer to `to`, in place, by the share that `elapsed` milliseconds bring; whether there is more to go. */
export function glide(from, to, elapsed) {
  const share = 1 - Math.exp(-elapsed / GLIDE);
  let left = 0;
  for (let i = 0; i < to.length; i++) {
    const gap = to[i] - from[i];
    const near = !(Math.abs(gap) > 0.002); // a NaN is taken as it is
    from[i] = near ? to[i] : from[i] + share * gap;
    if (!near) left++;
  }
  return left > 0;
}

/** Where the codes are on the canvas: in the plane they are their own place, on the line each class has its row. */
export function places(mean, labels, dimensions, half) {
  if (dimensions === 2) return mean;
  const classes = 1 + labels.reduce((most, label) => Math.max(most, label), 0);
  const spot = new Float32Array(2 * labels.length);
  labels.forEach((label, i) => {
    const jitter = ((i * 0.618034) % 1) - 0.5;
    spot.set([mean[i], half * (0.9 - (1.8 * (label + 0.5 + 0.6 * jitter)) / classes)], 2 * i);
  });
  return spot;
}

/** Codes on the way to those of the last report. */
export function makeCloud() {
  const shown = { mean: new Float32Array(0), logVar: new Float32Array(0), window: Float32Array.of(HALVES[0]) };
  let target = null;
  return {
    /** Where to go; `atOnce` for a new run, another number of images, or readers who want no motion. */
    aim(codes, dimensions, atOnce) {
      const window = Float32Array.of(halfFor(codes.mean));
      target = { ...codes, dimensions, window };
      if (!atOnce && shown.mean.length === codes.mean.length) return;
      for (const name of ["mean", "logVar", "window"]) shown[name] = Float32Array.from(target[name]);
    },
    /** Go on for some milliseconds; whether there is more to go. */
    move: (elapsed) =>
      target !== null && ["mean", "logVar", "window"].map((name) => glide(shown[name], target[name], elapsed)).some(Boolean),
    /** What can be drawn now, or null. */
    now: () => target && { ...target, ...shown, half: shown.window[0] },
  };
}

function drawPriorShares(context, view, dimensions, color, ground) {
  context.font = NOTE_FONT;
  PRIOR_RADII[dimensions - 1].forEach((radius, i) => {
    context.strokeStyle = color;
    context.lineWidth = 1.5;
    const [x, y] = view.toPixels([0, 0]);
    const reach = radius * view.scale;
    context.setLineDash([5, 4]);
    context.beginPath();
    if (dimensions === 2) context.arc(x, y, reach, 0, 2 * Math.PI);
    else for (const at of [x - reach, x + reach]) (context.moveTo(at, 0), context.lineTo(at, view.size));
    context.stroke();
    context.setLineDash([]);
    if (reach < 22 + 22 * i) return; // no room for words
    const at = dimensions === 2 ? [x, y + reach] : [x + reach, view.size - 10];
    write(context, PRIOR_SHARES[i], ...at, color, ground);
  });
}

/** The square of the plane that the tiles of the grid cover; they fill the smallest window. */
function drawFrame(context, view, ink) {
  const [x, y] = view.toPixels([-HALVES[0], HALVES[0]]);
  context.strokeStyle = ink;
  context.globalAlpha = 0.6;
  context.lineWidth = 1;
  context.strokeRect(x, y, 2 * HALVES[0] * view.scale, 2 * HALVES[0] * view.scale);
  context.globalAlpha = 1;
}

/**
 * Draw codes over the prior.
 * @param {{mean: Float32Array, logVar: Float32Array, labels: ArrayLike<number>, dimensions: number, half: number}} codes
 * @param {{size: number, colors: string[], spread: boolean, prior: string, ink: string, ground: string}} look `spread`: whether to draw two standard deviations of every q(z|x)
 */
export function drawCloud(context, { mean, logVar, labels, dimensions, half }, look) {
  const view = makeView([0, 0], half, look.size);
  const spots = places(mean, labels, dimensions, half);
  const pixels = Array.from(labels, (_, i) => view.toPixels([spots[2 * i], spots[2 * i + 1]]));
  context.clearRect(0, 0, look.size, look.size);
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  if (dimensions === 2 && half > 1.01 * HALVES[0]) drawFrame(context, view, look.ink);
  pixels.forEach(([x, y], i) => {
    context.fillStyle = context.strokeStyle = look.colors[labels[i]];
    if (look.spread) {
      const radius = (k) => Math.min(2 * Math.exp(logVar[dimensions * i + k] / 2) * view.scale, 4 * look.size) || 0;
      context.globalAlpha = 0.5;
      context.lineWidth = 1;
      context.beginPath();
      context.ellipse(x, y, radius(0), dimensions === 2 ? radius(1) : 0, 0, 0, 2 * Math.PI);
      context.stroke();
    }
    context.globalAlpha = 0.85;
    context.beginPath();
    context.arc(x, y, 2.4, 0, 2 * Math.PI);
    context.fill();
  });
  context.globalAlpha = 1;
  drawPriorShares(context, view, dimensions, look.prior, look.ground);
  context.font = NAME_FONT;
  for (const label of new Set(labels)) {
    const own = pixels.filter((_, i) => labels[i] === label);
    const middle = [0, 1].map((k) => median(own.map((pixel) => pixel[k])));
    if (dimensions === 1) middle[0] = 14;
    write(context, String(label), ...middle, look.ink, look.ground);
  }
}
