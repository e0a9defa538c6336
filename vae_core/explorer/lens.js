// What the magnifier shows: the cloud q(z|x), the exact posterior if it is asked for, and the point on its way to a sample.

import { drawPosterior, drawPoint } from "./marks.js";
import { drawShares, makeView } from "./plane.js";

const SAMPLE_DOT = 2; // pixels

/** Draw it on a canvas of a size in pixels. `flight` is how far the point has come from the mean to where it is. */
export function drawLens(context, size, { lens, posterior, exact, z, flight }, look) {
  const view = makeView(lens.centre, lens.half, size);
  context.clearRect(0, 0, size, size);
  if (!posterior) return;
  if (exact) drawShares(context, view, exact);
  const { mean, logVar } = posterior;
  if (logVar) drawPosterior(context, view, posterior, look, SAMPLE_DOT);
  const at = mean.map((value, k) => value + flight * (z[k] - value));
  if (flight < 1) {
    context.strokeStyle = look.ink;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(...view.toPixels(mean));
    context.lineTo(...view.toPixels(at));
    context.stroke();
  }
  drawPoint(context, view, at, look, 5);
}
