// Images on canvases, and a canvas to draw on. A shape is [height, width, channels], of 1 or 3 channels.

/** Show an image, its numbers clipped to [0, 1], in one column and row of a canvas. */
export function paint(canvas, pixels, [height, width, channels], column = 0, row = 0) {
  const image = new ImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    for (let k = 0; k < 3; k++) image.data[4 * i + k] = 255 * pixels[channels * i + (k % channels)]; // clamps and rounds
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, column * width, row * height);
}

/** A canvas's context, its units the pixels of the page, however dense the screen is; and its size in them. */
export function fitted(canvas, width = canvas.clientWidth || 300, height = canvas.clientHeight || 150) {
  const density = window.devicePixelRatio || 1;
  const wanted = [width * density, height * density].map(Math.round);
  if (canvas.width !== wanted[0] || canvas.height !== wanted[1]) [canvas.width, canvas.height] = wanted;
  const context = canvas.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  return { context, width, height };
}

/** Let a canvas be drawn on: `begin(point)` at the start of a stroke, `extend(points)` along it, in pixels of the image. */
export function letDraw(canvas, [height, width], { begin, extend }) {
  let pen = null; // the pointer that draws
  const position = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (pen !== null || event.button !== 0) return; // another finger, or a button that opens a menu
    pen = event.pointerId;
    canvas.setPointerCapture(pen);
    begin(position(event));
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pen) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    extend((moves.length ? moves : [event]).map(position));
  });
  canvas.addEventListener("lostpointercapture", () => (pen = null)); // however the stroke ended
}

/** Show strokes as they were drawn, on the ground and in the ink of the data, as sharp as the screen is. */
export function paintStrokes(canvas, strokes, [height, width], { width: stroke, levels }) {
  const density = window.devicePixelRatio || 1;
  [canvas.width, canvas.height] = [canvas.clientWidth * density, canvas.clientHeight * density].map(Math.round);
  if (!strokes.length) return;
  const context = canvas.getContext("2d");
  const [fillStyle, strokeStyle] = levels.map((level) => `rgb(${Array(3).fill(255 * level)})`); // clamped
  context.scale(canvas.width / width, canvas.height / height);
  Object.assign(context, { lineWidth: stroke, lineCap: "round", lineJoin: "round", fillStyle, strokeStyle });
  context.fillRect(0, 0, width, height);
  for (const line of strokes) {
    context.beginPath();
    context.moveTo(...line[0]);
    for (const point of line) context.lineTo(...point);
    context.stroke();
  }
}
