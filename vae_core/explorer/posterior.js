// q(z|x) as it falls onto the plane, and samples of it.

import { klToPrior, normalPair, project, projectLogVar } from "./mathematics.js";

const CLOUD = 30; // samples that show it

/** Numbers in [0, 1) that are the same every time (Park and Miller). */
function steadyNumbers(seed = 1) {
  return () => (seed = (seed * 48271) % 2147483647) / 2147483647;
}

/** A sample, mean + deviation * noise. */
export function sampleOf({ mean, logVar }, random) {
  const noise = normalPair(random);
  return mean.map((value, k) => value + noise[k] * Math.exp(logVar[k] / 2));
}

/**
 * What an encoder of a snapshot said, its means and then its log variances in all latent dimensions. An autoencoder says a
 * mean only: no log variances, no KL to the prior, no cloud.
 */
export function posteriorOf(output, { axes, variational }) {
  const [mean, logVar] = [output.slice(0, output.length / 2), output.slice(output.length / 2)];
  const posterior = { mean: project(axes, mean), logVar: null, kl: null, cloud: [] };
  if (!variational) return posterior;
  Object.assign(posterior, { logVar: projectLogVar(axes, logVar), kl: klToPrior(mean, logVar) });
  const random = steadyNumbers();
  for (let i = 0; i < CLOUD; i++) posterior.cloud.push(sampleOf(posterior, random));
  return posterior;
}
