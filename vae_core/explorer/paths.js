// Samples z = mu + sigma * epsilon of a Gaussian, and what a function of them passes back to mu and sigma.

/** The function of the chapter on reparameterisation, and its slope. */
export const hill = (z) => Math.sin(z) - (z * z) / 8;
export const hillSlope = (z) => Math.cos(z) - z / 4;

const meanOf = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

/** The samples, the slope of f at each, the mean of f, and the pathwise estimates of its derivatives by mu and sigma. */
export function alongPaths(mu, sigma, epsilons) {
  const samples = epsilons.map((epsilon) => mu + sigma * epsilon);
  const slopes = samples.map(hillSlope);
  return {
    samples,
    slopes,
    value: meanOf(samples.map(hill)),
    byMu: meanOf(slopes),
    bySigma: meanOf(slopes.map((slope, i) => slope * epsilons[i])),
  };
}
