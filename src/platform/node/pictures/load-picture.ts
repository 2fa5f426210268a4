import sharp, { type Metadata, type Sharp } from 'sharp';
import { ImageError, LimitError } from '../../../errors.js';
import { fitSize } from '../../../image/fit-size.js';
import type { ImageInput, LoadOptions, Picture } from '../../../image/picture.js';
import { type Limits, resolveLimits } from '../../../limits.js';
import { openImageInput } from './image-input.js';

/**
 * Loads any picture the image library reads and brings it into the form the networks see: Exif orientation
 * applied, colours converted to 8-bit sRGB by the embedded profile, alpha flattened on white, the longer side
 * fitted with a Lanczos filter.
 *
 * Peak memory is about 3 bytes per coded pixel (6 when a photograph has to be turned).
 *
 * @throws ImageError when the input is missing, is no picture, or is damaged.
 * @throws LimitError for a picture with more pixels than `limits` allow, before it is decoded.
 */
export async function loadPicture(input: ImageInput, options: LoadOptions): Promise<Picture> {
  const limits = resolveLimits(options.limits);
  const name = typeof input === 'string' ? input : 'the input';
  const opened = await openImageInput(input);
  options.signal?.throwIfAborted();
  try {
    const metadata = await openSharp(opened).metadata();
    const orientation = exifOrientation(metadata);
    const turned = orientation >= 5;
    const sourceWidth = turned ? metadata.height : metadata.width;
    const sourceHeight = turned ? metadata.width : metadata.height;
    checkPixels(limits, 'maxSourcePixels', sourceWidth * sourceHeight, 'The photograph, in pixels,');
    const { width, height } = fitSize(sourceWidth, sourceHeight, options.maxSide);
    checkPixels(limits, 'maxPixels', width * height, 'The coded picture, in pixels,');
    options.signal?.throwIfAborted();

    const data = await decodePixels(openSharp(opened), metadata, width, height);
    options.signal?.throwIfAborted();
    return { width, height, data, sourceWidth, sourceHeight, orientation, notes: describeLosses(metadata) };
  } catch (error) {
    if (!(error instanceof Error) || error instanceof LimitError || options.signal?.aborted) throw error;
    throw unreadable(name, error);
  }
}

function openSharp(input: ImageInput): Sharp {
  return sharp(input, {
    // Warnings are common in files that every viewer opens; errors and missing data are not.
    failOn: 'error',
    // Checked against this library's own limits, which the caller can raise.
    limitInputPixels: false,
    sequentialRead: true,
  });
}

async function decodePixels(
  image: Sharp,
  metadata: Metadata,
  width: number,
  height: number,
): Promise<Uint8Array> {
  image.autoOrient();
  if (metadata.hasAlpha) image.flatten({ background: '#ffffff' });
  // Dimensions are of the turned picture; `fill` because they already have its proportions.
  image.resize(width, height, { fit: 'fill', kernel: 'lanczos3' });
  const { data, info } = await image
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.width !== width || info.height !== height || info.channels !== 3) {
    throw new Error(`decoded to ${info.width} x ${info.height} x ${info.channels}`);
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Values outside 1 to 8 occur in the wild and mean nothing. */
function exifOrientation({ orientation }: Metadata): number {
  return orientation !== undefined && orientation >= 1 && orientation <= 8 ? orientation : 1;
}

function describeLosses(metadata: Metadata): string[] {
  const notes: string[] = [];
  if (metadata.hasAlpha) notes.push('transparency flattened on white');
  if (metadata.pages !== undefined && metadata.pages > 1) {
    notes.push(`first of ${metadata.pages} pages taken`);
  }
  return notes;
}

function checkPixels(
  limits: Limits,
  limit: 'maxPixels' | 'maxSourcePixels',
  pixels: number,
  what: string,
): void {
  if (pixels > limits[limit]) throw new LimitError(limit, pixels, limits[limit], what);
}

function unreadable(name: string, error: Error): ImageError {
  // The library appends its whole log; the first line says what happened.
  const reason = error.message.split('\n')[0]!.trim();
  if (/unsupported image format/i.test(reason)) {
    return new ImageError('not-an-image', `${name} is not an image of a known format`, { cause: error });
  }
  return new ImageError('bad-image', `${name} cannot be decoded: ${reason}`, { cause: error });
}
