import { nameForeignFormat } from '../../container/foreign-format.js';
import { SIGNATURE } from '../../container/signature.js';
import { ImageError } from '../../errors.js';
import { describeFitting, fitSize } from '../../image/fit-size.js';
import type { ImageInput, LoadOptions, Picture } from '../../image/picture.js';
import { recognisePicture } from '../../image/picture-format.js';
import { checkLimit, resolvePictureLimits } from '../../limits.js';
import { decodeUpright, fitted } from './decode-pixels.js';
import { type PictureHeader, readPictureHeader } from './picture-header.js';

/**
 * Loads a picture with the browser's own decoders and brings it into the form the networks see: Exif orientation
 * applied, colours converted to 8-bit sRGB by the embedded profile, alpha flattened on white, the longer side fitted
 * with a Lanczos filter. What is lost or decided on the way is in the picture's notes.
 *
 * Browsers decode a damaged picture whole or not at all, so `tolerateDamage` changes nothing.
 *
 * @param input - bytes, or an address to fetch them from
 * @throws ImageError when the input is missing, is no picture that the browser decodes, or is damaged
 * @throws LimitError for a picture with more pixels than `limits` allow, in most formats before it is decoded
 */
export async function loadPicture(input: ImageInput, options: LoadOptions): Promise<Picture> {
  const { signal, maxSide } = options;
  const limits = resolvePictureLimits(options.limits);
  const bytes = typeof input === 'string' ? await fetchPicture(input, signal) : input;
  const name = typeof input === 'string' ? input : 'The input';
  checkHead(bytes, name);
  const format = recognisePicture(bytes);
  const header = readPictureHeader(bytes, format?.reads);
  const { width: codedWidth = 0, height: codedHeight = 0, hasAlpha } = header;
  const checkSource = (pixels: number) =>
    checkLimit(limits, 'maxSourcePixels', pixels, 'The photograph, in pixels,');
  checkSource(codedWidth * codedHeight);
  const upright = await decodeUpright(bytes, format, header, name);
  try {
    signal?.throwIfAborted();
    const { width: sourceWidth, height: sourceHeight } = upright;
    checkSource(sourceWidth * sourceHeight);
    const size = { ...fitSize(sourceWidth, sourceHeight, maxSide), sourceWidth, sourceHeight };
    checkLimit(limits, 'maxPixels', size.width * size.height, 'The coded picture, in pixels,');
    const data = fitted(upright, size.width, size.height);
    return {
      ...size,
      data,
      orientation: upright.orientation,
      icc: await profileOf(header),
      exif: header.exif,
      notes: [...(hasAlpha ? ['transparency flattened on white'] : []), ...describeFitting(size)],
    };
  } finally {
    upright.close();
  }
}

/** The profile as other formats store it. */
async function profileOf({ icc, iccIsDeflated }: PictureHeader): Promise<Uint8Array | undefined> {
  if (icc === undefined || !iccIsDeflated) return icc;
  const inflated = new Blob([icc as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream('deflate'));
  // A profile that cannot be read is none, to the decoder too.
  return new Response(inflated).arrayBuffer().then(
    (buffer) => new Uint8Array(buffer),
    () => undefined,
  );
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
