// p(z|x) on a grid of points, in slices between which the page lives.

import { breath } from "./elements.js";
import { divergence, edgeShare, gridPoints, logNormal, normalised } from "./mathematics.js";

const CELLS = 36; // a side of the grid on which it is computed
const COARSE_CELLS = 20; // and of the grid that says where to look
const BREATH_AFTER = 10; // milliseconds of work before the page may breathe

/** log p(x, z) up to a constant at points of the plane, or null once nobody waits for it. */
async function logJoint(snapshot, points, x, isStale) {
  const logs = new Float64Array(points.length);
  let until = performance.now() + BREATH_AFTER;
  for (let i = 0; i < points.length; i++) {
    if (performance.now() > until) {
      await breath();
      if (isStale()) return null;
      until = performance.now() + BREATH_AFTER;
    }
    const z = points[i];
    logs[i] = snapshot.logLikelihood(x, z) - (z[0] ** 2 + z[1] ** 2) / 2;
  }
  return logs;
}

/** A window that holds q(z|x) and the mode of p(z|x), as a coarse grid finds it. */
async function windowOf(snapshot, { mean, logVar }, x, isStale) {
  const points = gridPoints(snapshot, COARSE_CELLS);
  const logs = await logJoint(snapshot, points, x, isStale);
  if (!logs) return null;
  const mode = points[logs.indexOf(Math.max(...logs))];
  const distance = Math.max(...mode.map((value, k) => Math.abs(value - mean[k])));
  const spread = Math.exp(Math.max(...logVar) / 2);
  return { centre: mean.map((value, k) => (value + mode[k]) / 2), half: Math.max(6 * spread, distance / 2 + 0.4) };
}

/**
 * Compute it around the q(z|x) of an image.
 * @returns {Promise<?{shares: Float64Array, count: number, window: object, kl: ?number}>} KL(q || p) in nats, null where
 *   the grid is too coarse for it or p leaves the window; no result once `isStale()`.
 */
export async function exactPosterior(snapshot, posterior, x, isStale) {
  const window = await windowOf(snapshot, posterior, x, isStale);
  if (!window) return null;
  const points = gridPoints(window, CELLS);
  const logs = await logJoint(snapshot, points, x, isStale);
  if (!logs) return null;
  const shares = normalised(logs);
  const logQ = points.map((z) => logNormal(z, posterior.mean, posterior.logVar));
  const gap = divergence(logQ, shares, ((2 * window.half) / CELLS) ** 2);
  const trusted = Math.abs(gap.covered - 1) < 0.02 && edgeShare(shares, CELLS) < 0.01 && Math.max(...shares) < 0.3;
  return { shares, count: CELLS, window, kl: trusted ? gap.kl : null };
}
