// The forward pass of the exported networks, in plain JavaScript. See export.py for the format.

/**
 * @typedef {{op: string, in: number[], out: number[], activation: string, stride?: number, size?: number,
 *   corner?: number[]}} Layer
 */

const product = (shape) => shape.reduce((a, b) => a * b, 1);

/** One number of half precision. */
export function halfToNumber(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Bytes of a number of each kind, and the way to read the i-th. Pictures of 8 bits are numbers in [0, 1]. */
const KINDS = {
  uint8: [1, (view, i) => view.getUint8(i) / 255],
  uint16: [2, (view, i) => view.getUint16(2 * i, true)],
  int16: [2, (view, i) => view.getInt16(2 * i, true)],
  float16: [2, (view, i) => halfToNumber(view.getUint16(2 * i, true))],
  float32: [4, (view, i) => view.getFloat32(4 * i, true)],
};

/**
 * Little-endian numbers as an array.
 * @param {DataView} view
 * @param {"uint8" | "uint16" | "int16" | "float16" | "float32"} dtype
 */
export function unpack(view, dtype) {
  const [width, read] = KINDS[dtype];
  const numbers = new Float64Array(view.byteLength / width);
  for (let i = 0; i < numbers.length; i++) numbers[i] = read(view, i);
  return numbers;
}

/** y = activation(x kernel + bias), kernel (in, out). */
function dense(x, y, kernel, bias) {
  const count = y.length;
  y.set(bias);
  for (let i = 0, k = 0; i < x.length; i++) {
    const value = x[i];
    if (value === 0) k += count; // half of the numbers behind a ReLU
    else for (let j = 0; j < count; j++) y[j] += value * kernel[k++];
  }
}

/** Zeros at the top and left of "same" padding, as TensorFlow pads: the odd one goes to the bottom and right. */
const padding = (large, small, size, stride) => Math.max((small - 1) * stride + size - large, 0) >> 1;

/**
 * Every pair of pixels that a kernel joins, as a flat list: pixel of the large image, pixel of the small one, tap.
 * Convolution reads the large image and writes the small one, transposed convolution the reverse.
 */
function joinedPixels([tall, wide], [height, width], size, stride) {
  const [top, left] = [padding(tall, height, size, stride), padding(wide, width, size, stride)];
  const joined = [];
  for (let i = 0; i < height; i++)
    for (let a = 0; a < size; a++) {
      const row = i * stride + a - top;
      if (row < 0 || row >= tall) continue;
      for (let j = 0; j < width; j++)
        for (let b = 0; b < size; b++) {
          const column = j * stride + b - left;
          if (column >= 0 && column < wide) joined.push(row * wide + column, i * width + j, a * size + b);
        }
    }
  return Int32Array.from(joined);
}

/** Kernel (size, size, in, out). */
function convolution(x, y, kernel, bias, layer, joined) {
  const [from, to] = [layer.in[2], layer.out[2]];
  for (let i = 0; i < y.length; i++) y[i] = bias[i % to];
  for (let n = 0; n < joined.length; n += 3) {
    const large = joined[n] * from;
    const small = joined[n + 1] * to;
    let k = joined[n + 2] * from * to;
    for (let c = 0; c < from; c++) {
      const value = x[large + c];
      if (value === 0) k += to;
      else for (let d = 0; d < to; d++) y[small + d] += value * kernel[k++];
    }
  }
}

/** Kernel (size, size, out, in), which is that of the convolution it transposes. */
function transposedConvolution(x, y, kernel, bias, layer, joined) {
  const [from, to] = [layer.in[2], layer.out[2]];
  for (let i = 0; i < y.length; i++) y[i] = bias[i % to];
  for (let n = 0; n < joined.length; n += 3) {
    const large = joined[n] * to;
    const small = joined[n + 1] * from;
    let k = joined[n + 2] * from * to;
    for (let d = 0; d < to; d++) {
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0; // four sums need not wait for one another
      let c = 0;
      for (; c + 3 < from; c += 4, k += 4) {
        s0 += x[small + c] * kernel[k];
        s1 += x[small + c + 1] * kernel[k + 1];
        s2 += x[small + c + 2] * kernel[k + 2];
        s3 += x[small + c + 3] * kernel[k + 3];
      }
      for (; c < from; c++) s0 += x[small + c] * kernel[k++];
      y[large + d] += s0 + s1 + s2 + s3;
    }
  }
}

/** A scale and a shift a channel. */
function affine(x, y, scale, shift) {
  for (let i = 0, c = 0; i < y.length; i++, c = c + 1 === scale.length ? 0 : c + 1) y[i] = x[i] * scale[c] + shift[c];
}

/** Part of an image: `corner` is its first row and column. */
function crop(x, y, _kernel, _bias, { in: [, wide], out: [height, width, channels], corner: [top, left] }) {
  for (let i = 0, to = 0; i < height; i++)
    for (let k = ((i + top) * wide + left) * channels, end = k + width * channels; k < end; ) y[to++] = x[k++];
}

const activation = (x, y) => y.set(x);

const OPERATIONS = { dense, convolution, "transposed convolution": transposedConvolution, affine, crop, activation };

const ACTIVATIONS = {
  linear: null,
  relu: (value) => (value < 0 ? 0 : value),
  sigmoid: (value) => 1 / (1 + Math.exp(-value)),
  silu: (value) => value / (1 + Math.exp(-value)),
  tanh: Math.tanh,
};

/** How many numbers the kernel and the bias of a layer have. */
function weightCounts({ op, in: from, out: to, size }) {
  if (op === "crop" || op === "activation") return [0, 0];
  if (op === "affine") return [to.at(-1), to.at(-1)];
  return [(op === "dense" ? 1 : size ** 2) * from.at(-1) * to.at(-1), to.at(-1)];
}

/** What the kernel of a layer joins, if it is moved over an image. */
function pixelsOf({ op, in: from, out: to, size, stride }) {
  if (op === "convolution") return joinedPixels(from, to, size, stride);
  return op === "transposed convolution" ? joinedPixels(to, from, size, stride) : null;
}

/**
 * The function from an input to an output that a network is. The array it returns is used again by the next call.
 * @param {Layer[]} layers
 * @param {Float64Array} weights
 * @returns {(x: ArrayLike<number>) => Float64Array}
 */
export function makeNetwork(layers, weights) {
  let used = 0;
  const take = (count) => weights.subarray(used, (used += count));
  const steps = layers.map((layer) => {
    const run = OPERATIONS[layer.op];
    if (!run) throw new Error(`This page cannot run a layer of the kind "${layer.op}".`);
    const [kernel, bias] = weightCounts(layer).map(take);
    return { layer, run, kernel, bias, output: new Float64Array(product(layer.out)), joined: pixelsOf(layer) };
  });
  if (used !== weights.length) throw new Error(`The network needs ${used} weights and has ${weights.length}.`);
  if (!weights.every(Number.isFinite)) throw new Error("Some weights of the network are not numbers.");
  return (input) => {
    let x = input;
    for (const { layer, run, output, kernel, bias, joined } of steps) {
      run(x, output, kernel, bias, layer, joined);
      const activate = ACTIVATIONS[layer.activation];
      if (activate) for (let i = 0; i < output.length; i++) output[i] = activate(output[i]);
      x = output;
    }
    return x;
  };
}
