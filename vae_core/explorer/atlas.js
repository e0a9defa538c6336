// The images that the decoder draws all over a window of the plane, decoded a few at a time, from the middle outwards.

const SIDE = 15; // images along a side of the window, if they are square
const LARGEST = 64; // pixels of the longer side of an image in the atlas

/** Columns and rows of images, whose own sides are in proportion. */
function gridOf([height, width]) {
  const skew = Math.sqrt(height / width);
  return [Math.max(1, Math.round(SIDE * skew)), Math.max(1, Math.round(SIDE / skew))];
}

/** The cells of a grid, those in the middle first. */
function outwards(columns, rows) {
  const away = (cell) =>
    ((2 * (cell % columns) + 1) / columns - 1) ** 2 + ((2 * Math.floor(cell / columns) + 1) / rows - 1) ** 2;
  return [...Array(columns * rows).keys()].sort((a, b) => away(a) - away(b));
}

export class Atlas {
  /** For images of a shape; where they are light ink on a dark ground, only the ink is kept, as opacity. */
  constructor(shape, isInk) {
    this.stride = Math.ceil(Math.max(shape[0], shape[1]) / LARGEST);
    this.tile = [shape[0], shape[1]].map((side) => Math.ceil(side / this.stride));
    [this.columns, this.rows] = gridOf(shape);
    [this.height, this.width] = [this.tile[0] * this.rows, this.tile[1] * this.columns];
    this.pixels = new Uint8ClampedArray(4 * this.height * this.width);
    this.order = outwards(this.columns, this.rows);
    Object.assign(this, { shape, isInk, snapshot: null, window: null, done: 0, version: 0 });
  }

  /** Say what it shows. The images of another epoch stay until the new ones replace them. */
  show(snapshot, window) {
    const moved = window.half !== this.window?.half || window.centre.some((value, k) => value !== this.window.centre[k]);
    if (!moved && snapshot === this.snapshot) return;
    if (moved) {
      this.pixels.fill(0);
      this.version++;
    }
    Object.assign(this, { snapshot, window: { centre: [...window.centre], half: window.half }, done: 0 });
  }

  get isComplete() {
    return this.done === this.order.length;
  }

  /** Decode for some milliseconds, one image at least, if any is left to be decoded. */
  work(milliseconds, now = () => performance.now()) {
    if (this.isComplete) return;
    const until = now() + milliseconds;
    do this.#decode(this.order[this.done++]);
    while (!this.isComplete && now() < until);
    this.version++;
  }

  #decode(cell) {
    const [column, row] = [cell % this.columns, Math.floor(cell / this.columns)];
    const { centre, half } = this.window;
    const image = this.snapshot.picture([
      centre[0] + half * ((2 * column + 1) / this.columns - 1),
      centre[1] - half * ((2 * row + 1) / this.rows - 1),
    ]);
    const [, width, channels] = this.shape;
    for (let i = 0; i < this.tile[0]; i++)
      for (let j = 0; j < this.tile[1]; j++) {
        const from = channels * this.stride * (i * width + j);
        const to = 4 * ((row * this.tile[0] + i) * this.width + column * this.tile[1] + j);
        const [light, ...others] = image.subarray(from, from + channels);
        const rgb = this.isInk ? [0, 0, 0] : others.length ? [light, ...others] : [light, light, light];
        this.pixels.set([...rgb.map((value) => 255 * value), this.isInk ? 255 * light : 255], to);
      }
  }
}
