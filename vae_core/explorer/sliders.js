// The front end of vae_core.explorer.latent_sliders: the kernel decodes, the page shows.

import { keepKeys } from "./keys.js";
import { SIDE, paint } from "./pad.js";

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "latent-explorer latent-sliders";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Latent sliders");
  const canvas = document.createElement("canvas");
  canvas.className = "le-picture";
  canvas.width = canvas.height = SIDE;
  canvas.setAttribute("role", "img");
  const note = document.createElement("p");
  note.setAttribute("role", "status");
  note.textContent = "These sliders need a running Python kernel: open this page as a notebook to move them.";
  const limit = model.get("_limit");
  const sliders = model.get("z").map((_, k) => {
    const label = document.createElement("label");
    label.className = "le-row";
    const [input, shown] = [document.createElement("input"), document.createElement("span")];
    Object.assign(input, { type: "range", min: -limit, max: limit, step: limit / 60, disabled: true });
    shown.className = "le-epoch";
    shown.setAttribute("aria-hidden", "true");
    label.append(`z ${k + 1} `, input, shown);
    input.addEventListener("input", () => {
      const z = [...model.get("z")];
      z[k] = Number(input.value);
      model.set("z", z);
      model.save_changes();
    });
    return { label, input, shown };
  });
  root.append(note, canvas, ...sliders.map(({ label }) => label));
  keepKeys(root);
  el.append(root);

  const draw = () => {
    const z = model.get("z");
    sliders.forEach(({ input, shown }, k) => {
      input.value = z[k];
      input.setAttribute("aria-valuetext", z[k].toFixed(2));
      shown.textContent = z[k].toFixed(2);
    });
    const pixels = model.get("_pixels");
    paint(canvas, Array.from({ length: SIDE * SIDE }, (_, i) => pixels.getUint8(i) / 255));
    canvas.setAttribute("aria-label", `Image decoded at z = (${z.map((value) => value.toFixed(2)).join(", ")})`);
  };
  const onAnswer = (message) => {
    if (message !== "yes") return;
    note.hidden = true;
    sliders.forEach(({ input }) => (input.disabled = false));
  };
  model.on("change:z", draw);
  model.on("change:_pixels", draw);
  model.on("msg:custom", onAnswer);
  draw();
  model.send("is there a kernel?");

  return () => {
    model.off("change:z", draw);
    model.off("change:_pixels", draw);
    model.off("msg:custom", onAnswer);
  };
}

export default { render };
