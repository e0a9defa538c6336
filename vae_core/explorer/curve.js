// A curve over the steps of training, on a canvas. What it shows is chosen by pure functions; nothing is kept.

const AXIS_TEXT = "12px system-ui, sans-serif";
const MARGIN = { left: 38, right: 8, top: 10, bottom: 20 };
const SETTLED_SHARE = 0.1; // of the steps: a fall during these may begin above the panel

/** Round numbers inside [low, high], about `count` of them. */
export function ticksIn(low, high, count = 4) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const gap = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / gap - 1e-9); i * gap <= high + 1e-9 * gap; i++) ticks.push(Number((i * gap).toPrecision(12)));
  return ticks;
}

/**
 * The values that a panel shows: all but those of the first steps, where a loss falls from a height that would flatten
 * all the rest. At least `least` high; from 0 if `fromZero`.
 */
export function rangeOf(steps, series, { least, fromZero = false }) {
  const settled = SETTLED_SHARE * (steps.at(-1) ?? 0);
  let [low, high] = [Infinity, -Infinity];
  for (const values of series)
    values.forEach((value, i) => {
      if (!Number.isFinite(value) || steps[i] < settled) return;
      [low, high] = [Math.min(low, value), Math.max(high, value)];
    });
  if (low > high) return [0, least];
  if (fromZero) return [0, Math.max(least, 1.08 * high)];
  const middle = (low + high) / 2;
  const half = Math.max(least, 1.16 * (high - low)) / 2;
  return [Math.max(0, middle - half), Math.max(0, middle - half) + 2 * half];
}

/** Positions of at most about `count` of `length` entries, the last one always among them. */
export function thinned(length, count) {
  const gap = Math.max(1, Math.ceil(length / count));
  const kept = [];
  for (let i = (length - 1) % gap; i < length; i += gap) kept.push(i);
  return kept;
}

/**
 * Draw the training and the held-out values of one term.
 * @param {{steps: number[], train: number[], heldOut: number[], range: number[], color: string, dashed: boolean,
 *   marks: {step: number, text: string}[], ink: string, ground: string}} scene
 */
export function drawCurve(context, { width, height }, { steps, train, heldOut, range, color, dashed, marks, ink, ground }) {
  const [right, bottom] = [width - MARGIN.right, height - MARGIN.bottom];
  const last = Math.max(steps.at(-1) ?? 0, 50);
  const x = (step) => MARGIN.left + ((right - MARGIN.left) * step) / last;
  const y = (value) => bottom - ((bottom - MARGIN.top) * (value - range[0])) / (range[1] - range[0]);
  context.clearRect(0, 0, width, height);
  context.font = AXIS_TEXT;
  context.fillStyle = context.strokeStyle = ink;
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const tick of ticksIn(...range)) {
    context.globalAlpha = 0.18;
    context.beginPath();
    context.moveTo(MARGIN.left, y(tick));
    context.lineTo(right, y(tick));
    context.stroke();
    context.globalAlpha = 1;
    context.fillText(String(tick), MARGIN.left - 6, y(tick));
  }
  const stepTicks = ticksIn(0, last, width < 240 ? 2 : 4);
  stepTicks.forEach((tick, i) => {
    context.textAlign = i ? (x(tick) > right - 20 ? "right" : "center") : "left";
    context.fillText(i === stepTicks.length - 1 ? `step ${tick}` : String(tick), x(tick), height - 7);
  });
  context.save();
  context.beginPath();
  context.rect(MARGIN.left, 0, right - MARGIN.left + 2, bottom + 1);
  context.clip();
  const kept = thinned(steps.length, right - MARGIN.left);
  const line = (values) => {
    context.beginPath();
    for (const i of kept) if (Number.isFinite(values[i])) context.lineTo(x(steps[i]), y(values[i]));
    context.stroke();
  };
  context.lineJoin = "round";
  context.strokeStyle = color;
  context.globalAlpha = 0.5;
  line(train);
  context.globalAlpha = 1;
  context.lineWidth = 2.5;
  context.setLineDash(dashed ? [6, 5] : []);
  line(heldOut);
  context.setLineDash([]);
  context.lineWidth = 3;
  context.textAlign = "left";
  for (const { step, text } of marks) {
    context.globalAlpha = 0.6;
    context.fillStyle = ink;
    context.fillRect(x(step), MARGIN.top, 1, bottom - MARGIN.top);
    context.globalAlpha = 1;
    context.strokeStyle = ground;
    const place = [Math.min(x(step) + 4, right - context.measureText(text).width), MARGIN.top + 5];
    context.strokeText(text, ...place);
    context.fillText(text, ...place);
  }
  context.restore();
}
