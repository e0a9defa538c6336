// What a hand can change in the playground, and how it shows what is set.

import { choice, several, stopSlider, toggle, wholeNumber } from "./dials.js";
import { button, make } from "./elements.js";
import {
  BATCH_SIZES,
  BETAS,
  BREAKS,
  DIGITS,
  LIKELIHOODS,
  PRESETS,
  RATES,
  kindOf,
  pageOf,
  presetOf,
  settingsOf,
} from "./recipes.js";

const LARGEST_SEED = 2 ** 32 - 1;
const OWN_RECIPE = "A recipe of your own. What do you expect to happen?";

/** A reference to a chapter: in the book a link, elsewhere its number. */
function reference(chapter) {
  const root = document.documentElement.dataset.content_root;
  const text = `Chapter ${chapter}`;
  return root === undefined ? text : make("a", { href: root + pageOf(chapter) }, text);
}

/**
 * The controls, in rows. `ask(changes)` is called with what a hand has changed, `choose(settings)` with a preset's.
 * @returns {{recipe: Element, dials: Element, show: (settings: object) => void}}
 */
export function makeControls({ colors, ask, choose }) {
  let current = null;
  const setting = (kind, key, options) => ({ key, ...kind({ ...options, onInput: (value) => ask({ [key]: value }) }) });
  const noise = setting(toggle, "noise", { name: "Noise in the code" });
  const beta = setting(stopSlider, "beta", { name: "Weight of the KL term, β =", stops: BETAS, marks: [0, 0.1, 1, 10, 100] });
  const others = [
    setting(stopSlider, "learning_rate", { name: "Learning rate", stops: RATES, marks: [0.0001, 0.1] }),
    setting(choice, "likelihood", { name: "Likelihood", options: Object.entries(LIKELIHOODS) }),
    setting(choice, "latent_dim", { name: "Numbers in z", options: [[2, "2"], [1, "1"]] }),
    setting(choice, "batch_size", { name: "Images a step", options: BATCH_SIZES.map((size) => [size, String(size)]) }),
    setting(wholeNumber, "seed", { name: "Seed", most: LARGEST_SEED }),
    setting(several, "digits", { name: "Digits", values: DIGITS, colors }),
  ];
  const breaks = BREAKS.map(({ key, name }) => button(name, () => ask({ break: current.break === key ? null : key })));
  const presets = PRESETS.map((preset) => button(preset.name, () => choose(settingsOf(preset, current))));
  const kind = make("strong", { class: "pg-kind" });
  const look = make("p", { class: "pg-look" });
  const chips = (name, buttons) => make("div", { class: "pg-row pg-chips", role: "group", "aria-label": name }, ...buttons);
  const breakIt = make("details", { class: "pg-break" }, make("summary", {}, "Break it"), chips("What is broken", breaks));
  const recipe = make(
    "div",
    { class: "pg-recipe" },
    chips("Presets", presets),
    breakIt,
    look,
    make("div", { class: "pg-essential" }, noise.element, make("p", {}, "It is now: ", kind), beta.element),
  );

  return {
    recipe,
    dials: make("div", { class: "pg-dials" }, ...others.map((one) => one.element)),
    show(settings) {
      if (settings === current) return;
      current = settings;
      for (const one of [noise, beta, ...others]) one.show(settings[one.key]);
      const preset = presetOf(settings);
      presets.forEach((one, i) => one.setAttribute("aria-pressed", String(PRESETS[i] === preset)));
      breaks.forEach((one, i) => one.setAttribute("aria-pressed", String(BREAKS[i].key === settings.break)));
      if (settings.break) breakIt.open = true;
      kind.textContent = settings.break ? `${kindOf(settings)}, broken` : kindOf(settings);
      const said = BREAKS.find(({ key }) => key === settings.break) ?? preset;
      look.replaceChildren(...(said ? [`${said.does ?? ""} What to look for: ${said.look} `, reference(said.chapter), "."] : [OWN_RECIPE]));
    },
  };
}
