// A dense VAE and one step of its training, as the book has them, in jax-js: JAX's interface in JavaScript.
// Arrays are owned. Every use of one consumes a reference to it; `.ref` makes another.

const SIDE = 28;
export const PIXELS = SIDE * SIDE;
const HIDDEN = 128;
const VARIANCE = 0.1; // of a pixel under the Gaussian likelihood
const ADAM = { first: 0.9, second: 0.999, epsilon: 1e-7 }; // as Keras has it

/** Inputs and outputs of the layers, in Keras' order. */
export const layersOf = (latentDim) => ({
  encoder: [[PIXELS, HIDDEN], [HIDDEN, HIDDEN], [HIDDEN, latentDim], [HIDDEN, latentDim]],
  decoder: [[latentDim, HIDDEN], [HIDDEN, HIDDEN], [HIDDEN, PIXELS]],
});

/**
 * The functions of one model. `np` is NumPy's interface in jax-js.
 * @param {object} jax the library
 * @param {{likelihood: string, latent_dim: number}} settings
 */
export function makeVae({ numpy: np, nn, tree, jit, valueAndGrad }, { likelihood, latent_dim: latentDim }) {
  // The networks.

  /** Glorot's uniform initialisation of every kernel, biases of 0, from a function that gives numbers in [0, 1). */
  function initialWeights(random) {
    const layer = ([inputs, outputs]) => {
      const limit = Math.sqrt(6 / (inputs + outputs));
      const numbers = Float32Array.from({ length: inputs * outputs }, () => limit * (2 * random() - 1));
      return { kernel: np.array(numbers).reshape([inputs, outputs]), bias: np.zeros([outputs]) };
    };
    const { encoder, decoder } = layersOf(latentDim);
    return { encoder: encoder.map(layer), decoder: decoder.map(layer) };
  }

  const dense = (x, { kernel, bias }) => np.dot(x, kernel).add(bias);

  function encode([first, second, mean, logVar], x) {
    const h = nn.relu(dense(nn.relu(dense(x, first)), second));
    return [dense(h.ref, mean), dense(h, logVar)];
  }

  const decode = ([first, second, last], z) => dense(nn.relu(dense(nn.relu(dense(z, first)), second)), last);

  // The likelihoods: log p(x|z) of every pixel, and the mean image.

  /** ln(a / tanh(a / 2)), which is 0/0 at 0: a Taylor series there. */
  function logConstant(logits) {
    const nearZero = np.less(np.abs(logits.ref), 0.2);
    const away = np.where(nearZero.ref, 1, np.abs(logits.ref));
    const square = np.square(np.where(nearZero.ref, logits, 0)).div(4);
    const inner = np.subtract(7 / 90, square.ref.mul(np.subtract(62 / 2835, square.ref.mul(127 / 18900))));
    const series = square.ref.mul(np.subtract(1 / 3, square.mul(inner)));
    const exact = np.log(away.ref).sub(np.log(np.tanh(away.div(2))));
    return np.where(nearZero, series.add(Math.LN2), exact);
  }

  /** 1/2 + (coth(a / 2) - 2 / a) / 2 */
  function continuousMean(logits) {
    const half = logits.div(2);
    const nearZero = np.less(np.abs(half.ref), 0.25);
    const away = np.where(nearZero.ref, 1, half.ref);
    const small = np.where(nearZero.ref, half, 0);
    const square = np.square(small.ref);
    const series = small.mul(np.subtract(1 / 3, square.ref.mul(np.subtract(1 / 45, square.ref.mul(np.subtract(2 / 945, square.div(4725)))))));
    const exact = np.reciprocal(np.tanh(away.ref)).sub(np.reciprocal(away));
    return np.where(nearZero, series, exact).mul(0.5).add(0.5);
  }

  const bernoulli = (x, logits) => x.mul(logits.ref).sub(nn.softplus(logits));
  const { logDensity, meanImage } = {
    bernoulli: { logDensity: bernoulli, meanImage: nn.sigmoid },
    continuous_bernoulli: {
      logDensity: (x, logits) => bernoulli(x, logits.ref).add(logConstant(logits)),
      meanImage: continuousMean,
    },
    gaussian: {
      logDensity: (x, mean) => np.square(x.sub(mean)).div(VARIANCE).add(Math.log(2 * Math.PI * VARIANCE)).mul(-0.5),
      meanImage: (mean) => mean,
    },
  }[likelihood];

  // The loss. A mistake changes one line of it.

  /** z from q(z|x), and the mistakes that can be made there. */
  function sample(mean, logVar, epsilon, mistake) {
    if (mistake === "log_var_as_sigma") return mean.add(logVar.mul(epsilon));
    if (mistake === "no_half") return mean.add(np.exp(logVar).mul(epsilon));
    return mean.add(np.exp(logVar.div(2)).mul(epsilon));
  }

  /** KL(q(z|x) || N(0, I)), one number an image. */
  const klDivergence = (mean, logVar) => np.sum(np.square(mean).add(np.expm1(logVar.ref)).sub(logVar), 1).mul(0.5);

  /** The two terms of the negative ELBO, in nats, averaged over the images, and q(z|x). */
  function terms(weights, x, epsilon, mistake) {
    const [mean, logVar] = encode(weights.encoder, x.ref);
    const z = sample(mean.ref, logVar.ref, epsilon, mistake);
    const reconstruction = np.mean(np.sum(logDensity(x, decode(weights.decoder, z)), 1)).mul(-1);
    const kl = np.mean(klDivergence(mean.ref, logVar.ref));
    return { reconstruction, kl, mean, logVar };
  }

  /** The loss, and beside it the two terms, of which the gradient is not taken. */
  function loss(weights, x, epsilon, beta, mistake) {
    const { reconstruction, kl, mean, logVar } = terms(weights, x, epsilon, mistake);
    mean.dispose();
    logVar.dispose();
    const reduced = mistake === "mean_reduction" ? reconstruction.ref.div(PIXELS) : reconstruction.ref;
    return [reduced.add(beta.mul(kl.ref)), np.stack([reconstruction, kl])];
  }

  // The optimiser.

  const zeros = (weights) => tree.map((array) => np.zeros(array.shape), weights);

  /** Weights, and what Adam keeps of the gradients; `sums` are those of the two terms, until somebody looks. */
  const initialState = (weights) => ({
    weights,
    first: zeros(weights),
    second: zeros(weights),
    steps: np.array([0]),
    sums: np.zeros([2]),
  });

  /** Adam with Keras' bias correction (Kingma and Ba, 2015, the end of section 2). */
  function adam({ weights, first, second, steps }, gradient, learningRate) {
    const moved = (rate) => (old, value) => old.mul(rate).add(value.mul(1 - rate));
    const now = steps.add(1);
    first = tree.map(moved(ADAM.first), first, tree.ref(gradient));
    second = tree.map(moved(ADAM.second), second, tree.map(np.square, gradient));
    const correction = (rate) => np.subtract(1, np.exp(now.ref.mul(Math.log(rate))));
    const rate = learningRate.mul(np.sqrt(correction(ADAM.second)).div(correction(ADAM.first)));
    const update = (weight, m, v) => weight.sub(rate.ref.mul(m).div(np.sqrt(v).add(ADAM.epsilon)));
    weights = tree.map(update, weights, tree.ref(first), tree.ref(second));
    rate.dispose();
    return { weights, first, second, steps: now };
  }

  /** One step of the training, compiled once for each mistake and batch size. */
  const makeStep = (mistake) => {
    const valueAndGradient = valueAndGrad((...inputs) => loss(...inputs, mistake), { hasAux: true });
    return jit((state, x, epsilon, beta, learningRate) => {
      const [[value, both], gradient] = valueAndGradient(tree.ref(state.weights), x, epsilon, beta);
      value.dispose();
      return { ...adam(state, gradient, learningRate), sums: state.sums.add(both) };
    });
  };
  const compiled = {};

  return {
    initialWeights,
    initialState,
    /** The state after a step. x: (batch, 784), epsilon: (batch, latent_dim); beta and the rate: numbers. */
    step: (state, x, epsilon, { beta, learning_rate: rate, break: mistake }) =>
      (compiled[mistake] ??= makeStep(mistake))(state, x, epsilon, np.array(beta), np.array(rate)),
    /** Loss, terms and gradient without a step. */
    gradient: (weights, x, epsilon, beta, mistake) =>
      valueAndGrad((...inputs) => loss(...inputs, mistake), { hasAux: true })(weights, x, epsilon, np.array(beta)),
    /** The terms as they are, whatever the training makes of them, q(z|x), and the images at its means. */
    look: jit((weights, x, epsilon) => {
      const { reconstruction, kl, mean, logVar } = terms(weights, x, epsilon, null);
      return { both: np.stack([reconstruction, kl]), mean, logVar };
    }),
    /** The mean images of codes (n, latent_dim). */
    images: jit((decoder, z) => meanImage(decode(decoder, z))),
    encode,
  };
}

