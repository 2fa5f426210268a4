import { UsageError } from '../errors.js';

/**
 * Whether each picture's true class is among the best answers.
 *
 * @param rankings - [images] of class indexes, best first; they may be shorter than `top`.
 * @param labels - [images] of true class indexes.
 * @param top - How many answers count, for example 1 or 5.
 * @returns [images] of 1 and 0.
 * @throws UsageError `length-mismatch` when the lists differ in length.
 */
export function topHits(
  rankings: readonly (readonly number[])[],
  labels: readonly number[],
  top: number,
): number[] {
  checkLengths(rankings.length, labels.length);
  return rankings.map((ranking, i) => Number(ranking.slice(0, top).includes(labels[i]!)));
}

/**
 * Whether each picture's best answer is that of a reference, for example of the network on uncompressed pictures.
 *
 * @param rankings - [images] of class indexes, best first.
 * @param references - [images] of class indexes, best first.
 * @returns [images] of 1 and 0; pictures without an answer agree only when both have none.
 * @throws UsageError `length-mismatch` when the lists differ in length.
 */
export function agreementHits(
  rankings: readonly (readonly number[])[],
  references: readonly (readonly number[])[],
): number[] {
  checkLengths(rankings.length, references.length);
  return rankings.map((ranking, i) => Number(ranking[0] === references[i]![0]));
}

/**
 * Mean over pictures.
 *
 * @param scores - [images].
 * @param imageCounts - [images]: how often each picture counts; once unless given.
 * @returns Undefined where no picture counts.
 * @throws UsageError `length-mismatch` when the lists differ in length.
 */
export function meanScore(scores: ArrayLike<number>, imageCounts?: ArrayLike<number>): number | undefined {
  if (imageCounts !== undefined) checkLengths(scores.length, imageCounts.length);
  let [sum, count] = [0, 0];
  for (let i = 0; i < scores.length; i++) {
    const weight = imageCounts?.[i] ?? 1;
    sum += weight * scores[i]!;
    count += weight;
  }
  return count === 0 ? undefined : sum / count;
}

function checkLengths(a: number, b: number): void {
  if (a !== b) throw new UsageError('length-mismatch', `${a} results do not fit ${b} pictures`);
}
