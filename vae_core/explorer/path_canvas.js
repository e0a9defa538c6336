// The front end of vae_core.explorer.PathCanvas: the same noise under a Gaussian whose mean and width are dragged.

import { written } from "./elements.js";
import { alongPaths, hill } from "./paths.js";
import { arrow, curve, drawAxis, line, makeAxis, makeStage, shape, words } from "./stage.js";
import { normalPair } from "./mathematics.js";

const RANGE = [-5, 5];
const [NOISE, SAMPLES, TOP, BASE, ANEW] = [32, 122, 178, 310, 368]; // heights in pixels from the top
const VALUES = [-4.2, 1]; // of f
const LENGTH = 26; // pixels of an arrow for a slope of 1

const anew = (count) => Array.from({ length: count }, () => normalPair()[0]);
const dot = (x, y, className, r = 4) => shape("circle", { cx: x, cy: y, r, class: className });
const signed = (value) => (value < 0 ? written(value) : `+${written(value)}`);

function render({ model, el }) {
  const draw = (width) => {
    const axis = makeAxis(RANGE, width);
    const [mu, sigma, epsilons] = ["mu", "sigma", "epsilon"].map((trait) => model.get(trait));
    const { samples, slopes, value, byMu, bySigma } = alongPaths(mu, sigma, epsilons);
    const others = alongPaths(mu, sigma, anew(epsilons.length)); // other noise at every look
    const height = (f) => BASE - ((BASE - TOP) * (f - VALUES[0])) / (VALUES[1] - VALUES[0]);
    const inside = (z) => RANGE[0] <= z && z <= RANGE[1];
    return {
      shapes: [
        ...drawAxis(axis, [-3, 3], NOISE, [], "ε"),
        ...[0, 1].map((epsilon) => words(epsilon, axis.to(epsilon), NOISE - 10, "vc-muted")),
        ...samples.map((z, i) => line(axis.to(epsilons[i]), NOISE, axis.to(z), SAMPLES, "vc-thin vc-grey")),
        ...[0, 1].map((epsilon) => line(axis.to(epsilon), NOISE, axis.to(mu + sigma * epsilon), SAMPLES, "vc-line vc-dashed vc-encoder")),
        ...epsilons.map((epsilon) => dot(axis.to(epsilon), NOISE, "vc-dot vc-grey")),
        ...drawAxis(axis, RANGE, SAMPLES, [-4, -2, 0, 2, 4], "z = μ + σε", (z) => written(z, 0)),
        ...samples.map((z) => dot(axis.to(z), SAMPLES, "vc-dot vc-encoder")),
        words("μ", axis.to(mu), SAMPLES - 17, "vc-encoder"),
        words("μ + σ", axis.to(mu + sigma), SAMPLES - 17, "vc-encoder", "start"),
        curve(axis.values(201).map((z) => [axis.to(z), height(hill(z))]), "vc-line vc-grey"),
        words("f(z)", axis.to(RANGE[0]) + 4, height(hill(-2.6)), "vc-grey", "start"),
        ...samples.filter(inside).map((z) => dot(axis.to(z), height(hill(z)), "vc-dot vc-encoder")),
        ...samples.map((z, i) => inside(z) && arrow(axis.to(z), height(hill(z)) - 9, LENGTH * slopes[i], "vc-line vc-gradient")).filter(Boolean),
        ...drawAxis(axis, RANGE, ANEW, [], ""),
        words("for comparison: z drawn anew each time", axis.to(RANGE[0]), ANEW - 14, "vc-muted", "start"),
        ...others.samples.filter(inside).map((z) => dot(axis.to(z), ANEW, "vc-dot vc-grey")),
      ],
      handles: [
        { x: axis.to(mu), y: SAMPLES, read: axis.from },
        { x: axis.to(mu + sigma), y: SAMPLES, read: (x) => axis.from(x) - mu },
      ],
      facts: [
        ["μ", `${written(mu)}, σ ${written(sigma)}`, "vc-encoder"],
        ["mean of f", written(value), "vc-encoder"],
        ["drawn anew", written(others.value), "vc-grey"],
        ["mean slope", signed(byMu), "vc-gradient"],
        ["mean slope × ε", signed(bySigma), "vc-gradient"],
      ],
    };
  };

  return makeStage({
    model,
    el,
    name: "Samples that ride on fixed noise",
    height: ANEW + 16,
    draw,
    also: ["epsilon"],
    handles: [
      { trait: "mu", name: "mean μ", className: "vc-encoder", step: 0.05, says: (value) => written(value) },
      { trait: "sigma", name: "width σ", className: "vc-encoder", step: 0.05, says: (value) => written(value) },
    ],
    actions: [
      {
        name: "Draw other ε",
        action() {
          model.set("epsilon", anew(model.get("epsilon").length));
          model.save_changes();
        },
      },
    ],
  });
}

export default { render };
