import sharp, { type FailOnOptions, type Metadata, type Sharp } from 'sharp';
import type { ImageInput } from '../../../image/picture.js';
import { nameShortage } from '../../../shortage.js';
import { floatColours, keepColours } from './raw-samples.js';
import type { SampleMeaning } from './sample-meaning.js';

/** How to decode a picture. */
export interface Decoding {
  readonly metadata: Metadata;
  readonly meaning: SampleMeaning;
  /** Coded size, in pixels. */
  readonly width: number;
  readonly height: number;
}

/** Decoded pixels, and what the image library said on the way. */
export interface DecodedPixels {
  /** [height][width][3] */
  readonly data: Uint8Array;
  /** Warnings; those of other pictures too, where others are read at the same time. */
  readonly warnings: readonly string[];
}

/** How much the image library puts up with: `none` refuses nothing, `warning` whatever it has a word about. */
export type FailOn = FailOnOptions;

/** Opens a picture file with the image library. */
export function openSharp(input: ImageInput, failOn: FailOn): Sharp {
  return sharp(input, {
    failOn,
    // Checked against this library's own limits, which the caller can raise.
    limitInputPixels: false,
    sequentialRead: true,
  });
}

/**
 * Decodes a picture, turns it upright, converts it to sRGB, flattens it on white and fits it.
 *
 * @throws Error of the image library; ResourceError where it had not enough memory, which is no damage
 */
export async function decodePixels(
  input: ImageInput,
  failOn: FailOn,
  decoding: Decoding,
): Promise<DecodedPixels> {
  try {
    return await decodeFitted(input, failOn, decoding);
  } catch (error) {
    throw nameShortage(error);
  }
}

async function decodeFitted(
  input: ImageInput,
  failOn: FailOn,
  { metadata, meaning, width, height }: Decoding,
): Promise<DecodedPixels> {
  const warnings: string[] = [];
  const image = openSharp(input, failOn);
  image.on('warning', (warning: string) => warnings.push(warning.trim()));
  image.autoOrient();
  let fitted = image;
  if (meaning.float || meaning.surplus) {
    const raw = await readRawColours(image, metadata, meaning);
    fitted = sharp(raw.data, { raw: { ...raw.size, channels: 3 }, limitInputPixels: false });
  } else if (metadata.hasAlpha) image.flatten({ background: '#ffffff' });
  // Dimensions are of the turned picture; `fill` because they already have its proportions.
  const { data, info } = await fitted
    .resize(width, height, { fit: 'fill', kernel: 'lanczos3' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.width !== width || info.height !== height || info.channels !== 3) {
    throw new Error(`decoded to ${info.width} x ${info.height} x ${info.channels}`);
  }
  return { data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), warnings };
}

/** Reads every pixel of a picture whose samples the library would take for something else, as 8-bit RGB. */
async function readRawColours(image: Sharp, metadata: Metadata, { float, surplus }: SampleMeaning) {
  if (float) {
    // Grey as grey, colours in the space that the library takes floats for: its numbers leave it as they were.
    const space = metadata.space === 'b-w' ? 'b-w' : 'scrgb';
    image.pipelineColourspace(space).toColourspace(space).raw({ depth: 'float' });
  } else image.toColourspace('srgb').raw({ depth: 'uchar' });
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const size = { width, height };
  if (!float) return { data: keepColours(data, channels), size };
  const samples = new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
  return { data: floatColours(samples, channels, surplus), size };
}
