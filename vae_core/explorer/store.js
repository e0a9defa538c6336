// The state of an explorer: what is chosen and what follows from it. One store serves all views of a model; it knows no page.

import { Atlas } from "./atlas.js";
import { readContent } from "./content.js";
import { rasterize } from "./drawing.js";
import { exactPosterior } from "./exact_posterior.js";
import { glidePoint, SECONDS, trailWith } from "./glide.js";
import { posteriorOf, sampleOf } from "./posterior.js";

const FARTHEST = 100; // |z| that can be asked for
const PIN_NAMES = "ABCDEFGH";
const SAVE = 30; // milliseconds between two messages to Python
const BEAT = 700; // milliseconds for an epoch
const stores = new WeakMap();

/** The one store of a model, whichever of its views asks. */
export function storeOf(model) {
  const content = model.get("_content"); // one object a model, where each view has a `model` of its own
  if (!stores.has(content)) stores.set(content, new Store(model));
  return stores.get(content);
}

export class Store {
  #model;
  #listeners = new Set();
  #saving = 0;
  #playing = 0;
  #encoded = { x: null, posterior: null }; // the picture that is encoded, and q(z|x) as it falls onto the plane, if any
  #decoded = { of: [], image: null };
  #glide = null; // where the point started to move by itself, how long ago, and its trail

