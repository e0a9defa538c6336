// Drawing the latent plane on a canvas. All positions are in units of z; nothing is kept between two drawings.
// A look is { ink, ground, accent }, the colours of the page.

import { circle, drawPosterior, drawPins, drawPoint, drawTrail, strokeTwice, TEXT, write } from "./marks.js";
import { median } from "./mathematics.js";

const CLASS_NAMES = "bold 17px system-ui, sans-serif";
const NAMES_APART = 18; // pixels between the middles of two names
const DOT = 2.4; // pixels
const FAINT = 0.3; // opacity of the images behind the dots

/**
 * Codes with their classes, and the middle of each class, where its name goes. Without labels the codes have the ink's
 * colour.
 */
export function makeScatter(codes, labels, colors, names) {
  const middles = names.map((_, label) => {
    const members = [...labels.keys()].filter((i) => labels[i] === label);
    return members.length ? [0, 1].map((k) => median(members.map((i) => codes[2 * i + k]))) : null;
  });
  return { codes, labels, colors, names, middles };
}

/** The names of the classes of the codes nearest to a point, the nearest first; none without labels. */
export function nearest({ codes, labels, names }, [a, b], count) {
  if (!names.length) return [];
  const away = Array.from(labels, (_, i) => (codes[2 * i] - a) ** 2 + (codes[2 * i + 1] - b) ** 2);
  const order = [...away.keys()].sort((i, j) => away[i] - away[j]);
  return order.slice(0, count).map((i) => names[labels[i]]);
}

/** The window of the plane that a canvas shows, and the way from z to its pixels and back. */
export function makeView(centre, half, size) {
  const scale = size / (2 * half);
  return {
    centre,
    half,
    scale,
    size,
    toPixels: ([a, b]) => [(a - centre[0] + half) * scale, (centre[1] + half - b) * scale],
    toPlane: ([x, y]) => [x / scale + centre[0] - half, centre[1] + half - y / scale],
  };
}

function drawPrior(context, view, { ink, ground }) {
  context.strokeStyle = ink;
  context.globalAlpha = 0.55;
  context.lineWidth = 1;
  context.setLineDash([5, 4]);
  for (const radius of [1, 2, 3]) circle(context, view, [0, 0], [radius, radius]);
  context.setLineDash([]);
  context.globalAlpha = 1;
  context.font = TEXT;
  for (const radius of [1, 2, 3]) write(context, `r = ${radius}`, ...view.toPixels([0, -radius]), ink, ground);
}

function drawAxes(context, view, { ink }) {
  const [x, y] = view.toPixels([0, 0]);
  context.strokeStyle = ink;
  context.lineWidth = 1;
  context.globalAlpha = 0.25;
  context.beginPath();
  context.moveTo(0, y);
  context.lineTo(view.size, y);
  context.moveTo(x, 0);
  context.lineTo(x, view.size);
  context.stroke();
  context.globalAlpha = 1;
}

/**
 * Points moved apart until no two are nearer than a distance, as little as that takes. Where two have widths, the
 * distance to the side is at least that at which they stand beside each other.
 */
export function spreadOut(points, least, widths = []) {
  const moved = points.map((point) => [...point]);
  for (let round = 0; round < 30; round++)
    for (let i = 0; i < moved.length; i++)
      for (let j = 0; j < i; j++) {
        const wide = Math.max(1, ((widths[i] ?? 0) + (widths[j] ?? 0)) / 2 / least);
        const [across, down] = [(moved[i][0] - moved[j][0]) / wide || 1e-6, moved[i][1] - moved[j][1]];
        const away = Math.hypot(across, down);
        if (away >= least) continue;
        const push = (least - away) / away / 2;
        for (const [point, sign] of [[moved[i], 1], [moved[j], -1]]) {
          point[0] += sign * push * across * wide;
          point[1] += sign * push * down;
        }
      }
  return moved;
}

function drawCodes(context, view, { codes, labels, colors, names, middles }, { ink, ground }) {
  context.globalAlpha = 0.85;
  for (let i = 0; 2 * i < codes.length; i++) {
    const [x, y] = view.toPixels([codes[2 * i], codes[2 * i + 1]]);
    context.fillStyle = colors[labels[i]] ?? ink;
    context.beginPath();
    context.arc(x, y, DOT, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
  context.font = CLASS_NAMES;
  const named = [...middles.keys()].filter((label) => middles[label]);
  const widths = named.map((label) => context.measureText(names[label]).width);
  const places = spreadOut(named.map((label) => view.toPixels(middles[label])), NAMES_APART, widths);
  named.forEach((label, i) => write(context, names[label], ...places[i], colors[label], ground));
}

/** A picture of a window of the plane, under everything. */
function drawPicture(context, view, canvas, window, opacity) {
  const [x, y] = view.toPixels([window.centre[0] - window.half, window.centre[1] + window.half]);
  const side = 2 * window.half * view.scale;
  context.globalAlpha = opacity;
  context.drawImage(canvas, x, y, side, side);
  context.globalAlpha = 1;
}

/** Probabilities of the cells of a window as orange, the largest one solid. */
export function drawShares(context, view, { shares, count, window }) {
  const cells = document.createElement("canvas");
  cells.width = cells.height = count;
  const image = new ImageData(count, count);
  const most = Math.max(...shares);
  shares.forEach((share, i) => image.data.set([230, 110, 0, Math.round((230 * share) / most)], 4 * i));
  cells.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  drawPicture(context, view, cells, window, 1);
  context.imageSmoothingEnabled = true;
}

function prepare(context, view) {
  context.clearRect(0, 0, view.size, view.size);
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
}

/**
 * Draw what stays while the point moves.
 * @param {{atlas: ?{canvas: HTMLCanvasElement, window: object}, exact: ?object, scatter: object, variational: boolean}} scene
 */
export function drawGround(context, view, { atlas, exact, scatter, variational }, look) {
  prepare(context, view);
  if (atlas) drawPicture(context, view, atlas.canvas, atlas.window, FAINT);
  if (exact) drawShares(context, view, exact);
  drawAxes(context, view, look);
  drawCodes(context, view, scatter, look);
  if (variational) drawPrior(context, view, look);
}

/**
 * Draw what moves.
 * @param {{z: number[], posterior: ?object, lens: ?object, pins: object[], trail: object[], makeTile: Function}} scene
 */
export function drawMoving(context, view, { z, posterior, lens, pins, trail, makeTile }, look) {
  prepare(context, view);
  drawTrail(context, view, trail, makeTile, look, 0.11 * view.size);
  if (posterior?.logVar) drawPosterior(context, view, posterior, look, 0);
  if (lens) {
    const [x, y] = view.toPixels([lens.centre[0] - lens.half, lens.centre[1] + lens.half]);
    const side = 2 * lens.half * view.scale;
    strokeTwice(context, { ...look, ink: look.accent }, () => context.rect(x, y, side, side));
  }
  drawPins(context, view, pins, look);
  drawPoint(context, view, z, look);
}
