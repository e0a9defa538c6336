// Images on a see-through canvas, in the colour of the page's ink where they are ink.

import { make } from "./elements.js";

/** Put pixels on a canvas: ink, given as opacity, in a colour; else as they are. */
export function paintTinted(canvas, pixels, width, height, tint) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.globalCompositeOperation = "source-over";
  context.putImageData(new ImageData(pixels, width, height), 0, 0);
  if (!tint) return;
  context.globalCompositeOperation = "source-in";
  context.fillStyle = tint;
  context.fillRect(0, 0, width, height);
}

/** A function from an image to a small canvas of it; it makes each once, for one colour. */
export function makeTiles([height, width, channels], isInk) {
  let made = new WeakMap();
  let tint = null;
  return (image, ink) => {
    if (ink !== tint) [made, tint] = [new WeakMap(), ink];
    if (made.has(image)) return made.get(image);
    const pixels = new Uint8ClampedArray(4 * height * width);
    for (let i = 0; i < height * width; i++) {
      for (let k = 0; k < 3; k++) pixels[4 * i + k] = 255 * image[channels * i + (k % channels)];
      pixels[4 * i + 3] = isInk ? 255 * image[i] : 255;
    }
    const canvas = make("canvas");
    paintTinted(canvas, pixels, width, height, isInk && ink);
    made.set(image, canvas);
    return canvas;
  };
}
