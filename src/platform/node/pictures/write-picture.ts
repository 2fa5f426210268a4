import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { UsageError } from '../../../errors.js';
import type { DecodedPicture } from '../../../session/codec.js';
import { nameShortage } from '../../../shortage.js';

/** Kinds of files that a rebuilt picture is written as. */
export type WrittenFormat = 'png' | 'jpg' | 'webp' | 'avif' | 'tiff';

/** How to write a rebuilt picture. */
export interface WritePictureOptions {
  /** `png` unless given. PNG and TIFF keep every sample; the others lose what nobody sees at their high quality. */
  format?: WrittenFormat | undefined;
  /** `coded`, the size it has in the file, unless given; or `source`, scaled to that of the photograph. */
  size?: 'coded' | 'source' | undefined;
}

/** A picture as a file. */
export interface WrittenPicture {
  bytes: Uint8Array;
  width: number;
  height: number;
  /** What was decided on the way, in words. */
  notes: string[];
}

/** From so many pixels on, what makes files a little smaller or better is left out where it holds all of the picture. */
const LARGE_PIXELS = 2 ** 25;

/** What the formats are written with: chroma is not halved where that can be chosen, so that nothing is lost twice. */
const WRITERS: Readonly<Record<WrittenFormat, (image: Sharp, isLarge: boolean) => Sharp>> = {
  png: (image) => image.png(),
  // Tables of their own take a second pass over the coefficients: 1 GB more for 100 megapixels.
  jpg: (image, isLarge) => image.jpeg({ quality: 95, chromaSubsampling: '4:4:4', optimiseCoding: !isLarge }),
  // The better halving of the colours takes 0.8 GB more for 100 megapixels.
  webp: (image, isLarge) => image.webp({ quality: 95, smartSubsample: !isLarge }),
  avif: (image) => image.avif({ quality: 90, chromaSubsampling: '4:4:4' }),
  tiff: (image) => image.tiff({ compression: 'deflate', predictor: 'horizontal' }),
};

/** Most pixels a side that the formats have. */
const MOST_PIXELS: Readonly<Record<WrittenFormat, number>> = {
  png: 2 ** 31 - 1,
  jpg: 65_500,
  webp: 16_383,
  avif: 16_384,
  tiff: 2 ** 31 - 1,
};

/**
 * Writes a rebuilt picture as a file of another format. Where the .dicm file keeps the photograph's colour profile, the colours
 * are converted to it and it is put into the file; otherwise they are sRGB.
 *
 * Holds, beside the picture, the file, and what the format needs: little for PNG, JPEG and TIFF.
 *
 * @throws UsageError `format-mismatch` for a format that is not known, or has no pictures of this size
 */
export async function writePicture(
  picture: DecodedPicture,
  { format = 'png', size = 'coded' }: WritePictureOptions = {},
): Promise<WrittenPicture> {
  if (!Object.hasOwn(WRITERS, format)) {
    const known = Object.keys(WRITERS).join(', ');
    throw new UsageError('format-mismatch', `pictures are not written as ${format}; choose one of ${known}`);
  }
  const { width, height } = size === 'source' ? sourceSize(picture) : picture;
  if (Math.max(width, height) > MOST_PIXELS[format]) {
    throw new UsageError(
      'format-mismatch',
      `a picture of ${width} x ${height} does not go into ${format}, which has at most ${MOST_PIXELS[format]} pixels a side; write a png`,
    );
  }
  const draw = async (profile?: string): Promise<Uint8Array> => {
    const raw = { width: picture.width, height: picture.height, channels: 3 } as const;
    let image = sharp(picture.data, { raw, limitInputPixels: false });
    if (width !== picture.width || height !== picture.height) {
      image = image.resize(width, height, { fit: 'fill', kernel: 'lanczos3' });
    }
    if (profile !== undefined) image = image.withIccProfile(profile);
    return WRITERS[format](image, width * height >= LARGE_PIXELS).toBuffer();
  };
  try {
    const { bytes, notes } = await inProfile(picture.icc, draw);
    return { bytes, width, height, notes };
  } catch (error) {
    throw nameShortage(error);
  }
}

/** Size of what a picture shows, in pixels of the photograph. */
function sourceSize({ area, codedWidth, codedHeight, header }: DecodedPicture): {
  width: number;
  height: number;
} {
  const scaled = (part: number, coded: number, source: number) =>
    Math.max(1, Math.round((part * source) / coded));
  return {
    width: scaled(area.width, codedWidth, header.sourceWidth),
    height: scaled(area.height, codedHeight, header.sourceHeight),
  };
}

/** Draws with the profile if it is one of red, green and blue that the library can use. */
async function inProfile(
  icc: Uint8Array | undefined,
  draw: (profile?: string) => Promise<Uint8Array>,
): Promise<{ bytes: Uint8Array; notes: string[] }> {
  if (icc === undefined) return { bytes: await draw(), notes: [] };
  // Signature of the colour space (ICC.1, section 7.2).
  const space = String.fromCharCode(...icc.subarray(16, 20)).trim();
  const ignored = (why: string) => [`the colour profile in the file ${why}; the picture is in sRGB`];
  if (space !== 'RGB') return { bytes: await draw(), notes: ignored('is not one of red, green and blue') };
  // The library takes profiles as files only.
  const folder = await mkdtemp(join(tmpdir(), 'dicm-icc-'));
  try {
    const path = join(folder, 'profile.icc');
    await writeFile(path, icc);
    return { bytes: await draw(path), notes: [] };
  } catch (error) {
    const shortage = nameShortage(error);
    if (shortage !== error) throw shortage;
    return { bytes: await draw(), notes: ignored('cannot be used') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
