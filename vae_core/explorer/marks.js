// What lies on the plane and in the magnifier: circles, text, the cloud, the point, pins, and the trail of a glide.
// A view is that of plane.js, a look { ink, ground, accent }, the colours of the page.

export const TEXT = "13px system-ui, sans-serif";

const EDGE = 14; // pixels from the edge, of what lies beyond it

export function circle(context, view, centre, radii) {
  const [x, y] = view.toPixels(centre);
  context.beginPath();
  context.ellipse(x, y, radii[0] * view.scale, radii[1] * view.scale, 0, 0, 2 * Math.PI);
  context.stroke();
}

/** Text that stays legible on whatever lies below it. */
export function write(context, text, x, y, colour, ground) {
  context.lineWidth = 3;
  context.strokeStyle = ground;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

/** q(z|x): samples, and ellipses of one and two standard deviations. */
export function drawPosterior(context, view, { mean, logVar, cloud }, { accent, ground }, radius) {
  const spread = logVar.map((value) => Math.exp(value / 2));
  for (const [colour, width] of [
    [ground, 4],
    [accent, 1.5],
  ])
    for (const times of [1, 2]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      circle(context, view, mean, [times * spread[0], times * spread[1]]);
    }
  if (!radius) return;
  context.fillStyle = accent;
  for (const z of cloud) {
    context.beginPath();
    context.arc(...view.toPixels(z), radius, 0, 2 * Math.PI);
    context.fill();
  }
}

/** Lines, and the same lines thicker below them, so that they are seen on every ground. */
export function strokeTwice(context, { ink, ground }, path) {
  for (const [colour, width] of [
    [ground, 5],
    [ink, 2],
  ]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    path();
    context.stroke();
  }
}

/** Where a point is drawn: in place, or at the edge of a canvas that it lies beyond. */
export function placeOf(view, z) {
  const [x, y] = view.toPixels(z);
  const at = [x, y].map((value) => Math.max(EDGE, Math.min(view.size - EDGE, value)));
  return { at, beyond: x < 0 || y < 0 || x > view.size || y > view.size, towards: Math.atan2(y - at[1], x - at[0]) };
}

/** A cross in a ring, or at the edge an arrow towards a point that lies beyond it. */
export function drawPoint(context, view, z, look, radius = 8) {
  const { at, beyond, towards } = placeOf(view, z);
  const [x, y] = beyond ? at : view.toPixels(z);
  if (!beyond)
    return strokeTwice(context, look, () => {
      context.arc(x, y, radius, 0, 2 * Math.PI);
      for (const [right, down] of [[1, 0], [0, 1]]) {
        context.moveTo(x - 1.6 * radius * right, y - 1.6 * radius * down);
        context.lineTo(x + 1.6 * radius * right, y + 1.6 * radius * down);
      }
    });
  const tip = (angle, reach) => [x + reach * Math.cos(towards + angle), y + reach * Math.sin(towards + angle)];
  strokeTwice(context, look, () => {
    context.moveTo(...tip(Math.PI, 12));
    context.lineTo(...tip(0, 10));
    for (const angle of [2.5, -2.5]) {
      context.moveTo(...tip(0, 10));
      const [dx, dy] = [9 * Math.cos(towards + angle), 9 * Math.sin(towards + angle)];
      context.lineTo(tip(0, 10)[0] + dx, tip(0, 10)[1] + dy);
    }
  });
}

export function drawPins(context, view, pins, { ink, ground }) {
  context.font = TEXT;
  for (const pin of pins) {
    const [x, y] = view.toPixels(pin.z);
    context.fillStyle = ink;
    context.beginPath();
    context.arc(x, y, 10, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = ground;
    context.fillText(pin.name, x, y + 1);
  }
}

/** Images left behind, the older the fainter, each on the page's ground. */
export function drawTrail(context, view, trail, makeTile, { ground }, side) {
  trail.forEach(({ z, image }, i) => {
    const tile = makeTile(image);
    const [x, y] = view.toPixels(z);
    const scale = side / Math.max(tile.width, tile.height);
    const [width, height] = [scale * tile.width, scale * tile.height];
    context.globalAlpha = ((i + 1) / trail.length) ** 1.5;
    context.fillStyle = ground;
    context.fillRect(x - width / 2, y - height / 2, width, height);
    context.drawImage(tile, x - width / 2, y - height / 2, width, height);
  });
  context.globalAlpha = 1;
}