  constructor(model) {
    this.#model = model;
    this.content = readContent(model);
    this.atlas = new Atlas(this.content.shape, this.content.isInk);
    Object.assign(this, { strokes: [], pins: [], ends: [0, 1], view: null, wantsExact: false, exact: null });
    model.on("change:z", () => this.#onPoint());
    model.on("change:picked", () => this.#onPicked());
    for (const name of ["model_name", "epoch"]) model.on(`change:${name}`, () => this.#onSnapshot());
    model.on("change:glide", () => this.#onGlide());
    this.#onGlide();
    this.#encode();
  }

  // Who listens.

  /** Call a function after every change; returns the function that ends it. */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed() {
    for (const listener of this.#listeners) listener();
  }

  #set(values) {
    for (const [name, value] of Object.entries(values)) this.#model.set(name, value);
    this.#saving ||= setTimeout(() => ((this.#saving = 0), this.#model.save_changes()), SAVE);
  }

  // What follows from the state.

  get snapshot() {
    const { snapshots } = this.content;
    const [name, epoch] = [this.#model.get("model_name"), this.#model.get("epoch")];
    return snapshots.find((one) => one.model === name && one.epoch === epoch) ?? snapshots.at(-1);
  }

  /** The point that is decoded. */
  get z() {
    if (!this.#glide) return this.#model.get("z");
    return glidePoint(this.#glide.start, this.snapshot.half, this.#glide.seconds);
  }

  get picked() {
    return this.strokes.length ? null : this.#model.get("picked");
  }

  /** The picture that is encoded, if any: what the encoder sees of a drawing, or the one that was picked. */
  get x() {
    return this.#encoded.x;
  }

  /** q(z|x) on the plane: mean, logVar and KL to the prior (both null of an autoencoder), and a cloud of its samples. */
  get posterior() {
    return this.#encoded.posterior;
  }

  /** The window that the plane shows. */
  get window() {
    return this.view ?? this.snapshot;
  }

  /** The window under the magnifier, where q(z|x) is. */
  get lens() {
    if (this.exact) return this.exact.window;
    const { mean, logVar } = this.posterior ?? { mean: this.z };
    const half = logVar ? 3.2 * Math.exp(Math.max(...logVar) / 2) : this.snapshot.half / 10;
    return { centre: [...mean], half };
  }

  get isGliding() {
    return this.#glide !== null;
  }

  get trail() {
    return this.#glide?.trail ?? [];
  }

  /** The image that the decoder makes of the point. */
  get image() {
    const { snapshot, z } = this;
    const { of } = this.#decoded;
    if (of[0] !== snapshot || of[1] !== z[0] || of[2] !== z[1])
      this.#decoded = { of: [snapshot, ...z], image: snapshot.picture(z) };
    return this.#decoded.image;
  }

  /** The two pins between which the strip runs, if there are two. */
  get stretch() {
    return this.pins.length < 2 ? null : this.ends.map((index) => this.pins[index]);
  }

  // What one can do.

  moveTo(z) {
    this.rest();
    this.#set({ z: z.map((value) => Math.max(-FARTHEST, Math.min(FARTHEST, value))) });
  }

  moveBy(step) {
    this.moveTo(this.z.map((value, k) => value + step[k]));
  }

  chooseModel(name) {
    this.#set({ model_name: name });
  }

  /** Go to an epoch by hand, which ends the play. */
  chooseEpoch(epoch) {
    if (this.isPlaying) this.#stop();
    this.#set({ epoch });
  }

  /** The next epoch, or the first again. */
  nextEpoch() {
    const { epochs } = this.content;
    this.#set({ epoch: epochs[(epochs.indexOf(this.snapshot.epoch) + 1) % epochs.length] });
  }

  /** Go through the epochs, to the last one, while anybody looks; or stop. */
  play() {
    if (this.isPlaying) return this.#stop();
    this.#playing = setInterval(() => {
      if (this.#listeners.size) this.nextEpoch();
      if (!this.#listeners.size || this.isLastEpoch) this.#stop();
    }, BEAT);
    if (this.isLastEpoch) this.nextEpoch();
    this.#changed();
  }

  get isPlaying() {
    return this.#playing !== 0;
  }

  get isLastEpoch() {
    return this.snapshot.epoch === this.content.epochs.at(-1);
  }

  #stop() {
    clearInterval(this.#playing);
    this.#playing = 0;
    this.#changed();
  }

  /** Encode a picture, once more if it is the one already. */
  pick(index) {
    this.rest();
    this.strokes.length = 0;
    if (index === this.#model.get("picked")) this.#encode();
    else this.#set({ picked: index });
  }

  beginStroke(point) {
    if (!this.snapshot.encode) this.chooseEpoch(this.content.epochs.at(-1)); // only there the page has an encoder
    this.strokes.push([point]);
    this.#drawn();
  }

  extendStroke(points) {
    this.strokes.at(-1)?.push(...points); // none, if the drawing was cleared meanwhile
    this.#drawn();
  }

  undo() {
    this.strokes.pop();
    this.#drawn();
  }

  clear() {
    this.strokes.length = 0;
    this.#drawn();
  }

  /** Go to a new sample of q(z|x). */
  sample(random = Math.random) {
    const z = sampleOf(this.posterior, random);
    this.posterior.cloud.push(z);
    this.moveTo(z);
  }

  toMean() {
    this.moveTo([...this.posterior.mean]);
  }

  /** The plane close to the point, or the whole of it. */
  zoom() {
    this.rest();
    this.view = this.view ? null : this.#closeUp();
    this.#changed();
  }

  toggleExact() {
    this.wantsExact = !this.wantsExact;
    this.#shade();
  }

  pin() {
    this.pins.push({ name: PIN_NAMES[this.pins.length], z: [...this.z] });
    this.ends = [Math.max(0, this.pins.length - 2), this.pins.length - 1];
    this.#changed();
  }

  get nextPin() {
    return PIN_NAMES[this.pins.length] ?? null;
  }

  unpin() {
    this.pins = [];
    this.#changed();
  }

  chooseEnd(which, index) {
    this.ends = this.ends.map((old, k) => (k === which ? index : old));
    this.#changed();
  }

  /** Let the point move on by itself. */
  glide(seconds) {
    if (!this.#glide) return;
    this.#glide.seconds += seconds;
    if (this.#glide.seconds > SECONDS) return this.rest();
    const { picture, half } = this.snapshot;
    this.#glide.trail = trailWith(this.#glide.trail, this.z, half, picture);
    this.#changed();
  }

  /** Take the point where it is; it does not move by itself any more. */
  rest() {
    if (!this.#glide) return;
    const { z } = this;
    this.#glide = null;
    this.#set({ z, glide: false });
  }

  // What follows from a change, whoever made it.

  #onPoint() {
    const z = this.#model.get("z");
    if (z?.length !== 2 || !z.every(Number.isFinite)) return this.#model.set("z", [0, 0]);
    if (this.#glide) this.#set({ glide: false });
    this.#changed();
  }

  #onPicked() {
    if (this.#model.get("picked") !== null) this.strokes.length = 0;
    this.#encode();
  }

  #onSnapshot() {
    this.view = null;
    this.#encode();
  }

  #onGlide() {
    this.#glide = this.#model.get("glide") ? { start: this.#model.get("z"), seconds: 0, trail: [] } : null;
    this.#changed();
  }

  #drawn() {
    this.rest();
    if (this.#model.get("picked") === null) this.#encode();
    else this.#set({ picked: null });
  }

  #encode() {
    const { snapshot, picked, content } = this;
    let [x, output] = [null, null];
    if (this.strokes.length) {
      x = rasterize(this.strokes, content.shape, content.preparation);
      output = snapshot.encode?.(x);
    } else if (picked !== null) {
      x = content.picked(picked);
      const length = 2 * content.dimensions;
      output = snapshot.posteriors.subarray(length * picked, length * (picked + 1));
    }
    this.#encoded = { x, posterior: output ? posteriorOf(output, snapshot) : null };
    if (this.posterior) this.moveTo([...this.posterior.mean]);
    this.#shade();
    if (this.view && this.posterior) this.view = this.#closeUp();
  }

  #closeUp() {
    const { centre, half } = this.lens;
    return { centre, half: Math.max(0.25, 1.5 * half) };
  }

  /** Whether the exact posterior can be had: in a plane, of an image that has a cloud. */
  get hasExact() {
    return this.content.dimensions === 2 && Boolean(this.posterior?.logVar);
  }

  get isComputing() {
    return this.wantsExact && this.hasExact && !this.exact;
  }

  async #shade() {
    this.exact = null;
    this.#changed();
    const { posterior, x, snapshot } = this;
    if (!this.isComputing) return;
    const isStale = () => !this.wantsExact || this.posterior !== posterior;
    const exact = await exactPosterior(snapshot, posterior, x, isStale);
    if (!exact || isStale()) return;
    this.exact = exact;
    this.#changed();
  }
}
