// The worker: messages from trainer.js in, messages to it out. The library, `jax`, stands in front of it: see digits.py.

import { breath } from "./elements.js";
import { makeRandom, normals } from "./randomness.js";
import { makeVae, PIXELS } from "./training.js";
import { makeRun, unpackDigits } from "./training_run.js";

const TOLERANCE = 1e-3; // of a graphics card, beside WebAssembly
const TRIAL_STEPS = 6;

let run = null;
let opened = null; // the promise that there is a run
let settings = null;
let wanted = 0; // steps still to take
let busy = false;

const fail = (error) => {
  wanted = 0;
  run = null;
  postMessage({ kind: "failure", sentence: String(error?.message ?? error) });
};

const buffersOf = (value) =>
  ArrayBuffer.isView(value) ? [value.buffer] : value && typeof value === "object" ? Object.values(value).flatMap(buffersOf) : [];
const onReport = (report) => postMessage({ kind: "report", report }, buffersOf(report));

/** A few steps on invented images, on the device in use: the terms of the first two, and how long the others take. */
async function trial(settings) {
  const { numpy: np, tree } = jax;
  const { batch_size: size, latent_dim: latentDim } = settings;
  const random = makeRandom(0, 0);
  const vae = makeVae(jax, settings);
  const x = np.array(Float32Array.from({ length: size * PIXELS }, random)).reshape([size, PIXELS]);
  let state = vae.initialState(vae.initialWeights(random));
  const steps = async (count) => {
    for (let i = 0; i < count; i++) {
      const epsilon = np.array(normals(size * latentDim, random)).reshape([size, latentDim]);
      state = vae.step(state, x.ref, epsilon, settings);
    }
    const { sums } = state;
    state = { ...state, sums: np.zeros([2]) };
    return sums.data();
  };
  const terms = await steps(2);
  const start = performance.now();
  await steps(TRIAL_STEPS);
  const time = performance.now() - start;
  tree.dispose([state, x]);
  return { terms, time };
}

/** Whether the graphics card is there, computes what WebAssembly computes, and is faster. */
async function graphicsCardIsBetter(settings) {
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter || adapter.info?.isFallbackAdapter || !(await jax.init("webgpu")).includes("webgpu")) return false;
    const processor = await trial(settings);
    jax.defaultDevice("webgpu");
    const card = await trial(settings);
    const agrees = (term, i) => Math.abs(card.terms[i] - term) <= TOLERANCE * Math.abs(term);
    return processor.terms.every(agrees) && card.time < processor.time;
  } catch {
    return false;
  }
}

async function open({ digits, backend }) {
  await jax.init("wasm");
  const card = backend !== "wasm" && (await graphicsCardIsBetter(settings));
  const device = card ? "webgpu" : "wasm";
  jax.defaultDevice(device);
  if (card) jax.getWebGPUDevice().lost.then(() => fail("The browser has lost the graphics card. Reset the training."));
  const unpacked = await unpackDigits(digits, settings.digits);
  const made = makeRun({ jax, digits: unpacked, settings, backend: device, onReport });
  await made.show("ready");
  made.change(settings); // which may have changed meanwhile
  run = made;
}

async function go() {
  if (!run || busy || !wanted) return;
  busy = true;
  try {
    run.begin();
    while (wanted) {
      wanted--;
      await run.advance();
      await breath(); // messages come in
    }
    await run?.show("paused");
  } catch (error) {
    fail(error);
  }
  busy = false;
  go(); // if somebody has asked meanwhile
}

const handlers = {
  open(message) {
    ({ settings } = message);
    opened = open(message).then(go).catch(fail);
  },
  start() {
    wanted = Infinity;
    go();
  },
  pause: () => (wanted = 0),
  step({ count }) {
    wanted = count;
    go();
  },
  change(message) {
    ({ settings } = message);
    run?.change(settings);
  },
  async weights() {
    await opened;
    const weights = await run?.weights();
    if (weights) postMessage({ kind: "weights", weights }, [weights]);
  },
};

onmessage = ({ data }) => handlers[data.kind](data);
