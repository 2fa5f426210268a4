import { LimitError, UsageError } from './errors.js';
import { nearName } from './near-name.js';

/**
 * What a reader is willing to spend on a file before it has been shown to deserve it. Every limit is compared
 * with what the file declares before memory of that size is allocated (format-spec/v1/dicm-v1.md, section 9).
 */
export interface Limits {
  /** Coded width times coded height of a layer, in pixels. */
  maxPixels: number;
  /** Width times height of the photograph, in pixels: one to decode, or what a file says that it was made from. */
  maxSourcePixels: number;
  /** Pixels of a photograph whose kind has to be in memory as a whole, such as interlaced PNG. */
  maxHeldPixels: number;
  /** Tiles of all layers together. */
  maxTiles: number;
  /** Size of the whole file, in bytes. */
  maxFileBytes: number;
  /** Content of all ancillary sections but layers, in bytes: metadata, and what this version does not know. */
  maxAncillaryBytes: number;
  /** Largest array that decoding allocates: latents, features, or the piece of them that is held at once, in bytes. */
  maxArrayBytes: number;
}

/**
 * Limits that apply where a caller names none: pictures of 268 million pixels, files of 256 MiB, 16 MiB of metadata,
 * arrays of 2 GiB, which every supported Node can allocate.
 *
 * - A .dicm file may say that its source has 65535 pixels a side: it is only claimed, never decoded. What costs time and
 *   memory is decoding a photograph, which has a smaller default, `defaultPhotographPixels`.
 * - Pictures to be held are bounded by 2 GiB of memory at 16 bytes a pixel, which is what the dearest kinds take (AVIF,
 *   floating-point TIFF); the others take 3 to 8 (`heldPixels` has the measurements).
 */
export const defaultLimits: Readonly<Limits> = Object.freeze({
  maxPixels: 2 ** 28,
  maxSourcePixels: 2 ** 32,
  maxHeldPixels: 2 ** 27,
  maxTiles: 2 ** 14,
  maxFileBytes: 2 ** 28,
  maxAncillaryBytes: 2 ** 24,
  maxArrayBytes: 2 ** 31,
});

/**
 * `maxSourcePixels` of a photograph to decode, where the caller names no limit: 2^30 pixels, 32,768 x 32,768. That is more
 * than any camera and most stitched panoramas have, and takes a good 20 seconds as PNG; a file of 4 MB could claim
 * four times as much.
 */
export const defaultPhotographPixels = 2 ** 30;

/**
 * The limits for decoding a photograph.
 *
 * @throws UsageError `bad-limit` for a limit that is not a number of at least 0.
 */
export function resolvePictureLimits(limits: Partial<Limits> = {}): Limits {
  return resolveLimits({ ...limits, maxSourcePixels: limits.maxSourcePixels ?? defaultPhotographPixels });
}

/**
 * Fills in the defaults for the limits a caller left out. `Infinity` switches a limit off.
 *
 * @throws UsageError `bad-limit` for a limit that is not a number of at least 0, or that there is none of this name.
 */
export function resolveLimits(limits: Partial<Limits> = {}): Limits {
  const resolved: Limits = { ...defaultLimits };
  const names = Object.keys(defaultLimits) as (keyof Limits)[];
  const unknown = Object.keys(limits).find((name) => !Object.hasOwn(defaultLimits, name));
  if (unknown !== undefined) {
    const near = nearName(unknown, names);
    const hint = near === undefined ? `there are ${names.join(', ')}` : `${near} may be meant`;
    throw new UsageError('bad-limit', `there is no limit ${unknown}; ${hint}`);
  }
  for (const name of names) {
    const value = limits[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || Number.isNaN(value) || value < 0) {
      throw new UsageError(
        'bad-limit',
        `limits.${name} must be a number of at least 0, not ${String(value)}`,
      );
    }
    resolved[name] = value;
  }
  return resolved;
}

/**
 * Compares one declared size with its limit.
 *
 * @param what - Subject of the message, for example `The coded picture, in pixels,`.
 * @throws LimitError when `actual` is above the limit.
 */
export function checkLimit(limits: Limits, name: keyof Limits, actual: number, what: string): void {
  if (actual > limits[name]) throw new LimitError(name, actual, limits[name], what);
}
