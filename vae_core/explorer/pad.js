// Images on canvases, and a canvas to draw on. A shape is [height, width, channels], of 1 or 3 channels.

const BRUSH = 1.15 / 28; // of the shorter side: solid ink about the pen, which fades out over one pixel more

/** Ink along a line, kept where it is darker already. */
export function stroke(pixels, [height, width], [x, y], [toX, toY]) {
  const brush = BRUSH * Math.min(height, width);
  const reach = Math.ceil(brush + 1);
  const steps = Math.max(1, Math.ceil(2 * Math.hypot(toX - x, toY - y)));
  for (let step = 0; step <= steps; step++) {
    const [a, b] = [x + ((toX - x) * step) / steps, y + ((toY - y) * step) / steps];
    for (let i = Math.max(0, Math.floor(b) - reach); i < Math.min(height, b + reach); i++)
      for (let j = Math.max(0, Math.floor(a) - reach); j < Math.min(width, a + reach); j++) {
        const ink = Math.min(1, Math.max(0, brush + 1 - Math.hypot(j + 0.5 - a, i + 0.5 - b)));
        pixels[i * width + j] = Math.max(pixels[i * width + j], ink);
      }
  }
}

/** The drawing with its centre of mass in the middle, as every digit of MNIST has it; moved by whole pixels. */
export function centred(pixels, [height, width]) {
  let [mass, x, y] = [0, 0, 0];
  pixels.forEach((ink, i) => {
    mass += ink;
    x += ink * (i % width);
    y += ink * Math.floor(i / width);
  });
  const moved = new Float64Array(pixels.length);
  if (!mass) return moved;
  const [right, down] = [Math.round((width - 1) / 2 - x / mass), Math.round((height - 1) / 2 - y / mass)];
  pixels.forEach((ink, i) => {
    const [j, k] = [(i % width) + right, Math.floor(i / width) + down];
    if (j >= 0 && j < width && k >= 0 && k < height) moved[k * width + j] = ink;
  });
  return moved;
}

/** Show an image, its numbers clipped to [0, 1], in one column of a canvas. */
export function paint(canvas, pixels, [height, width, channels], column = 0) {
  const image = new ImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    for (let k = 0; k < 3; k++) image.data[4 * i + k] = 255 * pixels[channels * i + (k % channels)]; // clamps and rounds
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, column * width, 0);
}

/** Let a canvas be drawn on; `onDrawn()` after every move. Returns the pixels. */
export function makePad(canvas, [height, width], onDrawn) {
  const pixels = new Float64Array(height * width);
  let before = null;
  const position = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  };
  const draw = (event) => {
    if (!before) return;
    const now = position(event);
    stroke(pixels, [height, width], before, now);
    before = now;
    onDrawn();
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
