// The front end of vae_core.explorer.Playground, an anywidget module: a model that is trained in the page.
// Settings and commands go down to the trainer, its reports come up and are drawn; nothing else flows.

import { loadAssets } from "./assets.js";
import { button, keepKeys, make, setText } from "./elements.js";
import { makeControls } from "./playground_controls.js";
import { makeViews } from "./playground_views.js";
import { programOf } from "./program.js";
import { LIVE, changeText, differing } from "./recipes.js";
import { openTrainer } from "./trainer.js";

const PROMISE = "8,192 digits, 235,000 weights, in your browser. Nothing is sent anywhere.";
const LONGEST_GLIDE = 100; // milliseconds between two frames that count; a page that slept goes on where it was

/** Draw the playground, or say why it cannot be. */
export function render({ model, el }) {
  try {
    return play({ model, el });
  } catch ({ message }) {
    el.replaceChildren(make("p", { role: "alert", class: "playground" }, `The playground cannot run. ${message}`));
  }
}

function play({ model, el }) {
  let settings = model.get("settings");
  let trainer = null;
  let opening = null; // the promise of a trainer that is on its way
  let going = false; // whether it is to train, be the worker still on its way
  let report = null;
  let failed = false;
  let marks = []; // the live changes of this run, { step, text }
  let frame = 0;
  let drawn = 0; // when, last
  let closed = false;
  const colors = model.get("_colors");
  const motion = matchMedia("(prefers-reduced-motion: reduce)");

  // The parts.
  const start = button("Start", () => {
    going = !going;
    command(obey);
  });
  start.classList.add("pg-start");
  const stepOnce = button("Step", () => command((one) => one.step(1)));
  const again = button("Reset", () => {
    going = false;
    begin(settings);
  });
  const invitation = button("Start training", () => {
    if (!going) start.click();
    start.focus({ preventScroll: true });
  });
  const stage = make("div", { class: "pg-invitation" }, invitation, make("p", {}, PROMISE));
  const clock = make("p", { class: "pg-clock" });
  const alarm = make("p", { class: "pg-alarm", role: "alert" });
  const spoken = make("p", { class: "pg-hidden", role: "status" });
  const controls = makeControls({
    colors,
    ask: (changes) => follow({ ...settings, ...changes }),
    choose: begin,
  });
  const views = makeViews({ colors, stage, onLook: refresh });
  const code = make("textarea", { class: "pg-code", readonly: "", rows: 8, "aria-label": "Python that trains this model", hidden: "" });
  const copy = button("Copy Python", async () => {
    code.value = programOf(model.get("_program"), settings);
    code.hidden = false;
    code.select();
    try {
      await navigator.clipboard.writeText(code.value);
      spoken.textContent = "The Python is in the clipboard.";
    } catch {
      spoken.textContent = "Copy the Python from the field below.";
    }
  });
  const root = make(
    "div",
    { class: "playground", role: "group", "aria-label": "Playground: a model that is trained in this page" },
    make("div", { class: "pg-row pg-transport" }, start, stepOnce, again, clock),
    controls.recipe,
    alarm,
    views.element,
    controls.dials,
    make("div", { class: "pg-row" }, copy),
    code,
    spoken,
  );
  el.append(root);
  keepKeys(root);

  // Down: commands and settings.
  /** Train or rest, as it is to. A page that nobody sees does not compute. */
  function obey() {
    if (going && !document.hidden) trainer?.start();
    else trainer?.pause();
  }
  async function command(give) {
    alarm.textContent = "";
    try {
      if (!trainer) {
        failed = false;
        opening ??= loadAssets(model);
        refresh();
        const assets = await opening;
        if (closed) return;
        trainer ??= openTrainer({ assets, settings, onReport, onFailure });
      } else if (failed) {
        begin(settings);
      }
      give(trainer);
    } catch ({ message }) {
      onFailure(message);
    }
    opening = null;
    refresh();
  }
  /** Go on with other settings, or begin anew where they ask for it. */
  function follow(next) {
    const changed = differing(settings, next);
    if (!changed.length) return;
    if (failed || !changed.every((name) => LIVE.includes(name))) return begin(next);
    keep(next);
    trainer?.change(next);
    if (!report?.step) return;
    const text = changed.map((name) => changeText(name, next[name])).join(", ");
    marks = [...marks.filter(({ step }) => step !== report.step), { step: report.step, text }];
  }
  /** New weights; what was training goes on with them. */
  function begin(next) {
    keep(next);
    failed = false;
    alarm.textContent = "";
    trainer?.reset(next);
    if (going) obey();
  }
  function keep(next) {
    settings = next;
    model.set("settings", next);
    model.save_changes();
    refresh();
  }

  // Up: reports.
  function onReport(next) {
    const hasPaused = next.status === "paused" && report?.status !== "paused";
    const hasEpoch = Math.floor(next.epoch) > Math.floor(report?.epoch ?? 0);
    report = next;
    if (report.step === 0) marks = []; // a new run
    views.take(report, settings, report.step === 0 || motion.matches);
    if (hasPaused || hasEpoch) tell(hasPaused);
    refresh();
  }
  function onFailure(sentence) {
    failed = true;
    going = false;
    alarm.textContent = sentence;
    refresh();
  }
  /** Say in words, and to Python, where the run is. */
  async function tell(withWeights) {
    const { status, step, epoch, history } = report;
    if (!history.step.length) return;
    const last = ({ reconstruction, kl }) => ({ reconstruction: reconstruction.at(-1), kl: kl.at(-1) });
    const [train, heldOut] = [history.train, history.heldOut].map(last);
    spoken.textContent =
      `Epoch ${epoch.toFixed(1)}. On held-out images, reconstruction loss ${heldOut.reconstruction.toFixed(1)} and ` +
      `KL term ${heldOut.kl.toFixed(1)} nats.`;
    model.set("status", status);
    model.set("progress", { step, epoch, losses: { train, held_out: heldOut } });
    const weights = withWeights && (await trainer.weights().catch(() => null)); // null: a reset came first
    if (weights) model.set("weights", new DataView(weights));
    model.save_changes();
  }

  // Everything that is seen is drawn here, at most once a frame.
  function refresh() {
    frame ||= requestAnimationFrame(paintAll);
  }
  function paintAll(now) {
    frame = 0;
    const elapsed = Math.min(now - drawn, LONGEST_GLIDE);
    drawn = now;
    controls.show(settings);
    setText(start, going ? "Pause" : report?.step ? "Go on" : "Start");
    start.classList.toggle("pg-running", going);
    stepOnce.disabled = going;
    again.disabled = !report?.step && !failed;
    stage.hidden = report !== null;
    setText(invitation, opening || going ? "Loading\u2026" : "Start training");
    const speed = going && report?.stepsPerSecond ? `, ${report.stepsPerSecond.toFixed(0)} steps a second` : "";
    setText(clock, report ? `Epoch ${report.epoch.toFixed(1)}, step ${report.step}${speed}` : "");
    const { color: ink, backgroundColor: ground } = getComputedStyle(root);
    if (views.paint({ report, settings, marks, elapsed, ink, ground })) refresh();
  }

  // What comes from Python, and whatever changes the look.
  const onSettings = () => follow(model.get("settings"));
  model.on("change:settings", onSettings);
  const look = new MutationObserver(refresh);
  for (const element of [document.documentElement, document.body])
    look.observe(element, { attributes: true, attributeFilter: ["data-theme", "data-jp-theme-light", "class"] });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", refresh);
  const size = new ResizeObserver(refresh);
  size.observe(root);
  const onVisibility = () => going && obey();
  document.addEventListener("visibilitychange", onVisibility);
  refresh();

  return () => {
    closed = true;
    trainer?.close();
    model.off("change:settings", onSettings);
    look.disconnect();
    dark.removeEventListener("change", refresh);
    size.disconnect();
    document.removeEventListener("visibilitychange", onVisibility);
    cancelAnimationFrame(frame);
  };
}

export default { render };
