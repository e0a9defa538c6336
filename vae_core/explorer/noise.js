// Images with one white pixel each, whose codes are Gaussians of one width on a line, and their exact loss.

import { expectation } from "./densities.js";

/**
 * The image that the best decoder makes of z, one number a pixel: the mean of the images, each weighted with the
 * probability that z came from it. Image i is white in pixel i only, so these probabilities are the pixels.
 */
export function blend(means, s, z) {
  const nearest = Math.min(...means.map((mean) => (z - mean) ** 2)); // keeps the exponentials from vanishing together
  const likelihoods = means.map((mean) => Math.exp((nearest - (z - mean) ** 2) / (2 * s * s)));
  const sum = likelihoods.reduce((total, each) => total + each);
  return likelihoods.map((each) => each / sum);
}

/** Mean squared error of that decoder, over images and noise: 1 minus the sum of the squared pixels, over all codes. */
export function squaredError(means, s) {
  const codes = means.map((mean) => ({ weight: 1 / means.length, mean, std: s }));
  return expectation(codes, (z) => {
    let [sum, squares] = [0, 0]; // without a list for each z, as there are ten thousand of them
    for (const mean of means) {
      const likelihood = Math.exp(-0.5 * ((z - mean) / s) ** 2);
      sum += likelihood;
      squares += likelihood * likelihood;
    }
    return 1 - squares / (sum * sum);
  });
}

/** Both terms of the loss in nats, averaged over the images, for a pixel variance, without constants. */
export function twoTerms(means, s, variance) {
  const square = means.reduce((sum, mean) => sum + mean * mean, 0) / means.length;
  return {
    s,
    reconstruction: squaredError(means, s) / (2 * variance),
    kl: 0.5 * (square + s * s - 1) - Math.log(s),
  };
}

export const weightedSum = ({ reconstruction, kl }, beta) => reconstruction + beta * kl;

/** The one of several pairs of terms whose weighted sum is lowest. */
export const lowest = (measured, beta) =>
  measured.reduce((best, each) => (weightedSum(each, beta) < weightedSum(best, beta) ? each : best));
