// Training in a worker, seen from the page: what a view may ask, and what it is told. The worker's side is training_worker.js.

import { LIVE, differing } from "./recipes.js";

/**
 * Make the worker, which reports the untrained model at once.
 * @param {{program: string, digits: ArrayBuffer}} assets what `loadAssets` gave
 * @param {object} settings those of the Python class `Playground`, all of them
 * @param {(report: object) => void} onReport
 * @param {(sentence: string) => void} onFailure told why the training has stopped; `reset` begins anew
 * @param {"wasm" | "webgpu"} [backend] to compute on, the best there is if left out
 */
export function openTrainer({ assets, settings, onReport, onFailure, backend }) {
  let worker = null;
  let current = settings;
  let asked = []; // for weights that have not come

  const end = () => {
    worker?.terminate();
    worker = null;
    for (const { reject } of asked) reject(new Error("The training has ended. Reset it."));
    asked = [];
  };
  const fail = (sentence) => {
    end();
    onFailure(sentence);
  };
  const tell = (kind, content) => worker?.postMessage({ kind, ...content });
  const handlers = {
    report: ({ report }) => onReport(report),
    weights: ({ weights }) => asked.shift()?.resolve(weights),
    failure: ({ sentence }) => fail(sentence),
  };

  function open() {
    end();
    const address = URL.createObjectURL(new Blob([assets.program], { type: "text/javascript" }));
    worker = new Worker(address);
    URL.revokeObjectURL(address);
    worker.onmessage = ({ data }) => handlers[data.kind](data);
    worker.onerror = (event) => fail(`The training has stopped with an error: ${event.message ?? "unknown"}. Reset it.`);
    tell("open", { digits: assets.digits, settings: current, backend });
  }

  open();
  return {
    start: () => tell("start"),
    pause: () => tell("pause"),
    step: (count = 1) => tell("step", { count }),
    change(changed) {
      const fixed = differing(current, changed).filter((name) => !LIVE.includes(name));
      if (fixed.length) throw new Error(`${fixed.join(", ")} cannot change during the training. Reset it with the new settings.`);
      current = changed;
      tell("change", { settings: current });
    },
    reset(changed) {
      current = changed;
      open();
    },
    weights: () =>
      worker
        ? new Promise((resolve, reject) => {
            asked.push({ resolve, reject });
            tell("weights");
          })
        : Promise.reject(new Error("There is no training. Reset it.")),
    close: end,
  };
}
