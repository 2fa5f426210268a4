import { UsageError } from '../errors.js';
import { MAX_QUALITY_POSITION } from '../geometry.js';

const LOWEST = 1;
const HIGHEST = 100;

/**
 * Maps a user's quality to the position the header stores (format-spec/v1/dicm-v1.md, section 4.2).
 *
 * @param quality - 1 (smallest file) to 100 (largest); fractions count.
 * @returns An integer from 0 to 2047.
 * @throws UsageError `bad-quality` outside 1 to 100.
 */
export function qualityToPosition(quality: number): number {
  if (!(quality >= LOWEST && quality <= HIGHEST)) {
    throw new UsageError('bad-quality', `quality must be a number from 1 to 100, not ${quality}`);
  }
  return Math.round(((quality - LOWEST) / (HIGHEST - LOWEST)) * MAX_QUALITY_POSITION);
}

/**
 * Maps a header's quality position back to the user's scale.
 *
 * @param position - An integer from 0 to 2047.
 * @returns Quality from 1 to 100.
 * @throws RangeError outside 0 to 2047.
 */
export function positionToQuality(position: number): number {
  if (!Number.isInteger(position) || position < 0 || position > MAX_QUALITY_POSITION) {
    throw new RangeError(`quality position must be an integer from 0 to 2047, not ${position}`);
  }
  return LOWEST + (position / MAX_QUALITY_POSITION) * (HIGHEST - LOWEST);
}
