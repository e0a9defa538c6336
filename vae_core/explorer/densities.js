// Mixtures of Gaussians on a line, lists of { weight, mean, std }, and how far one is from another. Numbers are in nats.

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);
const COUNT = 2001;
const REACH_OF_NODES = 8; // standard deviations; what lies beyond has a probability of 1e-15
const SPACING = (2 * REACH_OF_NODES) / (COUNT - 1);
const NODES = Float64Array.from({ length: COUNT }, (_, i) => i * SPACING - REACH_OF_NODES);
const SHARES = NODES.map((t) => SPACING * Math.exp(-0.5 * t * t - HALF_LOG_TWO_PI));

export const logGaussian = ({ mean, std }, z) =>
  -0.5 * ((z - mean) / std) ** 2 - Math.log(std) - HALF_LOG_TWO_PI;

export function logMixture(mixture, z) {
  let [most, sum] = [-Infinity, 0];
  const logs = mixture.map((part) => Math.log(part.weight) + logGaussian(part, z));
  for (const log of logs) most = Math.max(most, log);
  for (const log of logs) sum += Math.exp(log - most);
  return most + Math.log(sum);
}

/** The mean of f over a mixture, by the trapezoidal rule over each of its parts. */
export function expectation(mixture, f) {
  let sum = 0;
  for (const { weight, mean, std } of mixture)
    for (let i = 0; i < COUNT; i++) sum += weight * SHARES[i] * f(mean + std * NODES[i]);
  return sum;
}

/** KL(a || b). */
export const klBetween = (a, b) => expectation(a, (z) => logMixture(a, z) - logMixture(b, z));

const asMixture = ({ mean, std }) => [{ weight: 1, mean, std }];

/** KL(q || p) of one Gaussian q from a mixture p, or KL(p || q) if `covering`. */
export const klOf = (q, p, covering) => (covering ? klBetween(p, asMixture(q)) : klBetween(asMixture(q), p));

/** The derivatives of `klOf` with respect to the mean of q and the logarithm of its standard deviation. */
export function klSlopes(q, p, covering) {
  const t = (z) => (z - q.mean) / q.std;
  const mixture = covering ? p : asMixture(q);
  const weight = covering ? () => -1 : (z) => logGaussian(q, z) - logMixture(p, z);
  return [
    expectation(mixture, (z) => (weight(z) * t(z)) / q.std),
    expectation(mixture, (z) => weight(z) * (t(z) ** 2 - 1)),
  ];
}

/**
 * One step of gradient descent on `klOf`, in units of what q can tell apart (the natural gradient), halved until it
 * goes down; null where no step gains a ten-millionth of a nat.
 */
export function descend(q, p, covering, rate = 0.15) {
  const before = klOf(q, p, covering);
  const [slopeOfMean, slopeOfLog] = klSlopes(q, p, covering);
  for (let share = rate; share > 1e-3; share /= 2) {
    const growth = Math.max(-0.2, Math.min(0.2, (-share * slopeOfLog) / 2));
    const next = { mean: q.mean - share * q.std ** 2 * slopeOfMean, std: q.std * Math.exp(growth) };
    if (klOf(next, p, covering) < before - 1e-7) return next;
  }
  return null;
}
