import type { Mulberry32 } from '../evaluation/mulberry32.js';
import type { StudyCheck, StudyComparison } from './study-format.js';

/** Enough that one slip is forgiven: guessing gives 7 of 8 in 3.5 % of cases. */
const OBVIOUS_CHECKS = 8;

const IDENTICAL_CHECKS = 4;

/**
 * Draws the pairs that show whether a rater looks: originals beside versions far from them, and versions beside
 * themselves. Each picture comes again only when all others have come.
 *
 * @param originals - By picture: names of the original and of a version that is far from it.
 */
export function drawChecks(
  originals: readonly { readonly original: string; readonly worst: string }[],
  pairs: readonly Omit<StudyComparison, 'trial'>[],
  random: Mulberry32,
): Omit<StudyCheck, 'trial'>[] {
  const pictures = inTurn(originals.length, random);
  const obvious = Array.from({ length: OBVIOUS_CHECKS }, (): Omit<StudyCheck, 'trial'> => {
    const picture = pictures();
    const { original, worst } = originals[picture]!;
    return { kind: 'obvious', picture, files: [original, worst] };
  });
  const compared = inTurn(pairs.length, random);
  const identical = Array.from({ length: IDENTICAL_CHECKS }, (): Omit<StudyCheck, 'trial'> => {
    const { picture, files } = pairs[compared()]!;
    const file = files[random.below(2)]!;
    return { kind: 'identical', picture, files: [file, file] };
  });
  return [...obvious, ...identical];
}

/** Numbers below `count` in random order, all of them before any comes again. */
function inTurn(count: number, random: Mulberry32): () => number {
  let left: number[] = [];
  return () => {
    if (left.length === 0) left = Array.from({ length: count }, (_, i) => i);
    return left.splice(random.below(left.length), 1)[0]!;
  };
}
