// Drawing the latent plane on a canvas. All positions are in units of z; nothing is kept between two drawings.

import { median } from "./mathematics.js";

const TEXT = "13px system-ui, sans-serif";
const CLASS_NAMES = "bold 17px system-ui, sans-serif";

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

function circle(context, view, centre, radii) {
  const [x, y] = view.toPixels(centre);
  context.beginPath();
  context.ellipse(x, y, radii[0] * view.scale, radii[1] * view.scale, 0, 0, 2 * Math.PI);
  context.stroke();
}

/** Text that stays legible on whatever lies below it. */
export function write(context, text, x, y, colour, ground) {
  context.lineWidth = 3;
  context.strokeStyle = ground;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

function drawPrior(context, view, ink, ground) {
  context.strokeStyle = ink;
  context.globalAlpha = 0.55;
  context.lineWidth = 1;
  context.setLineDash([5, 4]);
  for (const radius of [1, 2, 3]) circle(context, view, [0, 0], [radius, radius]);
  context.setLineDash([]);
  const [x, y] = view.toPixels([0, 0]);
  context.beginPath();
  context.moveTo(0, y);
  context.lineTo(view.size, y);
  context.moveTo(x, 0);
  context.lineTo(x, view.size);
  context.globalAlpha = 0.25;
  context.stroke();
  context.globalAlpha = 1;
  context.textAlign = "center";
  for (const radius of [1, 2, 3]) write(context, `r = ${radius}`, ...view.toPixels([0, -radius]), ink, ground);
}

function drawCodes(context, view, { codes, labels, colors, names, middles }, ink, ground) {
  context.globalAlpha = 0.75;
  for (let i = 0; 2 * i < codes.length; i++) {
    const [x, y] = view.toPixels([codes[2 * i], codes[2 * i + 1]]);
    context.fillStyle = colors[labels[i]] ?? ink;
    context.beginPath();
    context.arc(x, y, 2.2, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
  context.font = CLASS_NAMES;
  middles.forEach((middle, label) => {
    if (middle) write(context, names[label], ...view.toPixels(middle), colors[label], ground);
  });
}

/** Probabilities of the cells of a window as orange, the largest one solid. */
function drawShares(context, view, { shares, count, window }) {
  const cells = document.createElement("canvas");
  cells.width = cells.height = count;
  const image = new ImageData(count, count);
  const most = Math.max(...shares);
  shares.forEach((share, i) => image.data.set([230, 110, 0, Math.round((230 * share) / most)], 4 * i));
  cells.getContext("2d").putImageData(image, 0, 0);
  const [x, y] = view.toPixels([window.centre[0] - window.half, window.centre[1] + window.half]);
  const side = 2 * window.half * view.scale;
  context.imageSmoothingEnabled = false;
  context.drawImage(cells, x, y, side, side);
}

/** A cross in a ring, dark on light, so that it is seen on every ground. */
function drawPoint(context, view, z, ink, ground) {
  const [x, y] = view.toPixels(z);
  for (const [colour, width] of [
    [ground, 5],
    [ink, 2],
  ]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.arc(x, y, 8, 0, 2 * Math.PI);
    context.moveTo(x - 13, y);
    context.lineTo(x + 13, y);
    context.moveTo(x, y - 13);
    context.lineTo(x, y + 13);
    context.stroke();
  }
}

/**
 * Draw everything.
 * @param {{z: number[], scatter: object, posterior: ?{mean: number[], logVar: ?number[]}, shading: ?object,
 *   pins: {name: string, z: number[]}[], ink: string, ground: string}} scene
 */
export function drawPlane(context, view, scene) {
  const { ink, ground } = scene;
  context.clearRect(0, 0, view.size, view.size);
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  if (scene.shading) drawShares(context, view, scene.shading);
  drawCodes(context, view, scene.scatter, ink, ground);
  context.font = TEXT;
  drawPrior(context, view, ink, ground);
  if (scene.posterior?.logVar) {
    const spread = scene.posterior.logVar.map((value) => Math.exp(value / 2));
    for (const [colour, width] of [
      [ground, 4],
      [ink, 2],
    ])
      for (const times of [1, 2]) {
        context.strokeStyle = colour;
        context.lineWidth = width;
        circle(context, view, scene.posterior.mean, [times * spread[0], times * spread[1]]);
      }
  }
  for (const pin of scene.pins) {
    const [x, y] = view.toPixels(pin.z);
    context.fillStyle = ink;
    context.beginPath();
    context.arc(x, y, 10, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = ground;
    context.fillText(pin.name, x, y + 1);
  }
  drawPoint(context, view, scene.z, ink, ground);
}
