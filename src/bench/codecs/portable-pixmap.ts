import { ImageError } from '../../errors.js';
import type { Pixels } from './picture-codec.js';

/** Writes pixels as a binary portable pixmap (P6, 8 bits a sample), which every codec's program reads. */
export function writePixmap({ width, height, data }: Pixels): Uint8Array {
  const header = Buffer.from(`P6\n${width} ${height}\n255\n`, 'latin1');
  return new Uint8Array(Buffer.concat([header, data]));
}

/**
 * Reads a binary portable pixmap of 8 bits a sample, or a greymap, whose grey is repeated: decoders of pictures
 * without any colour write those.
 *
 * @throws ImageError `bad-pixmap`
 */
export function readPixmap(file: Uint8Array): Pixels {
  const text = Buffer.from(file.subarray(0, 200)).toString('latin1');
  const header = /^P([56])(?:\s|#.*\n)+(\d+)(?:\s|#.*\n)+(\d+)(?:\s|#.*\n)+255\s/.exec(text);
  if (header === null) throw new ImageError('bad-pixmap', 'a decoder wrote no 8-bit pixmap');
  const [whole, kind, width, height] = [header[0], header[1], Number(header[2]), Number(header[3])];
  const samples = file.subarray(whole.length);
  const channels = kind === '6' ? 3 : 1;
  if (samples.length !== width * height * channels) {
    throw new ImageError('bad-pixmap', `a decoder wrote ${samples.length} samples of ${width} x ${height}`);
  }
  if (channels === 3) return { width, height, data: samples };
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => samples[Math.floor(i / 3)]!),
  };
}
