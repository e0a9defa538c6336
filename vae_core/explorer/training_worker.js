// The worker: messages from trainer.js in, messages to it out. The library, `jax`, stands in front of it: see digits.py.

import { makeRandom, normals } from "./randomness.js";
import { makeVae, PIXELS } from "./training.js";
import { makeRun, unpackDigits } from "./training_run.js";

const TOLERANCE = 1e-3; // of a graphics card, beside WebAssembly

let run = null;
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

/** The two terms of a few invented images after a step, on the device in use. */
async function trial(settings) {
  const { numpy: np } = jax;
  const random = makeRandom(0, 0);
  const vae = makeVae(jax, settings);
  const x = np.array(Float32Array.from({ length: 8 * PIXELS }, random)).reshape([8, PIXELS]);
  const epsilon = () => np.array(normals(8 * settings.latent_dim, random)).reshape([8, settings.latent_dim]);
  const state = vae.step(vae.initialState(vae.initialWeights(random)), x.ref, epsilon(), settings);
  const { both, mean, logVar } = vae.look(state.weights, x, epsilon());
  mean.dispose();
  logVar.dispose();
  return both.data();
}

/** Whether the graphics card is there and computes what WebAssembly computes. */
async function graphicsCardWorks(settings) {
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter || adapter.info?.isFallbackAdapter || !(await jax.init("webgpu")).includes("webgpu")) return false;
    const expected = await trial(settings);
    jax.defaultDevice("webgpu");
    const received = await trial(settings);
    return expected.every((term, i) => Math.abs(received[i] - term) <= TOLERANCE * Math.abs(term));
  } catch {
    return false;
  }
}

async function open({ digits, settings, backend }) {
  await jax.init("wasm");
  const card = backend !== "wasm" && (await graphicsCardWorks(settings));
  backend = card ? "webgpu" : "wasm";
  jax.defaultDevice(backend);
  if (card) jax.getWebGPUDevice().lost.then(() => fail("The browser has lost the graphics card. Reset the training."));
  run = makeRun({ jax, digits: await unpackDigits(digits, settings.digits), settings, backend, onReport });
  await run.show("ready");
  go();
}

/** Let messages in, without the delay of a timer. */
const channel = new MessageChannel();
const breath = () =>
  new Promise((resolve) => {
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  });

async function go() {
  if (!run || busy || !wanted) return;
  busy = true;
  try {
    run.begin();
    while (wanted) {
      wanted--;
      await run.advance();
      await breath();
    }
    await run?.show("paused");
  } catch (error) {
    fail(error);
  }
  busy = false;
  go(); // if somebody has asked meanwhile
}

const handlers = {
  open: (message) => open(message).catch(fail),
  start() {
    wanted = Infinity;
    go();
  },
  pause: () => (wanted = 0),
  step({ count }) {
    wanted = count;
    go();
  },
  change: ({ settings }) => run?.change(settings),
  weights: () =>
    run?.weights().then((weights) => postMessage({ kind: "weights", weights }, [weights])).catch(fail),
};

onmessage = ({ data }) => handlers[data.kind](data);
