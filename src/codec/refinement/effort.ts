import { positionToQuality } from '../../container/quality.js';
import { UsageError } from '../../errors.js';

/** Efforts that there are: 1 codes what the encoder network gives, each further one doubles the steps of refinement. */
const MAX_EFFORT = 9;

/** Effort of a picture for which none is asked: docs/architecture.md says why. */
export const defaultEffort = 1;

/** @throws UsageError `bad-effort` */
export function checkEffort(effort: number): number {
  if (!(Number.isInteger(effort) && effort >= 1 && effort <= MAX_EFFORT)) {
    throw new UsageError(
      'bad-effort',
      `effort must be a whole number from 1 to ${MAX_EFFORT}, not ${effort}`,
    );
  }
  return effort;
}

/** Steps of refinement: none at effort 1, 2 at effort 2, 256 at effort 9. */
export function stepsOf(effort: number): number {
  return effort === 1 ? 0 : 2 ** (effort - 1);
}

/** Bits that one unit of distortion is worth in a picture of 224 x 224 pixels, by quality. */
const WEIGHTS = [
  [1, 1500],
  [20, 4300],
  [50, 17700],
] as const;
const WEIGHED_PIXELS = 224 ** 2;

/**
 * Bits that one unit of distortion is worth at a quality position. What is a unit does not grow with a picture and its bits
 * do, so the weight does too. Between the qualities that were measured, and beyond them, its logarithm is a straight line.
 *
 * @param pixels - Of what is refined.
 */
export function weightAt(position: number, pixels: number): number {
  const quality = positionToQuality(position);
  const [low, high] = quality < WEIGHTS[1][0] ? [WEIGHTS[0], WEIGHTS[1]] : [WEIGHTS[1], WEIGHTS[2]];
  const share = (quality - low[0]) / (high[0] - low[0]);
  return low[1] * (high[1] / low[1]) ** share * (pixels / WEIGHED_PIXELS);
}
