import { nameForeignFormat } from '../../container/foreign-format.js';
import { SIGNATURE } from '../../container/signature.js';
import { ImageError, LimitError } from '../../errors.js';
import { fitSize } from '../../image/fit-size.js';
import type { ImageInput, LoadOptions, Picture } from '../../image/picture.js';
import { recognisePicture } from '../../image/picture-format.js';
import { type Limits, resolvePictureLimits } from '../../limits.js';

/**
 * Loads a picture with the browser's own decoders and brings it into the form the networks see: Exif orientation
 * applied, colours converted to 8-bit sRGB by the embedded profile, alpha flattened on white, fitted.
 *
 * @param input - bytes, or an address to fetch them from
 * @throws ImageError, LimitError
 */
export async function loadPicture(input: ImageInput, options: LoadOptions): Promise<Picture> {
  const { signal } = options;
  const limits = resolvePictureLimits(options.limits);
  const bytes = typeof input === 'string' ? await fetchPicture(input, signal) : input;
  const name = typeof input === 'string' ? input : 'The input';
  checkHead(bytes, name);
  const bitmap = await decode(bytes, name);
  try {
    signal?.throwIfAborted();
    const { width: sourceWidth, height: sourceHeight } = bitmap;
    checkPixels(limits, 'maxSourcePixels', sourceWidth * sourceHeight, 'The photograph, in pixels,');
    const { width, height } = fitSize(sourceWidth, sourceHeight, options.maxSide);
    checkPixels(limits, 'maxPixels', width * height, 'The coded picture, in pixels,');
    return {
      ...{ width, height, sourceWidth, sourceHeight },
      data: drawFitted(bitmap, width, height),
      orientation: 1,
      notes: [],
    };
  } finally {
    bitmap.close();
  }
}

async function fetchPicture(address: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(address, { signal: signal ?? null });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ImageError('file-unreadable', `${address} cannot be fetched: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (!response.ok) {
    throw new ImageError('file-missing', `${address}: the server answered with status ${response.status}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}

async function decode(bytes: Uint8Array, name: string): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]), {
      imageOrientation: 'from-image',
    });
  } catch (cause) {
    throw unreadable(bytes, name, cause);
  }
}

/** Draws on white and reads the pixels: [height][width][3]. */
function drawFitted(bitmap: ImageBitmap, width: number, height: number): Uint8Array {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; to < pixels.length; from += 4, to += 3) {
    pixels[to] = data[from]!;
    pixels[to + 1] = data[from + 1]!;
    pixels[to + 2] = data[from + 2]!;
  }
  return pixels;
}

function checkHead(bytes: Uint8Array, name: string): void {
  if (bytes.length === 0) throw new ImageError('empty-image', `${name} is empty`);
  if (SIGNATURE.every((byte, i) => bytes[i] === byte)) {
    throw new ImageError(
      'already-dicm',
      `${name} is a .dicm file already; analyse it, or give the photograph`,
    );
  }
  const foreign = nameForeignFormat(bytes);
  if (foreign !== undefined && !foreign.picture) {
    throw new ImageError('not-an-image', `${name} is ${foreign.name}, not an image`);
  }
}

function checkPixels(limits: Limits, limit: 'maxPixels' | 'maxSourcePixels', pixels: number, what: string) {
  if (pixels > limits[limit]) throw new LimitError(limit, pixels, limits[limit], what);
}

/** The error for a picture that the browser does not decode. */
function unreadable(bytes: Uint8Array, name: string, cause: unknown): ImageError {
  const format = recognisePicture(bytes);
  if (format === undefined) {
    return new ImageError('not-an-image', `${name} is not an image of a known format`, { cause });
  }
  if (format.advice !== undefined || format.reads === 'tiff') {
    const advice = format.advice ?? 'convert it to PNG, JPEG, WebP or AVIF first';
    return new ImageError(
      'unsupported-image',
      `${name} is ${format.name}, which browsers do not decode; ${advice}`,
      {
        cause,
      },
    );
  }
  return new ImageError('bad-image', `${name} begins as ${format.name}, but is damaged or cut short`, {
    cause,
  });
}
