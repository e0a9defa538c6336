// The front end of vae_core.explorer.NoiseCanvas: how much noise the codes of a few images should have.

import { written } from "./elements.js";
import { curve, drawAxis, line, makeAxis, makeStage, shape, words } from "./stage.js";
import { blend, lowest, twoTerms, weightedSum } from "./noise.js";

const LINE = [-2.6, 2.6];
const [BUMPS, STRIP, ROW, CHART, BASE, TRACK] = [84, 112, 11, 200, 344, 406]; // heights in pixels from the top
const MOST = 12; // nats on the chart
const SLICES = 240; // of the decoded line

const logarithmic = { to: Math.log2, from: (power) => 2 ** power };
const NONE = -6; // the power of two that stands for a weight of 0
const weights = {
  to: (weight) => (weight ? Math.max(Math.log2(weight), NONE) : NONE),
  from: (power) => (power > NONE + 0.5 ? 2 ** power : 0),
};
/** A weight or a factor as a fraction, as the text writes it. */
const fraction = (value) => (value >= 1 || !value ? written(value, value % 1 ? 2 : 0) : `1/${written(1 / value, (1 / value) % 1 ? 1 : 0)}`);

function render({ model, el }) {
  const limits = model.get("_limits");
  const scales = makeAxis(limits.noise, 400, logarithmic).values(57);
  let means, variance, measured; // both terms at every scale
  const measure = () => {
    [means, variance] = ["means", "variance"].map((trait) => model.get(trait));
    measured = scales.map((s) => twoTerms(means, s, variance));
  };

  /** The decoded image of every slice of the line, a column each; neighbours of one grey are one rectangle. */
  const strip = (axis, s) => {
    const images = axis.values(SLICES).map((z) => blend(means, s, z));
    const edge = (i) => axis.to(LINE[0]) + ((axis.to(LINE[1]) - axis.to(LINE[0])) * i) / SLICES;
    return means.flatMap((_, row) => {
      const greys = images.map((image) => Math.round(48 * image[row]));
      const starts = [...greys.keys()].filter((i) => greys[i] !== greys[i - 1]);
      return starts.map((start, k) =>
        shape("rect", {
          x: edge(start),
          y: STRIP + ROW * row,
          width: edge(starts[k + 1] ?? SLICES) - edge(start) + 0.5,
          height: ROW + 0.5,
          "shape-rendering": "crispEdges",
          fill: `rgb(${Array(3).fill(Math.round((255 * greys[start]) / 48))})`,
        }),
      );
    });
  };
  const draw = (width) => {
    const [axis, noises, track] = [
      makeAxis(LINE, width),
      makeAxis(limits.noise, width, logarithmic),
      makeAxis(limits.weight, width, weights),
    ];
    if (means !== model.get("means") || variance !== model.get("variance")) measure();
    const [s, beta] = [model.get("noise"), model.get("weight")];
    const now = twoTerms(means, s, variance);
    const best = lowest(measured, beta);
    const bump = (mean, std) => axis.values(321).map((z) => [axis.to(z), BUMPS - 58 * Math.exp(-0.5 * ((z - mean) / std) ** 2)]);
    const height = (nats) => BASE - ((BASE - CHART) * Math.min(nats, MOST)) / MOST;
    const chart = (term, className) => curve(measured.filter((each) => term(each) <= MOST).map((each) => [noises.to(each.s), height(term(each))]), className);
    const middle = means[means.length >> 1];
    return {
      shapes: [
        curve(bump(0, 1), "vc-line vc-dashed vc-prior"),
        words("prior", axis.to(LINE[1]), 16, "vc-prior", "end"),
        ...means.flatMap((mean) => [curve(bump(mean, s), "vc-area vc-encoder", BUMPS), curve(bump(mean, s), "vc-line vc-encoder")]),
        line(axis.to(LINE[0]), BUMPS, axis.to(LINE[1]), BUMPS, "vc-axis"),
        words("z", axis.to(LINE[1]), BUMPS - 6, "vc-muted", "end"),
        words("decoded image at each z:", axis.to(LINE[0]), STRIP - 6, "vc-decoder", "start"),
        ...strip(axis, s),
        ...[0, 6, 12].flatMap((nats) => [
          line(noises.to(limits.noise[0]), height(nats), noises.to(limits.noise[1]), height(nats), "vc-thin vc-grey"),
          words(`${nats}${nats === MOST ? " nats" : ""}`, noises.to(limits.noise[0]) + 2, height(nats) - 4, "vc-muted", "start"),
        ]),
        ...drawAxis(noises, limits.noise, BASE, [1 / 32, 1 / 8, 1 / 2, 2], "", fraction),
        words("noise σ of every code", noises.to(limits.noise[1]), BASE + 32, "vc-muted", "end"),
        chart(({ reconstruction }) => reconstruction, "vc-line vc-dashed vc-decoder"),
        chart(({ kl }) => beta * kl, "vc-line vc-dashed vc-kl"),
        chart((each) => weightedSum(each, beta), "vc-line"),
        shape("circle", { cx: noises.to(best.s), cy: height(weightedSum(best, beta)), r: 11, class: "vc-ring" }),
        words("lowest sum", noises.to(best.s), height(weightedSum(best, beta)) - 18),
        line(noises.to(s), CHART, noises.to(s), BASE, "vc-thin vc-encoder"),
        ...drawAxis(track, limits.weight, TRACK, [0, 1 / 16, 1 / 4, 1, 2, 4, 8], "", fraction),
        words("weight β of the KL term", track.to(limits.weight[1]), TRACK + 32, "vc-muted", "end"),
        words("β × KL", noises.to(1 / 40), height(beta * measured[7].kl) + 18, "vc-kl"),
        words("reconstruction", noises.to(limits.noise[1]), height(3), "vc-decoder", "end"),
      ],
      handles: [
        { x: axis.to(middle + s), y: BUMPS - 58 * Math.exp(-0.5), read: (x) => Math.max(axis.from(x) - middle, 1e-3) },
        { x: noises.to(s), y: height(weightedSum(now, beta)), read: noises.from },
        { x: track.to(beta), y: TRACK, read: track.from },
      ],
      facts: [
        ["reconstruction", written(now.reconstruction), "vc-decoder"],
        [`+ ${fraction(beta)} × KL`, written(now.kl), "vc-kl"],
        ["= sum", `${written(weightedSum(now, beta))} nats`],
      ],
    };
  };

  /** A step to the side on which the sum is lower, if there is one. */
  const step = () => {
    const away = scales.map((s) => Math.abs(Math.log(s / model.get("noise"))));
    const here = away.indexOf(Math.min(...away));
    const better = lowest(measured.slice(Math.max(here - 1, 0), here + 2), model.get("weight")).s;
    if (better === scales[here]) return false;
    model.set("noise", better);
    model.save_changes();
    return true;
  };
  const noise = { trait: "noise", className: "vc-encoder", step: 1 / 16, scale: logarithmic, says: (value) => written(value) };
  return makeStage({
    model,
    el,
    name: "Noise in the codes of a few images, and what it costs",
    height: TRACK + 38,
    draw,
    also: ["means", "variance"],
    handles: [
      { ...noise, name: "width of every code" },
      { ...noise, name: "noise σ on the curve of the sum" },
      { trait: "weight", name: "weight of the KL term", className: "vc-kl", step: 1, scale: weights, says: fraction },
    ],
    walks: [{ what: "the sum", step }],
  });
}

export default { render };
