import sharp, { type OverlayOptions } from 'sharp';
import type { ImageInput } from '../../../image/picture.js';
import { layOutSheet, SHEET_SIDE } from '../../../image/sheet.js';
import type { Limits } from '../../../limits.js';
import { loadPicture } from './load-picture.js';

/** A picture of a contact sheet. */
export interface SheetPicture {
  /** Path, or bytes of any format that is read. */
  readonly picture: ImageInput;
  /** Lines below it. */
  readonly caption: readonly string[];
}

/** How to draw a contact sheet. */
export interface SheetOptions {
  /** Pictures in a row; 5 unless given. */
  columns?: number | undefined;
  /** Overrides of `defaultLimits`, for the pictures. */
  limits?: Partial<Limits> | undefined;
  /** Abandons the work between pictures. */
  signal?: AbortSignal | undefined;
}

const DEFAULT_COLUMNS = 5;

/** The work behind the library's `drawSheet`. */
export async function drawSheet(
  pictures: readonly SheetPicture[],
  { columns = DEFAULT_COLUMNS, limits, signal }: SheetOptions = {},
): Promise<Uint8Array> {
  const captions = pictures.map(({ caption }) => caption);
  const { width, height, background, places, svg } = layOutSheet(captions, columns);
  const layers: OverlayOptions[] = [{ input: Buffer.from(svg), left: 0, top: 0 }];
  for (const [i, { picture }] of pictures.entries()) {
    signal?.throwIfAborted();
    // What can be seen of a damaged source is enough here.
    const options = { maxSide: SHEET_SIDE, tolerateDamage: true, limits, signal };
    const { data, width: w, height: h } = await loadPicture(picture, options);
    const { left, top } = places[i]!;
    layers.push({
      input: Buffer.from(data.buffer, data.byteOffset, data.length),
      raw: { width: w, height: h, channels: 3 },
      left: left + ((SHEET_SIDE - w) >> 1),
      top: top + ((SHEET_SIDE - h) >> 1),
    });
  }
  const paper = sharp({ create: { width, height, channels: 3, background } });
  return new Uint8Array(await paper.composite(layers).removeAlpha().png().toBuffer());
}
