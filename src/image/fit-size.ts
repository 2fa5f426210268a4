/** Longest side of a picture before coding, or `none` to keep every pixel. */
export type MaxSide = number | 'none';

/**
 * Longest side, in pixels, that a photograph is fitted to unless the caller says otherwise: the networks are
 * trained on objects of this scale (docs/architecture.md has the measurement).
 */
export const defaultMaxSide = 288;

/**
 * Size of a picture after fitting its longer side to `maxSide`. Proportions are kept to the nearest pixel, no
 * side falls below one pixel, and nothing is ever enlarged.
 *
 * @param width - Width in pixels, at least 1.
 * @param height - Height in pixels, at least 1.
 */
export function fitSize(width: number, height: number, maxSide: MaxSide): { width: number; height: number } {
  const longest = Math.max(width, height);
  if (maxSide === 'none' || longest <= maxSide) return { width, height };
  const scale = (side: number) => Math.max(1, Math.round((side * maxSide) / longest));
  return { width: scale(width), height: scale(height) };
}

/** The options that a size can come from, in the library and on the command line. */
const SIZE_OPTIONS = { maxSide: '--max-side', viewSide: '--view-side' } as const;

/**
 * What fitting did to a picture, as a note; none where it did nothing.
 *
 * @param option - Of the library, that the size came from.
 */
export function describeFitting(
  size: {
    readonly width: number;
    readonly height: number;
    readonly sourceWidth: number;
    readonly sourceHeight: number;
  },
  option: keyof typeof SIZE_OPTIONS = 'maxSide',
): string[] {
  const { width, height, sourceWidth, sourceHeight } = size;
  if (width === sourceWidth && height === sourceHeight) return [];
  return [
    `${sourceWidth} x ${sourceHeight} pixels fitted to ${width} x ${height}; ${option} none (${SIZE_OPTIONS[option]} none) keeps every pixel`,
  ];
}
