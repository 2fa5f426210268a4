import type { Pixels } from '../../src/bench/codecs/picture-codec.js';

/** A smooth picture with one sharp disc, different for each seed. */
export function drawnPicture(width: number, height: number, seed = 0): Pixels {
  const data = new Uint8Array(width * height * 3);
  const [centreX, centreY] = [width * (0.3 + 0.1 * (seed % 5)), height * (0.6 - 0.1 * (seed % 3))];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = Math.hypot(x - centreX, y - centreY) < Math.min(width, height) / 4;
      const at = 3 * (y * width + x);
      data[at] = inside ? 220 : (255 * x) / width;
      data[at + 1] = inside ? 40 + 20 * seed : (255 * y) / height;
      data[at + 2] = 128 + 60 * Math.sin((x + y + 7 * seed) / 20);
    }
  }
  return { width, height, data };
}
