// The way of a point that moves by itself, until somebody takes it.

const TURN = 0.28; // radians a second
const BREATHS = 0.19; // of the distance from the middle, radians a second
const TRAIL = 9; // images left behind
const APART = 0.13; // of half a window, between two of them

export const SECONDS = 60; // until it rests

/** Where it is after some seconds: round the middle, and now nearer, now farther; it begins at the start, at rest. */
export function glidePoint([a, b], half, seconds) {
  if (seconds === 0) return [a, b];
  const eased = seconds < 1 ? seconds ** 2 / 2 : seconds - 0.5;
  const radius = Math.hypot(a, b) || 1e-9;
  const other = radius > 0.35 * half ? 0.28 * half : 0.5 * half;
  const now = radius + ((other - radius) * (1 - Math.cos(BREATHS * eased))) / 2;
  const angle = Math.atan2(b, a) + TURN * eased;
  return [now * Math.cos(angle), now * Math.sin(angle)];
}

/** The trail with a point more, if it is far enough from the last one. */
export function trailWith(trail, z, half, makeImage) {
  const last = trail.at(-1)?.z;
  if (last && Math.hypot(z[0] - last[0], z[1] - last[1]) < APART * half) return trail;
  return [...trail, { z, image: makeImage(z) }].slice(-TRAIL);
}
