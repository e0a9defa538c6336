// What the explorer says, from the state alone.

import { written } from "./elements.js";
import { priorMass } from "./mathematics.js";
import { nearest } from "./plane.js";

const NEAREST = 5; // codes whose classes are named

const pair = (z) => `(${written(z[0])}, ${written(z[1])})`;

/** What the axes of the plane are called. */
export const axesOf = ({ content }) => (content.dimensions > 2 ? ["a", "b"] : ["z\u2081", "z\u2082"]);

/** The model that is shown, and after which epoch if there are several. */
function modelIn({ content, snapshot }, between) {
  return content.called[snapshot.model][0] + (content.epochs.length > 1 ? `${between} ${snapshot.epoch}` : "");
}

export const whereIn = (store) => `${store.content.dimensions > 2 ? "(a, b)" : "z"} = ${pair(store.z)}`;

export const pictureLabel = (store) => `Image decoded by the ${modelIn(store, " after epoch")} at ${whereIn(store)}`;

/** The classes of the codes nearest to the point. */
export function nearestIn({ snapshot, z }) {
  const near = nearest(snapshot.scatter, z, NEAREST);
  return near.length ? `Nearest dots: ${near.join(", ")}` : "";
}

/** How far out the point is for the prior. An autoencoder has none. */
export function radiusIn({ content, snapshot, z }) {
  if (!snapshot.variational) return "";
  const radius = Math.hypot(...z);
  const nearer = content.dimensions > 2 ? "falls onto the plane nearer its middle" : "lies nearer the origin";
  return `r = ${written(radius)}; ${written(100 * priorMass(radius), 1)} % of the prior ${nearer}`;
}

export const klIn = ({ posterior }) =>
  posterior?.logVar ? `KL(q \u2225 prior) = ${written(posterior.kl, 1)} nats` : "";

/** Everything that is known of the point, for somebody who hears the page. */
export const factsIn = (store) => [radiusIn(store), klIn(store), nearestIn(store)].filter(Boolean).join(". ");

/** What lies beside the plane, of a model with more than two latent dimensions. */
export function planeIn({ content, snapshot }) {
  if (content.dimensions === 2) return "";
  const one = `One plane of the ${content.dimensions} latent dimensions, `;
  if (!snapshot.scatter.codes.length) return `${one}along the first two, a and b; the others are 0.`;
  return (
    `${one}along the two directions, a and b, in which the codes of the images vary most: ` +
    `${written(100 * snapshot.share, 0)} % of their variance. Codes beside the plane are drawn where they fall onto it. ` +
    "The image shown is decoded from the plane, so it is coarser than a reconstruction."
  );
}

/** What a reader may do with the pad, or which encoder has read what lies on it. */
export function sourceCaption(store) {
  const { canDraw, noun, pictureNames, epochs, snapshots } = store.content;
  if (store.posterior) return snapshots.length > 1 ? `Encoder: ${modelIn(store, ", epoch")}` : "Encoded";
  if (!canDraw) return `Pick a ${noun} to encode`;
  if (!store.snapshot.encode) return `Drawings need the encoder of epoch ${epochs.at(-1)}`;
  return `Draw a ${noun}${pictureNames.length ? ", or pick one" : ""}`;
}

export function sourceLabel(store) {
  const { canDraw, noun, pictureNames } = store.content;
  if (store.picked !== null) return `The ${noun} that is encoded: ${pictureNames[store.picked]}`;
  return canDraw ? `Empty, to draw a ${noun} in` : `No ${noun} is picked`;
}

/** What the encoder says of the picture, a line each. */
export function encodedLines(store) {
  const { content, snapshot, posterior, x } = store;
  if (!posterior && x) return [`The page has the encoder of epoch ${content.epochs.at(-1)} only: go there to encode a drawing.`];
  if (!posterior) return [`${content.canDraw ? "Draw" : "Pick"} a ${content.noun}, and the encoder says where it belongs.`];
  if (!snapshot.variational) return [`z = ${pair(posterior.mean)}`, "One point, and no cloud around it."];
  const deviations = posterior.logVar.map((value) => Math.exp(value / 2));
  return [`\u03bc = ${pair(posterior.mean)}`, `\u03c3 = ${pair(deviations)}`, klIn(store)];
}

export function lensLabel({ posterior }) {
  if (!posterior) return "Magnifier, empty until a picture is encoded";
  if (!posterior.logVar) return "The code of the picture, one point";
  return `The cloud q(z|x): ${posterior.cloud.length} samples, in ellipses of one and two standard deviations`;
}

/** What the orange of the exact posterior says. */
export function exactNote({ wantsExact, isComputing, exact }) {
  if (isComputing) return "Computing the exact posterior\u2026";
  if (!wantsExact || !exact) return "";
  const { count, kl } = exact;
  return (
    `Orange: p(z|x), computed at ${count} \u00d7 ${count} points under the magnifier. ` +
    (kl === null ? "For KL(q \u2225 p) they are too coarse, or p leaves the window." : `KL(q \u2225 p) = ${written(kl, 1)} nats.`)
  );
}

/** A legend: what is drawn, and what it means. */
export function legendOf({ content, snapshot }) {
  const { noun } = content;
  const shown = snapshot.scatter.names.length ? ", each in the colour of its class; a name marks the middle of a class." : ".";
  return [
    ...(snapshot.scatter.codes.length ? [["Dots", `where the encoder puts ${noun}s${shown}`]] : []),
    ["Faint images", "what the decoder draws at each place of the plane."],
    ["Cross", "the point z that is decoded. Arrow keys move it, with Shift in large steps."],
    ...(snapshot.variational
      ? [
          ["Dashed circles", "r = 1, 2 and 3 standard deviations of the prior, from which new images are drawn."],
          ["Cloud, ellipses", "q(z|x), the encoder\u2019s answer for one image: samples, and one and two standard deviations."],
          ["KL", "how far q(z|x) is from the prior, in nats: what the answer says beyond \u201csome image\u201d."],
        ]
      : []),
  ];
}

/** Python that decodes this point. */
export function pythonFor({ snapshot, z }) {
  const numbers = z.map((value) => String(Number(value.toFixed(4))));
  return [
    "from vae_core import load_pretrained",
    "",
    `model = load_pretrained("${snapshot.model}", epoch=${snapshot.epoch})`,
    `image = model.decode([[${numbers.join(", ")}]])[0]`,
  ].join("\n");
}

export function fileNameFor({ content, snapshot, z }) {
  const epoch = content.epochs.length > 1 ? `-epoch-${snapshot.epoch}` : "";
  return `${snapshot.model}${epoch}-z-${z.map((value) => value.toFixed(2)).join("-")}.png`;
}

export const stripLabel = (count, [first, last]) =>
  `${count} images decoded along the line from ${first.name} ${pair(first.z)} to ${last.name} ${pair(last.z)}`;
