// The few formulas of the explorer, on arrays and numbers; nothing here knows of a page.

/** Share of the prior N(0, I) of the plane inside a circle about the origin. */
export const priorMass = (radius) => 1 - Math.exp((-radius * radius) / 2);

/** log of a Gaussian with diagonal covariance in the plane, at z. */
export function logNormal(z, mean, logVar) {
  let sum = -Math.log(2 * Math.PI);
  for (let k = 0; k < 2; k++) sum -= 0.5 * (logVar[k] + (z[k] - mean[k]) ** 2 / Math.exp(logVar[k]));
  return sum;
}

/** KL(q(z|x) || p(z)) in nats, in any number of dimensions. */
export function klToPrior(mean, logVar) {
  let sum = 0;
  for (let k = 0; k < mean.length; k++) sum += 0.5 * (Math.exp(logVar[k]) + mean[k] ** 2 - 1 - logVar[k]);
  return sum;
}

/** Two independent standard normal numbers (Box and Muller). */
export function normalPair(random = Math.random) {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  const angle = 2 * Math.PI * random();
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

/** The centres of the cells of a square window: count * count points, row by row from the top. */
export function gridPoints({ centre, half }, count) {
  const points = [];
  for (let i = 0; i < count; i++)
    for (let j = 0; j < count; j++)
      points.push([centre[0] + half * ((2 * j + 1) / count - 1), centre[1] - half * ((2 * i + 1) / count - 1)]);
  return points;
}

/** Probabilities from their logarithms up to a constant; they sum to 1. */
export function normalised(logs) {
  let [most, sum] = [-Infinity, 0];
  for (const log of logs) most = Math.max(most, log);
  const shares = Float64Array.from(logs, (log) => Math.exp(log - most));
  for (const share of shares) sum += share;
  return shares.map((share) => share / sum);
}

/**
 * KL(q || p) in nats of two lists of probabilities over the same cells, q normalised over them; and the share of q's
 * own mass that lies in the cells, which says whether the number may be trusted.
 */
export function divergence(logQ, shares, area) {
  const weights = Float64Array.from(logQ, (log) => Math.exp(log) * area);
  let [covered, sum] = [0, 0];
  for (const weight of weights) covered += weight;
  for (let i = 0; i < weights.length; i++) {
    const q = weights[i] / covered;
    if (q > 1e-12) sum += q * Math.log(q / Math.max(shares[i], Number.MIN_VALUE));
  }
  return { kl: sum, covered };
}

/** Probability on the border cells of a square grid: what lies there probably goes on outside. */
export const edgeShare = (shares, count) =>
  shares.reduce((sum, share, i) => {
    const [row, column] = [Math.floor(i / count), i % count];
    return Math.min(row, column, count - 1 - row, count - 1 - column) ? sum : sum + share;
  }, 0);

/** The middle one of some numbers. */
export function median(numbers) {
  const sorted = Float64Array.from(numbers).sort();
  return sorted[sorted.length >> 1];
}

/** Where codes fall onto two axes. */
export const project = (axes, z) => axes.map((axis) => axis.reduce((sum, share, i) => sum + share * z[i], 0));

/** Log variances along two axes of a Gaussian with a diagonal covariance. */
export const projectLogVar = (axes, logVar) =>
  axes.map((axis) => Math.log(axis.reduce((sum, share, i) => sum + share ** 2 * Math.exp(logVar[i]), 0)));

/** The code of a point of the plane. */
export const lift = ({ offset, axes }, [a, b]) => offset.map((value, i) => value + a * axes[0][i] + b * axes[1][i]);
