import type { Limits } from '../limits.js';
import type { MaxSide } from './fit-size.js';

/** A picture file: its path, or its bytes. */
export type ImageInput = string | Uint8Array;

/** How to load a picture. */
export interface LoadOptions {
  /** Longest side after fitting, in pixels; `none` keeps every pixel. */
  maxSide: MaxSide;
  /** Overrides of the limits: `maxSourcePixels`, `maxHeldPixels` and `maxPixels` apply. */
  limits?: Partial<Limits> | undefined;
  /** Reads what can be read of a damaged picture, with a note, instead of refusing it. */
  tolerateDamage?: boolean | undefined;
  /** Abandons the work between its steps. */
  signal?: AbortSignal | undefined;
}

/** A picture ready for coding: oriented, fitted, 8-bit sRGB without alpha. */
export interface Picture {
  /** Width in pixels, after orientation and fitting. */
  readonly width: number;
  /** Height in pixels, after orientation and fitting. */
  readonly height: number;
  /** Red, green, blue: [height][width][3]. */
  readonly data: Uint8Array;
  /** Width of the photograph after orientation, before fitting. */
  readonly sourceWidth: number;
  /** Height of the photograph after orientation, before fitting. */
  readonly sourceHeight: number;
  /** The Exif orientation that was applied, 1 to 8. */
  readonly orientation: number;
  /** Colour profile of the file, if it has one; it has been applied. */
  readonly icc?: Uint8Array | undefined;
  /** Exif metadata of the file from the TIFF header on, if it has any; its orientation has been applied. */
  readonly exif?: Uint8Array | undefined;
  /** What was lost or decided while loading, in words: flattened alpha, dropped pages, damage. */
  readonly notes: readonly string[];
}
