import type { Metadata } from 'sharp';
import type { PictureFormat } from '../../../image/picture-format.js';
import type { SampleMeaning } from './sample-meaning.js';
import { TAG, type TiffDirectory } from './tiff-directory.js';

/** Rows of so many pixels are held by the dozen, and those of a file of 300 bytes may be 4 GB. */
const [LONG_ROW, ROWS_ON_THEIR_WAY] = [2 ** 20, 64];

/**
 * How many pixels of a picture are in memory at a time, however small it is wanted: 0 where the image library takes rows
 * as they come or shrinks while it decodes. Measured as the growth of the process in fitting 49 million pixels to 288:
 *
 * | kind | bytes a pixel |
 * |---|---:|
 * | JPEG, PNG, TIFF in strips or tiles, 8 or 16 bits, turned or not | less than 1 |
 * | WebP, lossy and lossless; SVG | less than 1 to 3, and a WebP file has 16,383 pixels a side at the most |
 * | interlaced PNG | 3 for RGB, 8 for 16-bit RGBA |
 * | progressive JPEG | 2.5, without subsampling 5.5: its coefficients |
 * | GIF | 4 |
 * | AVIF | 18 |
 * | TIFF whose colours are apart | 4, of a strip |
 * | TIFF in floating point, or with a sample left out | 16 to 20, by what `readRawColours` holds |
 * | anything with rows of a million pixels and more | 10 to 12, of some 64 rows on their way |
 */
export async function heldPixels(
  metadata: Metadata,
  format: PictureFormat | undefined,
  { float, surplus }: SampleMeaning,
  tiff: TiffDirectory | undefined,
): Promise<number> {
  const pixels = metadata.width * metadata.height;
  if (float || surplus || metadata.isProgressive === true) return pixels;
  if (format?.reads === 'gif' || format?.reads === 'avif') return pixels;
  if (tiff !== undefined && (await tiff.number(TAG.planar)) === 2) {
    const rows = (await tiff.number(TAG.rowsPerStrip)) ?? 0;
    return metadata.width * Math.min(rows, metadata.height);
  }
  return metadata.width > LONG_ROW ? metadata.width * ROWS_ON_THEIR_WAY : 0;
}
