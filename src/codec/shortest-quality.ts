import { positionToQuality, qualityToPosition } from '../container/quality.js';

/** Decimals that tell all 2048 positions apart. */
const MAX_DECIMALS = 3;

/**
 * Quality of a position in as few decimals as name it: what a user asked for as 50 is stored as the position of
 * 49.992, and is 50 again here.
 *
 * @param position - 0 to 2047.
 * @returns 1 to 100; `qualityToPosition` takes it back to the same position.
 */
export function shortestQuality(position: number): number {
  const exact = positionToQuality(position);
  for (let decimals = 0; decimals < MAX_DECIMALS; decimals++) {
    const rounded = Number(exact.toFixed(decimals));
    if (qualityToPosition(rounded) === position) return rounded;
  }
  return exact;
}
