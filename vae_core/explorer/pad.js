// A square to draw a digit in, and what MNIST would have made of it.

export const SIDE = 28;
const BRUSH = 1.15; // pixels of solid ink about the pen; it fades out over one more

/** Ink along a line, kept where it is darker already. */
export function stroke(pixels, [x, y], [toX, toY]) {
  const steps = Math.max(1, Math.ceil(2 * Math.hypot(toX - x, toY - y)));
  for (let step = 0; step <= steps; step++) {
    const [a, b] = [x + ((toX - x) * step) / steps, y + ((toY - y) * step) / steps];
    for (let i = Math.max(0, Math.floor(b - 3)); i < Math.min(SIDE, b + 3); i++)
      for (let j = Math.max(0, Math.floor(a - 3)); j < Math.min(SIDE, a + 3); j++) {
        const ink = Math.min(1, Math.max(0, BRUSH + 1 - Math.hypot(j + 0.5 - a, i + 0.5 - b)));
        pixels[i * SIDE + j] = Math.max(pixels[i * SIDE + j], ink);
      }
  }
}

/** The drawing with its centre of mass in the middle, as every digit of MNIST has it; moved by whole pixels. */
export function centred(pixels) {
  let [mass, x, y] = [0, 0, 0];
  pixels.forEach((ink, i) => {
    mass += ink;
    x += ink * (i % SIDE);
    y += ink * Math.floor(i / SIDE);
  });
  const moved = new Float64Array(SIDE * SIDE);
  if (!mass) return moved;
  const [right, down] = [Math.round(SIDE / 2 - x / mass - 0.5), Math.round(SIDE / 2 - y / mass - 0.5)];
  pixels.forEach((ink, i) => {
    const [j, k] = [(i % SIDE) + right, Math.floor(i / SIDE) + down];
    if (j >= 0 && j < SIDE && k >= 0 && k < SIDE) moved[k * SIDE + j] = ink;
  });
  return moved;
}

/** Show numbers in [0, 1] as a grey image of 28 x 28. */
export function paint(canvas, pixels, column = 0) {
  const image = new ImageData(SIDE, SIDE);
  for (let i = 0; i < pixels.length; i++) {
    const grey = Math.round(255 * Math.min(1, Math.max(0, pixels[i])));
    image.data.set([grey, grey, grey, 255], 4 * i);
  }
  canvas.getContext("2d").putImageData(image, column * SIDE, 0);
}

/** Let a canvas be drawn on; `onDrawn(pixels)` after every move. Returns the pixels. */
export function makePad(canvas, onDrawn) {
  const pixels = new Float64Array(SIDE * SIDE);
  let before = null;
  const position = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
  };
  const draw = (event) => {
    if (!before) return;
    const now = position(event);
    stroke(pixels, before, now);
    before = now;
    onDrawn(pixels);
    event.preventDefault();
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    before = position(event);
    draw(event);
  });
  canvas.addEventListener("pointermove", draw);
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (before = null));
  return pixels;
}
