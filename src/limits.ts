import { LimitError, UsageError } from './errors.js';

/**
 * What a reader is willing to spend on a file before it has been shown to deserve it. Every limit is compared
 * with what the file declares before memory of that size is allocated (format-spec/v1/dicm-v1.md, section 9).
 */
export interface Limits {
  /** Coded width times coded height of a layer, in pixels. */
  maxPixels: number;
  /** Source width times source height, in pixels; results such as masks have this size. */
  maxSourcePixels: number;
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
 * arrays of 2 GiB, which every supported Node can allocate. A source may have 65535 pixels a side: it is only claimed,
 * never decoded.
 */
export const defaultLimits: Readonly<Limits> = Object.freeze({
  maxPixels: 2 ** 28,
  maxSourcePixels: 2 ** 32,
  maxTiles: 2 ** 14,
  maxFileBytes: 2 ** 28,
  maxAncillaryBytes: 2 ** 24,
  maxArrayBytes: 2 ** 31,
});

/**
 * Fills in the defaults for the limits a caller left out. `Infinity` switches a limit off.
 *
 * @throws UsageError `bad-limit` for a limit that is not a number of at least 0.
 */
export function resolveLimits(limits: Partial<Limits> = {}): Limits {
  const resolved: Limits = { ...defaultLimits };
  for (const name of Object.keys(defaultLimits) as (keyof Limits)[]) {
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
