// The observation models of vae_core.likelihoods: what the decoder's numbers say of an image.

export const sigmoid = (logit) => 1 / (1 + Math.exp(-logit));

const softplus = (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));

/** ln(logit / tanh(logit / 2)), the constant of a continuous Bernoulli; a series where that is 0/0. */
function logConstant(logit) {
  const size = Math.abs(logit);
  if (size < 1e-2) return Math.LN2 + size ** 2 / 12;
  return Math.log(size) - Math.log(Math.tanh(size / 2));
}

/** The mean of a continuous Bernoulli, (1 + coth(logit / 2) - 2 / logit) / 2. */
function continuousMean(logit) {
  if (Math.abs(logit) < 1e-2) return 0.5 + logit / 12;
  return 0.5 + 0.5 / Math.tanh(logit / 2) - 1 / logit;
}

/** A likelihood of one logit a pixel, from its mean and what its log-density is beyond x logit - softplus(logit). */
const ofLogits = (mean, beyond) => ({
  mean: (logits) => Float64Array.from(logits, mean),
  logProb(x, logits) {
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += x[i] * logits[i] - softplus(logits[i]) + beyond(logits[i]);
    return sum;
  },
});

function gaussian(variance, channels) {
  const learned = variance === "learned";
  const pixels = (numbers) => (learned ? numbers.length / 2 : numbers.length);
  const fixed = Array.isArray(variance) ? variance.flat(Infinity).map(Math.log) : Math.log(variance);
  // A decoder that says its variance holds the means of all channels of a pixel first, then the log variances.
  const place = learned ? (i) => i + channels * Math.floor(i / channels) : (i) => i;
  const logVar = learned ? (numbers, i) => numbers[place(i) + channels] : (_, i) => (fixed.length ? fixed[i] : fixed);
  return {
    mean: (numbers) => Float64Array.from({ length: pixels(numbers) }, (_, i) => numbers[place(i)]),
    logProb(x, numbers) {
      let sum = -0.5 * x.length * Math.log(2 * Math.PI);
      for (let i = 0; i < x.length; i++) {
        const spread = logVar(numbers, i);
        sum -= 0.5 * (spread + (x[i] - numbers[place(i)]) ** 2 * Math.exp(-spread));
      }
      return sum;
    },
  };
}

/**
 * The likelihood of a configuration that Python's `get_config` gave.
 * @returns {{mean: (parameters: ArrayLike<number>) => Float64Array,
 *   logProb: (x: ArrayLike<number>, parameters: ArrayLike<number>) => number}}
 */
export function makeLikelihood({ name, variance }, channels) {
  if (name === "bernoulli") return ofLogits(sigmoid, () => 0);
  if (name === "continuous_bernoulli") return ofLogits(continuousMean, logConstant);
  if (name === "gaussian") return gaussian(variance, channels);
  throw new Error(`This page does not know the likelihood "${name}".`);
}
