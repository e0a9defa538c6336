// Random numbers that a seed fixes: for the weights, the order of the images and the noise, each a stream of its own.

import { normalPair } from "./mathematics.js";

/** Numbers in [0, 1) from two integers: sfc32 (Doty-Humphrey's "small fast counter"), which passes PractRand. */
export function makeRandom(seed, stream) {
  let [a, b, c, counter] = [seed | 0, stream | 0, 0x9e3779b9 | 0, 1];
  const next = () => {
    const sum = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 20; i++) next(); // until every bit of the seed has reached every bit of the state
  return next;
}

/** The integers below a number in random order (Fisher and Yates). */
export function shuffled(count, random) {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Indices of one batch after another, epoch after epoch; a batch may end in the next epoch. */
export function makeBatches(count, size, random) {
  let [order, place] = [shuffled(count, random), 0];
  const next = () => {
    if (place === count) [order, place] = [shuffled(count, random), 0];
    return order[place++];
  };
  return () => Uint32Array.from({ length: size }, next);
}

/** Standard normal numbers. */
export function normals(count, random) {
  const numbers = new Float32Array(count);
  for (let i = 0; i < count; i += 2) [numbers[i], numbers[i + 1]] = normalPair(random);
  return numbers;
}

/**
 * The noise of one step after another, (size, dimensions). Whatever is made of it, every step draws as many numbers.
 * @returns {(settings: {noise: boolean, break: string | null}) => Float32Array}
 */
export function makeNoise(size, dimensions, random) {
  let first = null;
  return ({ noise, break: mistake }) => {
    const epsilon = normals(size * dimensions, random);
    first ??= epsilon;
    if (!noise) return epsilon.fill(0);
    if (mistake === "frozen_epsilon") return first.slice();
    if (mistake === "one_epsilon") return epsilon.map((_, i) => epsilon[i % dimensions]);
    return epsilon;
  };
}
