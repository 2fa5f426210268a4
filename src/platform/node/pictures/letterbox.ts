import sharp from 'sharp';
import type { Picture } from '../../../image/picture.js';

/** A picture in a frame of another shape. */
export interface Letterboxed {
  /** [height][width][3] of the frame; the picture is in the left upper corner. */
  readonly data: Uint8Array;
  /** Pixels of the frame for a pixel of the picture. */
  readonly scale: number;
}

/**
 * Scales a picture into a frame with its proportions kept, bilinearly, and fills the rest.
 *
 * @param fill - Grey of what the picture leaves, 0 to 255.
 */
export async function letterbox(
  { width, height, data }: Pick<Picture, 'width' | 'height' | 'data'>,
  frame: { readonly width: number; readonly height: number },
  fill: number,
): Promise<Letterboxed> {
  const scale = Math.min(frame.width / width, frame.height / height);
  const inner = {
    width: Math.max(1, Math.min(frame.width, Math.floor(width * scale))),
    height: Math.max(1, Math.min(frame.height, Math.floor(height * scale))),
  };
  const framed = await sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .resize(inner.width, inner.height, { fit: 'fill', kernel: 'linear' })
    .extend({
      right: frame.width - inner.width,
      bottom: frame.height - inner.height,
      background: { r: fill, g: fill, b: fill },
    })
    .raw()
    .toBuffer();
  return { data: new Uint8Array(framed), scale };
}
