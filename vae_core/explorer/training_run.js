// One run of the training: images in, steps, what is seen of them on the way.

import { gridPoints } from "./mathematics.js";
import { makeBatches, makeNoise, makeRandom, normals } from "./randomness.js";
import { makeVae, PIXELS } from "./training.js";

const TRAIN_IMAGES = 8192; // of those that come; the others are held out
const GREYS = 15; // the level of black
const ROW = 28;
const STREAMS = { weights: 1, order: 2, noise: 3, heldOut: 4 };
const EVERY = 8; // steps between two looks
const MOST_POINTS = 1024; // of the curves; then every second one goes
const REPORTS_A_SECOND = 8;
const GRID = { side: 12, half: 3 };
const PICTURES = 10;

/** The labels and pixels that digits.py packed, those of the chosen digits. */
export async function unpackDigits(packed, chosen) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const count = bytes.length / (1 + PIXELS / 2);
  const labels = bytes.subarray(0, count);
  const pairs = bytes.subarray(count);
  const part = (first, last) => {
    const kept = [];
    for (let i = first; i < last; i++) if (chosen.includes(labels[i])) kept.push(i);
    const levels = new Uint8Array(kept.length * PIXELS);
    kept.forEach((image, i) => {
      for (let k = 0; k < PIXELS / 2; k++) {
        const pair = pairs[(image * PIXELS) / 2 + k];
        const place = i * PIXELS + 2 * k - (k % ROW); // of the upper pixel: pairs of rows, each pair a row of bytes
        levels[place] = pair >> 4;
        levels[place + ROW] = pair & 15;
      }
    });
    return { levels, labels: Uint8Array.from(kept, (image) => labels[image]), count: kept.length };
  };
  return { train: part(0, TRAIN_IMAGES), heldOut: part(TRAIN_IMAGES, count) };
}

/** Images by their indices as numbers in [0, 1], (n, 784). */
export function imagesAt({ levels }, indices) {
  const x = new Float32Array(indices.length * PIXELS);
  indices.forEach((image, i) => {
    for (let k = 0; k < PIXELS; k++) x[i * PIXELS + k] = levels[image * PIXELS + k] / GREYS;
  });
  return x;
}

/** Curves over the steps. When they grow long, two neighbours become one. */
function makeHistory() {
  const names = ["step", "trainReconstruction", "trainKl", "heldOutReconstruction", "heldOutKl"];
  const columns = Object.fromEntries(names.map((name) => [name, []]));
  const merge = (name, pair) => (name.startsWith("train") ? (pair[0] + pair[1]) / 2 : pair[1]);
  return {
    add(point) {
      for (const name of names) columns[name].push(point[name]);
      if (columns.step.length < MOST_POINTS) return;
      for (const name of names) {
        const old = columns[name];
        columns[name] = old.filter((_, i) => i % 2).map((last, i) => merge(name, [old[2 * i], last]));
      }
    },
    packed() {
      const [step, ...rest] = names.map((name) => Float64Array.from(columns[name]));
      const [trainReconstruction, trainKl, heldOutReconstruction, heldOutKl] = rest;
      return {
        step,
        train: { reconstruction: trainReconstruction, kl: trainKl },
        heldOut: { reconstruction: heldOutReconstruction, kl: heldOutKl },
      };
    },
  };
}

/** The points of the latent space that are decoded: a grid of the plane, or a line in the same order. */
function gridCodes(latentDim) {
  const { side, half } = GRID;
  if (latentDim === 2) return Float32Array.from(gridPoints({ centre: [0, 0], half: (half * side) / (side - 1) }, side).flat());
  return Float32Array.from({ length: side ** 2 }, (_, i) => half * ((2 * i) / (side ** 2 - 1) - 1));
}

const take = (array, size, indices) => indices.flatMap((i) => Array.from(array.subarray(i * size, (i + 1) * size)));

/**
 * @param {object} jax the library, its device chosen
 * @param {{train: object, heldOut: object}} digits of `unpackDigits`
 * @param {object} settings
 * @param {string} backend its name, for the reports
 * @param {(report: object) => void} onReport
 */
