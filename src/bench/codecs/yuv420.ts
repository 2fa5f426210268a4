import { BackendError } from '../../errors.js';
import type { Pixels } from './picture-codec.js';

/**
 * Planes Y, Cb, Cr one after another, 8 bits, chroma halved both ways: what video encoders read and write. Sides are
 * even.
 */
export interface Yuv420 {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/**
 * RGB to YCbCr 4:2:0, full-range BT.601 as JPEG has it (ITU-T T.871), chroma averaged over 2 x 2 pixels. An odd side
 * is made even by repeating its last row or column.
 */
export function toYuv420(picture: Pixels): Yuv420 {
  const { width, height } = evenSize(picture);
  const [halfWidth, halfHeight] = [width / 2, height / 2];
  const data = new Uint8Array(width * height * 1.5);
  const cbAt = width * height;
  const crAt = cbAt + halfWidth * halfHeight;
  for (let y = 0; y < halfHeight; y++) {
    for (let x = 0; x < halfWidth; x++) {
      let [cb, cr] = [0, 0];
      for (let i = 0; i < 4; i++) {
        const row = 2 * y + (i >> 1);
        const column = 2 * x + (i & 1);
        const from =
          3 * (Math.min(row, picture.height - 1) * picture.width + Math.min(column, picture.width - 1));
        const [r, g, b] = [picture.data[from]!, picture.data[from + 1]!, picture.data[from + 2]!];
        data[row * width + column] = byte(0.299 * r + 0.587 * g + 0.114 * b);
        cb += -0.168736 * r - 0.331264 * g + 0.5 * b;
        cr += 0.5 * r - 0.418688 * g - 0.081312 * b;
      }
      data[cbAt + y * halfWidth + x] = byte(128 + cb / 4);
      data[crAt + y * halfWidth + x] = byte(128 + cr / 4);
    }
  }
  return { width, height, data };
}

/**
 * YCbCr 4:2:0 back to RGB, chroma interpolated linearly between the centres of its 2 x 2 pixels.
 *
 * @param data - Planes of the even size that belongs to `size`; frames after the first are ignored.
 * @param size - Of the picture that was coded, in pixels.
 * @throws BackendError `program-failed` when a decoder wrote less than one frame.
 */
export function fromYuv420(data: Uint8Array, size: { width: number; height: number }): Pixels {
  const { width, height } = evenSize(size);
  if (data.length < width * height * 1.5) {
    throw new BackendError('program-failed', `a decoder wrote ${data.length} bytes of ${width} x ${height}`);
  }
  const chroma = { width: width / 2, height: height / 2 };
  const cbPlane = data.subarray(width * height, width * height * 1.25);
  const crPlane = data.subarray(width * height * 1.25, width * height * 1.5);
  const rgb = new Uint8Array(size.width * size.height * 3);
  for (let y = 0; y < size.height; y++) {
    const rows = neighbours(y, chroma.height);
    for (let x = 0; x < size.width; x++) {
      const columns = neighbours(x, chroma.width);
      const luma = data[y * width + x]!;
      const cb = interpolate(cbPlane, chroma.width, rows, columns) - 128;
      const cr = interpolate(crPlane, chroma.width, rows, columns) - 128;
      const to = 3 * (y * size.width + x);
      rgb[to] = byte(luma + 1.402 * cr);
      rgb[to + 1] = byte(luma - 0.344136 * cb - 0.714136 * cr);
      rgb[to + 2] = byte(luma + 1.772 * cb);
    }
  }
  return { width: size.width, height: size.height, data: rgb };
}

/** The size with which a picture is coded in 4:2:0. */
export function evenSize({ width, height }: { width: number; height: number }) {
  return { width: width + (width % 2), height: height + (height % 2) };
}

/** The nearer chroma sample, weight 3/4, and the farther one, weight 1/4, of a luma position. */
function neighbours(position: number, extent: number): readonly [near: number, far: number] {
  const near = position >> 1;
  const far = position % 2 === 0 ? near - 1 : near + 1;
  return [near, Math.max(0, Math.min(extent - 1, far))];
}

function interpolate(
  plane: Uint8Array,
  width: number,
  [near, far]: readonly [number, number],
  [left, right]: readonly [number, number],
): number {
  const at = (row: number) => 3 * plane[row * width + left]! + plane[row * width + right]!;
  return (3 * at(near) + at(far)) / 16;
}

function byte(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)));
}
