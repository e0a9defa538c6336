// Drawings as the images of a data set are: strokes fitted, placed and inked in its way. drawing.py does the same and says why.

/** Lines of a width in pixels, whose edges fade over one pixel. */
function inked(lines, [height, width], stroke) {
  const reach = (stroke + 1) / 2;
  const image = new Float64Array(height * width);
  const ink = ([x, y], [toX, toY]) => {
    const [across, down] = [toX - x, toY - y];
    const length = across ** 2 + down ** 2 || 1;
    const last = (value, end) => Math.min(end - 1, Math.floor(value + reach));
    const first = (value) => Math.max(0, Math.floor(value - reach));
    for (let i = first(Math.min(y, toY)); i <= last(Math.max(y, toY), height); i++)
      for (let j = first(Math.min(x, toX)); j <= last(Math.max(x, toX), width); j++) {
        const [right, below] = [j + 0.5 - x, i + 0.5 - y];
        const along = Math.min(1, Math.max(0, (right * across + below * down) / length));
        const here = Math.min(1, reach - Math.hypot(right - along * across, below - along * down));
        if (here > image[i * width + j]) image[i * width + j] = here;
      }
  };
  for (const line of lines) line.forEach((point, i) => ink(line[Math.max(0, i - 1)], point));
  return image;
}

const moved = (lines, [right, down]) => lines.map((line) => line.map(([x, y]) => [x + right, y + down]));

/** Where the ink's centre of mass lies. */
function centreOf(image, width) {
  let [mass, x, y] = [0, 0, 0];
  image.forEach((ink, i) => {
    mass += ink;
    x += ink * ((i % width) + 0.5);
    y += ink * (Math.floor(i / width) + 0.5);
  });
  return mass ? [x / mass, y / mass] : null;
}

/**
 * A drawing as an image in the manner of a data set.
 * @param {number[][][]} strokes lists of points [x, y], in pixels from the top left corner
 * @param {number[]} shape [height, width, 1]
 * @param {{width: number, extent: ?number, centre: ?number[], levels: number[]}} preparation
 */
export function rasterize(strokes, [height, width], { width: stroke, extent, centre, levels: [low, high] }) {
  let lines = strokes;
  const points = strokes.flat();
  if (!points.length) return new Float64Array(height * width).fill(low);
  const [least, most] = [Math.min, Math.max].map((end) =>
    [0, 1].map((k) => points.map((point) => point[k]).reduce((a, b) => end(a, b))),
  );
  const drawn = Math.max(most[0] - least[0], most[1] - least[1]);
  if (extent !== null && drawn > 0) {
    const scale = Math.max(extent - stroke, 1) / drawn;
    const fit = (value, k, middle) => (value - (least[k] + most[k]) / 2) * scale + middle;
    lines = strokes.map((line) => line.map(([x, y]) => [fit(x, 0, width / 2), fit(y, 1, height / 2)]));
  }
  const image = inked(lines, [height, width], stroke);
  const mass = centre && centreOf(image, width);
  const placed = mass ? inked(moved(lines, [centre[0] - mass[0], centre[1] - mass[1]]), [height, width], stroke) : image;
  return placed.map((ink) => low + (high - low) * ink);
}
