import type { Metadata } from 'sharp';
import { ImageError, LimitError } from '../../../errors.js';
import { describeFitting, fitSize } from '../../../image/fit-size.js';
import type { ImageInput, LoadOptions, Picture } from '../../../image/picture.js';
import { type PictureFormat, recognisePicture } from '../../../image/picture-format.js';
import { type Limits, resolvePictureLimits } from '../../../limits.js';
import { nameShortage } from '../../../shortage.js';
import { type Decoding, openSharp } from './decode-pixels.js';
import { heldPixels } from './held-pixels.js';
import { besideOthers, reasonOf, withNoOther } from './library-turns.js';
import { openPictureFile, type PictureFile } from './picture-file.js';
import { readSampleMeaning, readTiffMeaning, SampleRefusal } from './sample-meaning.js';
import { readTiffDirectory } from './tiff-directory.js';
import { PictureDamage, readWhole } from './whole-picture.js';

/**
 * Loads any picture the image library reads and brings it into the form the networks see: Exif orientation
 * applied, colours converted to 8-bit sRGB by the embedded profile, alpha flattened on white, the longer side
 * fitted with a Lanczos filter. What is lost or decided on the way is in the picture's notes.
 *
 * Peak memory is about 3 bytes per coded pixel (6 when a photograph has to be turned), and what `heldPixels` says.
 *
 * @throws ImageError when the input is missing, is no picture that can be read, or is damaged.
 * @throws LimitError for a picture with more pixels than `limits` allow, before it is decoded.
 * @throws ResourceError where memory or open files do not suffice: that is no fault of the picture.
 */
export async function loadPicture(input: ImageInput, options: LoadOptions): Promise<Picture> {
  const file = await openPictureFile(input);
  try {
    options.signal?.throwIfAborted();
    return await loadFile(file, options);
  } catch (error) {
    const named = nameShortage(error);
    if (options.signal?.aborted || !isAboutPicture(named)) throw named;
    throw unreadable(file, recognisePicture(file.head), named);
  } finally {
    await file.close();
  }
}

async function loadFile(file: PictureFile, options: LoadOptions): Promise<Picture> {
  const { signal, maxSide, tolerateDamage = false } = options;
  const limits = resolvePictureLimits(options.limits);
  const format = recognisePicture(file.head);
  const tiff = format?.reads === 'tiff' ? await readTiffDirectory(file) : undefined;
  const tiffMeaning = tiff === undefined ? undefined : await readTiffMeaning(tiff);
  const metadata = await readMetadata(file);
  const orientation = exifOrientation(metadata);
  const turned = orientation >= 5;
  const sourceWidth = turned ? metadata.height : metadata.width;
  const sourceHeight = turned ? metadata.width : metadata.height;
  checkPixels(limits, 'maxSourcePixels', sourceWidth * sourceHeight, 'The photograph, in pixels,');
  const meaning = await readSampleMeaning(file, format, metadata, tiffMeaning);
  const held = await heldPixels(metadata, format, meaning, tiff);
  checkPixels(
    limits,
    'maxHeldPixels',
    held,
    'The photograph, of a kind that has to be held in memory, in pixels,',
  );
  const { width, height } = fitSize(sourceWidth, sourceHeight, maxSide);
  checkPixels(limits, 'maxPixels', width * height, 'The coded picture, in pixels,');
  signal?.throwIfAborted();

  const decoding: Decoding = { metadata, meaning, width, height };
  const { data, notes } = await readWhole(file, { format, tiff, decoding, tolerateDamage });
  signal?.throwIfAborted();
  return {
    ...{ width, height, data, sourceWidth, sourceHeight, orientation },
    ...metadataOf(metadata),
    notes: [
      ...notes,
      ...describeLosses(metadata, meaning.surplus),
      ...meaning.notes,
      ...describeFitting({ width, height, sourceWidth, sourceHeight }),
    ],
  };
}

/** Whether an error says that a picture cannot be read: the image library and the system throw plain errors. */
function isAboutPicture(error: unknown): error is Error {
  if (error instanceof SampleRefusal || error instanceof PictureDamage) return true;
  return error instanceof Error && Object.getPrototypeOf(error) === Error.prototype;
}

/** Reads the header. Nothing in it is worth refusing the picture for: that shows when it is decoded. */
async function readMetadata({ input }: PictureFile): Promise<Metadata> {
  const read = () => openSharp(input, 'none').metadata();
  try {
    return await besideOthers(read);
  } catch {
    return await withNoOther(read);
  }
}

/** The profile, and Exif from its TIFF header on: some formats put an identifier before it. */
function metadataOf({ icc, exif }: Metadata): Pick<Picture, 'icc' | 'exif'> {
  const named = exif?.toString('latin1', 0, 6) === 'Exif\0\0';
  return { icc, exif: named ? exif.subarray(6) : exif };
}

/** Values outside 1 to 8 occur in the wild and mean nothing. */
function exifOrientation({ orientation }: Metadata): number {
  return orientation !== undefined && orientation >= 1 && orientation <= 8 ? orientation : 1;
}

function describeLosses(metadata: Metadata, surplus: boolean): string[] {
  const notes: string[] = [];
  if (metadata.hasAlpha && !surplus) notes.push('transparency flattened on white');
  if (metadata.pages !== undefined && metadata.pages > 1) {
    notes.push(`first of ${metadata.pages} pages taken`);
  }
  return notes;
}

function checkPixels(
  limits: Limits,
  limit: 'maxPixels' | 'maxSourcePixels' | 'maxHeldPixels',
  pixels: number,
  what: string,
): void {
  if (pixels > limits[limit]) throw new LimitError(limit, pixels, limits[limit], what);
}

/** The error for a picture that was not read, with what is the matter and what to do. */
function unreadable({ name }: PictureFile, format: PictureFormat | undefined, cause: Error): ImageError {
  if (cause instanceof SampleRefusal) {
    return new ImageError('unsupported-image', `${name} ${cause.message}; ${cause.advice}`, { cause });
  }
  if (format?.advice !== undefined) {
    return new ImageError(
      'unsupported-image',
      `${name} is ${format.name}, which is not supported; ${format.advice}`,
      { cause },
    );
  }
  if (cause instanceof PictureDamage)
    return new ImageError('bad-image', `${name} ${cause.message}`, { cause });
  const reason = reasonOf(cause);
  if (/unsupported image format/i.test(reason)) {
    return format === undefined
      ? new ImageError('not-an-image', `${name} is not an image of a known format`, { cause })
      : new ImageError(
          'bad-image',
          `${name} begins as ${format.name}, but its header is damaged or cut short`,
          {
            cause,
          },
        );
  }
  return new ImageError('bad-image', `${name} cannot be decoded: ${reason}`, { cause });
}
