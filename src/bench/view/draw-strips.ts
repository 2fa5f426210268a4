import { basename, extname } from 'node:path';
import { DicmError } from '../../errors.js';
import { SHEET_SIDE } from '../../image/sheet.js';
import { wrapPixels } from '../../platform/node/pictures/classic-codecs.js';
import { drawSheet } from '../../platform/node/pictures/draw-sheet.js';
import { encodeAlike, worstError } from '../codecs/encode-alike.js';
import { sizeError } from '../codecs/encode-near.js';
import type { PictureCodec, Pixels } from '../codecs/picture-codec.js';
import type { DatasetImage } from '../datasets/dataset.js';
import { openSource, type SourceOptions } from '../measure/open-source.js';
import type { ViewStrip } from './view-report.js';

/** How strips are drawn. */
interface StripOptions extends SourceOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onNote?: ((note: string) => void) | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Codecs whose files are within this of each other's size, as a fraction, can be compared by eye. */
const ALIKE = 0.03;

/**
 * Draws for each picture its middle beside what each codec makes of it in about the same bytes, which stand below: pixel
 * by pixel, so nothing is scaled. A picture that a codec fails on is passed over, which is said.
 *
 * @param bpp - Bits per pixel about which the codecs are brought to the same bytes.
 */
export async function drawStrips(
  images: readonly DatasetImage[],
  codecs: readonly PictureCodec[],
  bpp: number,
  { signal, onNote, onProgress, ...source }: StripOptions,
): Promise<{ strip: ViewStrip; png: Uint8Array }[]> {
  const drawn: { strip: ViewStrip; png: Uint8Array }[] = [];
  const files = stripNames(images);
  for (const [i, { name, path }] of images.entries()) {
    signal?.throwIfAborted();
    try {
      const original = await (await openSource(path, source)).picture();
      const one = await drawStrip(original, codecs, bpp, signal);
      const strip = { image: name, file: files[i]!, ...one.strip };
      if (strip.worstError > ALIKE) {
        onNote?.(
          `the files of the strip of ${name} differ by up to ${(100 * strip.worstError).toFixed(1)} %`,
        );
      }
      drawn.push({ strip, png: one.png });
    } catch (error) {
      if (signal?.aborted || !(error instanceof DicmError)) throw error;
      onNote?.(`no strip of ${name}: ${error.message}`);
    }
    onProgress?.(i + 1, images.length);
  }
  return drawn;
}

async function drawStrip(
  original: Pixels,
  codecs: readonly PictureCodec[],
  bpp: number,
  signal: AbortSignal | undefined,
) {
  const wanted = Math.max(1, Math.round((bpp * original.width * original.height) / 8));
  const alike = await encodeAlike(codecs, original, wanted, { signal });
  const { targetBytes, coded } = alike;
  const crops = [{ picture: await wrapPixels(middleOf(original)), caption: ['original', ''] }];
  for (const [i, { bytes }] of coded.entries()) {
    const codec = codecs[i]!;
    const rebuilt = await codec.decode(bytes, original, { signal });
    const error = sizeError(coded[i]!, targetBytes);
    const off = error > ALIKE ? ` (${(100 * (bytes.length / targetBytes - 1)).toFixed(0)} %)` : '';
    crops.push({
      picture: await wrapPixels(middleOf(rebuilt)),
      caption: [codec.name, `${bytes.length.toLocaleString('en')} bytes${off}`],
    });
  }
  const png = await drawSheet(crops, { columns: crops.length, signal });
  const described = coded.map(({ bytes, setting }, i) => ({
    ...{ id: codecs[i]!.id, setting, bytes: bytes.length },
  }));
  const error = Number(worstError(alike).toFixed(4));
  return { png, strip: { targetBytes, worstError: error, codecs: described } };
}

/** The square in the middle of a picture that a sheet shows without scaling; all of it where it is no larger. */
function middleOf({ width, height, data }: Pixels): Pixels {
  const [w, h] = [Math.min(SHEET_SIDE, width), Math.min(SHEET_SIDE, height)];
  const [left, top] = [(width - w) >> 1, (height - h) >> 1];
  const part = new Uint8Array(3 * w * h);
  for (let y = 0; y < h; y++) {
    const from = 3 * ((top + y) * width + left);
    part.set(data.subarray(from, from + 3 * w), 3 * y * w);
  }
  return { width: w, height: h, data: part };
}

/** Names for files, after the pictures; where two are called the same, the later one gets a number. */
function stripNames(images: readonly DatasetImage[]): string[] {
  const taken = new Set<string>();
  return images.map(({ path }) => {
    const stem = basename(path, extname(path));
    let name = `${stem}.png`;
    for (let n = 2; taken.has(name); n++) name = `${stem}-${n}.png`;
    taken.add(name);
    return name;
  });
}
