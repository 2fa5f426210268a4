import { LATENT_STRIDE, type PictureArea } from '../geometry.js';
import type { FeatureMap } from '../nn/backend.js';

/** Where two areas meet. */
export function commonArea(a: PictureArea, b: PictureArea): PictureArea {
  const [x, y] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  const [right, bottom] = [Math.min(a.x + a.width, b.x + b.width), Math.min(a.y + a.height, b.y + b.height)];
  return { x, y, width: right - x, height: bottom - y };
}

/** An area of a picture with as many latent positions around it on every side, as far as the picture goes. */
export function withContext(
  { x, y, width, height }: PictureArea,
  positions: number,
  picture: { readonly width: number; readonly height: number },
): PictureArea {
  const margin = positions * LATENT_STRIDE;
  const around = { x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin };
  return commonArea(around, { x: 0, y: 0, width: picture.width, height: picture.height });
}

/** A part of a map, `x` and `y` from its corner, all in its positions. */
export function cropMap(map: FeatureMap, { x, y, width, height }: PictureArea): FeatureMap {
  if (width === map.width && height === map.height) return map;
  const { channels } = map;
  const data = new Float32Array(height * width * channels);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * map.width + x) * channels;
    data.set(map.data.subarray(from, from + width * channels), row * width * channels);
  }
  return { data, height, width, channels };
}