export function makeRun({ jax, digits, settings, backend, onReport }) {
  const { numpy: np, tree } = jax;
  const { train, heldOut } = digits;
  const { latent_dim: latentDim, seed } = settings;
  const size = Math.min(settings.batch_size, train.count);
  const random = (name) => makeRandom(seed, STREAMS[name]);
  const vae = makeVae(jax, settings);
  const nextBatch = makeBatches(train.count, size, random("order"));
  const nextNoise = makeNoise(size, latentDim, random("noise"));
  const all = Uint32Array.from({ length: heldOut.count }, (_, i) => i);
  const xHeldOut = np.array(imagesAt(heldOut, all)).reshape([heldOut.count, PIXELS]);
  const noiseHeldOut = np.array(normals(heldOut.count * latentDim, random("heldOut"))).reshape([heldOut.count, latentDim]);
  const grid = gridCodes(latentDim);
  const firsts = settings.digits.map((digit) => heldOut.labels.indexOf(digit)).filter((i) => i >= 0);
  const shown = [...new Set([...firsts, ...all])].slice(0, PICTURES); // one of each digit, then whatever comes
  const originals = imagesAt(heldOut, shown);
  const history = makeHistory();
  let state = vae.initialState(vae.initialWeights(random("weights")));
  let step = 0;
  let looked = 0; // the step of the last point of the curves
  let reported = -Infinity;
  let speed = { step: 0, time: 0, value: 0 };

  function takeStep() {
    const x = np.array(imagesAt(train, nextBatch())).reshape([size, PIXELS]);
    const epsilon = np.array(nextNoise(settings)).reshape([size, latentDim]);
    state = vae.step(state, x, epsilon, settings);
    step++;
  }

  /** What the held-out images say of the model. */
  async function look() {
    const { both, mean, logVar } = vae.look(tree.ref(state.weights), xHeldOut.ref, noiseHeldOut.ref);
    const [terms, means, logVars] = await Promise.all([both.data(), mean.data(), logVar.data()]);
    return { terms, mean: means, logVar: logVars };
  }

  async function addPoint(seen) {
    const sums = state.sums;
    state = { ...state, sums: np.zeros([2]) };
    const [trainReconstruction, trainKl] = (await sums.data()).map((sum) => sum / (step - looked));
    const [heldOutReconstruction, heldOutKl] = seen.terms;
    looked = step;
    if (![trainReconstruction, trainKl, heldOutReconstruction, heldOutKl].every(Number.isFinite))
      throw new Error(`A loss is no longer a finite number at step ${step}. Try a smaller learning rate, and reset.`);
    history.add({ step, trainReconstruction, trainKl, heldOutReconstruction, heldOutKl });
  }

  async function report(status, seen) {
    const codes = [...grid, ...take(seen.mean, latentDim, shown)];
    const z = np.array(Float32Array.from(codes)).reshape([codes.length / latentDim, latentDim]);
    const images = await vae.images(tree.ref(state.weights.decoder), z).data();
    const end = GRID.side ** 2 * PIXELS;
    const now = performance.now();
    if (status === "training" && now > speed.time) speed.value = (1000 * (step - speed.step)) / (now - speed.time);
    Object.assign(speed, { step, time: now });
    reported = now;
    onReport({
      status,
      step,
      epoch: (step * size) / train.count,
      stepsPerSecond: status === "training" ? speed.value : 0,
      backend,
      history: history.packed(),
      codes: { mean: seen.mean, logVar: seen.logVar, labels: heldOut.labels.slice() },
      grid: { ...GRID, codes: grid.slice(), images: images.slice(0, end) },
      pictures: { count: shown.length, originals: originals.slice(), reconstructions: images.slice(end) },
    });
  }

  return {
    /** Show the model as it is. */
    show: async (status) => report(status, await look()),
    /** Begin to measure the speed. */
    begin: () => Object.assign(speed, { step, time: performance.now() }),
    /** One step, and a look at the model now and then. */
    async advance() {
      takeStep();
      if (step % EVERY && step !== 1) return;
      const seen = await look();
      await addPoint(seen);
      if (performance.now() - reported >= 1000 / REPORTS_A_SECOND) await report("training", seen);
    },
    change: (changed) => (settings = changed),
    /** All weights in one array: kernel and bias of each layer, in Keras' order. */
    async weights() {
      const { encoder, decoder } = tree.ref(state.weights);
      const arrays = [...encoder, ...decoder].flatMap(({ kernel, bias }) => [kernel, bias]);
      const parts = await Promise.all(arrays.map((array) => array.data()));
      const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
      let place = 0;
      for (const part of parts) {
        joined.set(part, place);
        place += part.length;
      }
      return joined.buffer;
    },
  };
}
