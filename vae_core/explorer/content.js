// What Python packed for the page, unpacked: the models along their training, and the images that can be encoded.

import { makeLikelihood } from "./likelihoods.js";
import { lift } from "./mathematics.js";
import { makeNetwork, unpack } from "./networks.js";
import { makeScatter } from "./plane.js";

const DARK = 0.35; // images of a lower mean are light ink on a dark ground

/** One model after one epoch. Its networks and its codes are read when they are first asked for. */
function readSnapshot(packed, { layers, models, image_shape: shape, ...content }, labels) {
  const made = {};
  const once = (name, make) => (made[name] ??= make());
  const network = (name) => once(name, () => makeNetwork(layers[name], unpack(packed[name], packed.dtype)));
  const { likelihood, ...about } = models[packed.model];
  const { mean, logProb } = makeLikelihood(likelihood, shape.at(-1));
  const decode = (point) => network("decoder")(lift(about, point));
  const codes = () => unpack(packed.codes, "int16").map((value) => value * packed.unit);
  return {
    ...about,
    model: packed.model,
    epoch: packed.epoch,
    get scatter() {
      return once("scatter", () => makeScatter(codes(), labels, content.colors, content.class_names));
    },
    get posteriors() {
      return once("posteriors", () => unpack(packed.posteriors, "float32"));
    },
    picture: (point) => mean(decode(point)),
    logLikelihood: (x, point) => logProb(x, decode(point)),
    encode: packed.encoder.byteLength ? (x) => network("encoder")(x) : null,
  };
}

/** Everything that stays as it is while somebody explores. */
export function readContent(model) {
  const content = model.get("_content");
  const labels = unpack(content.labels, "uint16");
  const snapshots = content.snapshots.map((packed) => readSnapshot(packed, content, labels));
  const [height, width, channels] = content.image_shape;
  const pixels = unpack(content.pictures, content.pictures_dtype);
  const size = height * width * channels;
  const middle = snapshots.at(-1).picture([0, 0]);
  return {
    snapshots,
    shape: content.image_shape,
    noun: content.noun,
    preparation: content.preparation,
    reproducible: content.reproducible,
    called: model.get("model_names"),
    models: [...new Set(snapshots.map((one) => one.model))], // a saved page sorts the keys of names
    epochs: model.get("epochs"),
    pictureNames: model.get("picture_names"),
    dimensions: snapshots[0].offset.length,
    canDraw: snapshots.some((one) => one.encode),
    isInk: channels === 1 && middle.reduce((sum, value) => sum + value, 0) < DARK * size,
    blank: new Float64Array(size).fill(content.preparation?.levels[0] ?? 0), // all ground
    picked: (index) => pixels.subarray(index * size, (index + 1) * size),
  };
}
