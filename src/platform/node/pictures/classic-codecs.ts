import sharp from 'sharp';
import { ImageError } from '../../../errors.js';
import type { Picture } from '../../../image/picture.js';

/** Pixels without where they come from: [height][width][3]. */
type Pixels = Pick<Picture, 'width' | 'height' | 'data'>;

/** Formats that the image library writes and reads with a quality of 1 to 100. */
export type ClassicFormat = 'jpeg' | 'webp' | 'avif';

/** What each format is coded with, beside its quality; part of what identifies a result. */
export const classicOptions = {
  jpeg: { mozjpeg: true },
  webp: { effort: 6, smartSubsample: true },
  avif: { effort: 4, chromaSubsampling: '4:2:0' },
} as const;

/**
 * Encodes pixels in a classic format: JPEG with mozjpeg's trellis quantisation and progressive scans, WebP (VP8), AVIF
 * (AV1). No metadata is written.
 *
 * @param quality - 1 to 100, the format's own scale.
 * @returns The whole file.
 * @throws ImageError `encode-failed`, for example where a side is longer than the format allows.
 */
export async function encodeClassic(
  picture: Pixels,
  format: ClassicFormat,
  quality: number,
): Promise<Uint8Array> {
  try {
    const image = openPixels(picture);
    return new Uint8Array(await image.toFormat(format, { ...classicOptions[format], quality }).toBuffer());
  } catch (cause) {
    throw new ImageError('encode-failed', `${format} at quality ${quality}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Wraps pixels as a PNG without compressing them: the quickest file that every reader takes. */
export async function wrapPixels(picture: Pixels): Promise<Uint8Array> {
  const file = await openPixels(picture).png({ compressionLevel: 0 }).toBuffer();
  return new Uint8Array(file);
}

/** Compresses pixels as a PNG as far as that goes: the same pixels in a file for people. */
export async function compressPixels(picture: Pixels): Promise<Uint8Array> {
  const file = await openPixels(picture).png({ compressionLevel: 9 }).toBuffer();
  return new Uint8Array(file);
}

/** Versions of the libraries behind the formats, for reports: `mozjpeg 0826579`. */
export function classicVersions(): Readonly<Record<ClassicFormat, string>> {
  const { mozjpeg, webp, aom } = sharp.versions as Record<string, string | undefined>;
  return {
    jpeg: `mozjpeg ${mozjpeg ?? 'unknown'}`,
    webp: `libwebp ${webp ?? 'unknown'}`,
    avif: `libaom ${aom ?? 'unknown'}`,
  };
}

function openPixels({ data, width, height }: Pixels) {
  return sharp(data, { raw: { width, height, channels: 3 } });
}
