// The front end of vae_core.explorer.DivergenceCanvas: two bumps p, and one Gaussian q to be laid over them.

import { written } from "./elements.js";
import { curve, drawAxis, line, makeAxis, makeStage, words } from "./stage.js";
import { descend, klOf, logGaussian, logMixture } from "./densities.js";

const RANGE = [-6, 6];
const [TOP, BASE, CEILING, ZERO] = [30, 176, 230, 300]; // heights in pixels from the top
const MOST = 3; // nats a unit of z; what lies above is cut off
const HIGHEST = 0.9; // of the density axis; a narrow q is cut off above it

function render({ model, el }) {
  const q = () => ({ mean: model.get("mean"), std: model.get("std") });
  const p = () => {
    const [left, right] = model.get("weights");
    const [half, std] = [model.get("distance") / 2, model.get("bump_std")];
    return [
      { weight: left, mean: -half, std },
      { weight: right, mean: half, std },
    ];
  };
  const height = (density) => BASE - (BASE - TOP) * Math.min(density / HIGHEST, 1);

  const draw = (width) => {
    const axis = makeAxis(RANGE, width);
    const [own, bumps] = [q(), p()];
    const places = axis.values(401);
    const points = (logDensity) => places.map((z) => [axis.to(z), height(Math.exp(logDensity(z)))]);
    const [logQ, logP] = [(z) => logGaussian(own, z), (z) => logMixture(bumps, z)];
    const target = points(logP);
    const peak = height(Math.exp(logGaussian(own, own.mean)));
    const shoulder = height(Math.exp(logGaussian(own, own.mean + own.std)));
    const share = (a, b) => (z) => Math.exp(a(z)) * (a(z) - b(z));
    const shares = (of) =>
      places.map((z) => [axis.to(z), ZERO - ((ZERO - CEILING) * Math.max(-1, Math.min(of(z), MOST))) / MOST]);
    const [choosing, covering] = [shares(share(logQ, logP)), shares(share(logP, logQ))];
    const top = height(Math.exp(logMixture(bumps, bumps[1].mean)));
    return {
      shapes: [
        curve(target, "vc-area vc-grey", BASE),
        ...drawAxis(axis, RANGE, BASE, [-6, -4, -2, 0, 2, 4, 6], "z", (z) => written(z, 0)),
        line(axis.to(own.mean), peak, axis.to(own.mean), BASE, "vc-thin vc-encoder"),
        curve(points(logQ), "vc-line vc-encoder"),
        words("mean", axis.to(own.mean), peak - 18, "vc-encoder"),
        words("width", axis.to(own.mean + own.std) + 18, shoulder + 5, "vc-encoder", "start"),
        curve(covering, "vc-area vc-grey", ZERO),
        curve(covering, "vc-line vc-grey"),
        curve(choosing, "vc-area vc-encoder", ZERO),
        curve(choosing, "vc-line vc-encoder"),
        line(axis.to(RANGE[0]), ZERO, axis.to(RANGE[1]), ZERO, "vc-axis"),
        words("q log q/p", axis.to(RANGE[0]), CEILING - 8, "vc-encoder", "start"),
        words("p log p/q", axis.to(RANGE[0]) + 84, CEILING - 8, "vc-grey", "start"),
        words("p", axis.to(bumps[0].mean), BASE - 10, "vc-grey"),
        words("distance", axis.to(bumps[1].mean), top - 18, "vc-grey"),
      ],
      handles: [
        { x: axis.to(own.mean), y: peak, read: axis.from },
        { x: axis.to(own.mean + own.std), y: shoulder, read: (x) => axis.from(x) - own.mean },
        { x: axis.to(bumps[1].mean), y: top, read: (x) => 2 * axis.from(x) },
      ],
      facts: [
        ["KL(q\u2009‖\u2009p) =", `${written(klOf(own, bumps, false))} nats`, "vc-encoder"],
        ["KL(p\u2009‖\u2009q) =", `${written(klOf(own, bumps, true))} nats`, "vc-grey"],
        ["q: mean", `${written(own.mean)}, width ${written(own.std)}`],
      ],
    };
  };
  const walk = (what, covering) => ({
    what,
    step() {
      const next = descend(q(), p(), covering);
      for (const trait in next) {
        const [low, high] = model.get("_limits")[trait];
        model.set(trait, Math.min(high, Math.max(low, next[trait])));
      }
      if (next) model.save_changes();
      return next !== null;
    },
  });

  return makeStage({
    model,
    el,
    name: "One Gaussian q over two bumps p",
    height: ZERO + 28,
    draw,
    also: ["weights", "bump_std"],
    handles: [
      { trait: "mean", name: "mean of q", className: "vc-encoder", step: 0.05, says: (value) => written(value) },
      { trait: "std", name: "width of q", className: "vc-encoder", step: 0.05, says: (value) => written(value) },
      { trait: "distance", name: "distance of the bumps", className: "vc-grey", step: 0.1, says: (value) => written(value, 1) },
    ],
    walks: [walk("KL(q\u2009‖\u2009p)", false), walk("KL(p\u2009‖\u2009q)", true)],
  });
}

export default { render };
