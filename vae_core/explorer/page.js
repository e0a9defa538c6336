// The program of a saved page: the state that Python wrote into it, behind what anywidget asks of a model.

import { initialize, render } from "./latent_explorer.js";
import { makeModel } from "./plain_model.js";

/** Values from JSON, where bytes are text. */
function revive(_, value) {
  if (typeof value?.base64 !== "string") return value;
  return new DataView(Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0)).buffer);
}

const model = makeModel(JSON.parse(document.getElementById("state").textContent, revive));
globalThis.explorer = model; // for the console: explorer.set("z", [1, 2])
initialize({ model });
render({ model, el: document.querySelector("main > div") });
