// What can be trained in the page, and what to look for: data and sentences; nothing here knows of a page.

export const BETAS = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
export const RATES = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1];
export const BATCH_SIZES = [16, 32, 64, 128, 256, 512];
export const LIKELIHOODS = {
  bernoulli: "Bernoulli",
  continuous_bernoulli: "continuous Bernoulli",
  gaussian: "Gaussian, variance 0.1",
};
export const DIGITS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
/** The settings that may change while the training goes on; the others need new weights. */
export const LIVE = ["learning_rate", "beta", "noise", "break"];
const PLAIN = {
  batch_size: 128,
  learning_rate: 0.001,
  beta: 1,
  noise: true,
  digits: DIGITS,
  likelihood: "bernoulli",
  latent_dim: 2,
  network: "dense",
  break: null,
};

/** Runs worth seeing: what differs from a plain VAE, what to look for, and the chapter that explains it. */
export const PRESETS = [
  {
    name: "VAE",
    changes: {},
    look: "The digits part company, the cloud settles over the circles of the prior, and the grid fills with digits.",
    chapter: 3,
  },
  {
    name: "Autoencoder",
    changes: { noise: false, beta: 0 },
    look: "Nothing holds the cloud: it leaves the circles, and the grid shows what happens to lie in its square.",
    chapter: 2,
  },
  {
    name: "Noise, no KL",
    changes: { beta: 0 },
    look: "Turn on the ellipses. The cloud grows and they shrink, until the noise has no effect.",
    chapter: 3,
  },
  {
    name: "Strong KL",
    changes: { beta: 10 },
    look: "The code may say little: the ellipses are wide, and one of the two numbers may fall silent, so that the cloud is a line.",
    chapter: 6,
  },
  {
    name: "Collapse",
    changes: { beta: 100 },
    look: "The KL term falls to 0. Every code moves to the middle, and every tile shows the same mean image.",
    chapter: 6,
  },
  {
    name: "One number",
    changes: { latent_dim: 1 },
    look: "The plane is a line. The digits queue along it, and the grid is read like text, from the left end to the right.",
    chapter: 9,
  },
];

/** Mistakes of real programs: what the code does, and what to look for. */
export const BREAKS = [
  {
    key: "mean_reduction",
    name: "Mean for sum",
    does: "The reconstruction loss is averaged over the 784 pixels, not summed.",
    look: "The KL term now weighs 784 times as much: it falls to 0, and the codes collapse to the middle.",
    chapter: 12,
  },
  {
    key: "log_var_as_sigma",
    name: "Log-variance as σ",
    does: "z = mean + log_var · ε.",
    look: "Training looks better than ever, at hardly any KL: a log-variance of 0 now means no noise. Held-out images tell.",
    chapter: 12,
  },
  {
    key: "one_epsilon",
    name: "One ε for the batch",
    does: "All images of a batch are moved by the same draw.",
    look: "Each step pushes the whole cloud one way. It learns, but by noisier steps.",
    chapter: 12,
  },
  {
    key: "frozen_epsilon",
    name: "Frozen ε",
    does: "The same draws at every step: the noise is a constant.",
    look: "Nothing, and that is the trouble: the images are shuffled, so each meets other draws every time. Tests find it, curves do not.",
    chapter: 12,
  },
  {
    key: "no_half",
    name: "Variance as σ",
    does: "z = mean + exp(log_var) · ε, without the half in exp(log_var / 2).",
    look: "The noise is as wide as the variance, not its root. Held-out images are rebuilt worse than those of the training. The ellipses, which have the width σ, are too wide, and the noise is too narrow.",
    chapter: 12,
  },
];

const CHAPTER_FILES = {
  2: "02_limits_of_autoencoders",
  3: "03_what_a_vae_is",
  6: "06_elbo",
  9: "09_results_on_mnist",
  12: "12_broken_on_purpose",
};

/** The page of a chapter, from the root of the book. */
export const pageOf = (chapter) => `${CHAPTER_FILES[chapter]}.html`;

/** Whole settings of a preset, with the seed that is there. */
export const settingsOf = (preset, { seed }) => ({ ...PLAIN, ...preset.changes, seed });

/** The preset whose settings these are, but for the seed, or null. */
export const presetOf = (settings) => PRESETS.find((preset) => !differing(settingsOf(preset, settings), settings).length) ?? null;

/** The names of the settings that differ. */
export const differing = (a, b) => Object.keys(a).filter((name) => String(a[name]) !== String(b[name]));

/** What a model with these settings is called. */
export function kindOf({ noise, beta }) {
  if (!noise) return beta ? "autoencoder with a KL term" : "autoencoder";
  if (beta === 0) return "noisy autoencoder";
  return beta === 1 ? "variational autoencoder" : "β-VAE";
}

/** The position among the stops of a slider that is nearest to a value, by ratio; 0 only for 0. */
export function nearestStop(stops, value) {
  if (value <= 0) return 0;
  const away = stops.map((stop) => (stop > 0 ? Math.abs(Math.log(stop / value)) : Infinity));
  return away.indexOf(Math.min(...away));
}

const SHORT_NAMES = { beta: "β", learning_rate: "rate" };

/** A live change in a few characters, for a mark on a curve. */
export function changeText(name, value) {
  if (name === "noise") return value ? "noise on" : "noise off";
  if (name === "break") return value ? BREAKS.find(({ key }) => key === value).name : "mended";
  return `${SHORT_NAMES[name]} ${value}`;
}
