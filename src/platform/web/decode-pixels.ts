import { ImageError } from '../../errors.js';
import { uprightExif } from '../../image/exif.js';
import { LanczosFitter } from '../../image/lanczos.js';
import type { PictureFormat } from '../../image/picture-format.js';
import type { PictureHeader } from './picture-header.js';

/** Rows that are drawn and read at a time: a photograph is then not in memory as a canvas too. */
const BAND_ROWS = 64;

/** A decoded picture that can be drawn upright. */
export interface UprightPicture {
  /** In pixels, after orientation. */
  readonly width: number;
  readonly height: number;
  /** The Exif orientation that is applied, 1 to 8. */
  readonly orientation: number;
  /** Draws it so that its row `top` comes to the upper edge. */
  draw(context: OffscreenCanvasRenderingContext2D, top: number): void;
  close(): void;
}

/**
 * Decodes a picture in the browser and turns it as its Exif orientation says. Browsers do so themselves for all formats
 * but WebP, of which some do and some do not: there the orientation is taken out of the file, and applied here.
 *
 * @throws ImageError `bad-image`, `unsupported-image`, `not-an-image`
 */
export async function decodeUpright(
  bytes: Uint8Array,
  format: PictureFormat | undefined,
  { exif, orientation, ...header }: PictureHeader,
  name: string,
): Promise<UprightPicture> {
  const turnsHere = format?.reads === 'webp' && orientation !== 1;
  const file = turnsHere ? withoutOrientation(bytes, exif!) : bytes;
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(new Blob([file as Uint8Array<ArrayBuffer>]));
  } catch (cause) {
    throw unreadable(format, name, cause);
  }
  const close = () => bitmap.close();
  if (!turnsHere) {
    const { width, height } = bitmap;
    // One that would be on its side and is not was not turned.
    const isTurned = orientation < 5 || header.width === header.height || width !== header.width;
    return {
      ...{ width, height, close },
      orientation: isTurned ? orientation : 1,
      draw: (context, top) => context.drawImage(bitmap, 0, -top),
    };
  }
  const [width, height] = orientation >= 5 ? [bitmap.height, bitmap.width] : [bitmap.width, bitmap.height];
  return {
    ...{ width, height, orientation, close },
    draw: (context, top) => {
      context.setTransform(...turn(orientation, width, height, top));
      context.drawImage(bitmap, 0, 0);
      context.resetTransform();
    },
  };
}

/** Draws a picture on white and fits it: [height][width][3]. */
export function fitted(picture: UprightPicture, width: number, height: number): Uint8Array {
  const { width: sourceWidth, height: sourceHeight } = picture;
  const isWhole = width === sourceWidth && height === sourceHeight;
  const taker = isWhole
    ? new PlainTaker(width, height)
    : new LanczosFitter({ width: sourceWidth, height: sourceHeight }, { width, height });
  const canvas = new OffscreenCanvas(sourceWidth, Math.min(BAND_ROWS, sourceHeight));
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.fillStyle = '#fff';
  for (let top = 0; top < sourceHeight; top += BAND_ROWS) {
    context.fillRect(0, 0, canvas.width, canvas.height);
    picture.draw(context, top);
    const rows = Math.min(BAND_ROWS, sourceHeight - top);
    taker.push(context.getImageData(0, 0, sourceWidth, rows).data);
  }
  return taker.finish();
}

/** Takes pixels as they are, without their alpha. */
class PlainTaker {
  readonly #pixels: Uint8Array;
  #filled = 0;

  constructor(width: number, height: number) {
    this.#pixels = new Uint8Array(3 * width * height);
  }

  push(rows: Uint8ClampedArray): void {
    const pixels = this.#pixels;
    let to = this.#filled;
    for (let from = 0; from < rows.length; from += 4) {
      pixels[to++] = rows[from]!;
      pixels[to++] = rows[from + 1]!;
      pixels[to++] = rows[from + 2]!;
    }
    this.#filled = to;
  }

  finish(): Uint8Array {
    return this.#pixels;
  }
}

/** The same file with an orientation of 1: a WebP file has no checksum that would notice. */
function withoutOrientation(bytes: Uint8Array, exif: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy.set(uprightExif(exif)!, exif.byteOffset - bytes.byteOffset);
  return copy;
}

/** The transform that turns stored pixels upright (CIPA DC-008, tag Orientation), moved up by `top`. */
function turn(
  orientation: number,
  width: number,
  height: number,
  top: number,
): [number, number, number, number, number, number] {
  switch (orientation) {
    case 2:
      return [-1, 0, 0, 1, width, -top];
    case 3:
      return [-1, 0, 0, -1, width, height - top];
    case 4:
      return [1, 0, 0, -1, 0, height - top];
    case 5:
      return [0, 1, 1, 0, 0, -top];
    case 6:
      return [0, 1, -1, 0, width, -top];
    case 7:
      return [0, -1, -1, 0, width, height - top];
    default:
      return [0, -1, 1, 0, 0, height - top];
  }
}

/** The error for a picture that the browser does not decode. */
function unreadable(format: PictureFormat | undefined, name: string, cause: unknown): ImageError {
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
