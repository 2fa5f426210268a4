import { type Box, boxOverlap } from './box.js';

/** Two boxes of a category that overlap more than this are the same object. */
const SAME_OBJECT_OVERLAP = 0.6;

/**
 * Greedy non-maximum suppression, category by category: walks from the best to the worst and drops what overlaps a
 * kept box of its category.
 *
 * @param found - Best first; the order decides between equal scores.
 * @param limit - How many to keep at most.
 * @param sameObject - Overlap above which two boxes are the same object.
 */
export function suppressOverlaps<T extends { readonly category: number; readonly box: Box }>(
  found: Iterable<T>,
  limit: number,
  sameObject = SAME_OBJECT_OVERLAP,
): T[] {
  const kept: T[] = [];
  const keptOf = new Map<number, Box[]>();
  for (const one of found) {
    if (kept.length >= limit) break;
    const rivals = keptOf.get(one.category) ?? [];
    if (rivals.some((box) => boxOverlap(box, one.box) > sameObject)) continue;
    rivals.push(one.box);
    keptOf.set(one.category, rivals);
    kept.push(one);
  }
  return kept;
}
