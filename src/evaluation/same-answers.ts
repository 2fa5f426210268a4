import type { Detection, SegmentedDetection } from '../tasks/objects/describe-objects.js';
import type { TaskAnswers } from '../tasks/task.js';
import type { KeepRule } from './kept-answers.js';
import { overlapMatrix } from './overlap.js';

/**
 * Whether answers are those of the original, as far as the rules look.
 *
 * @param original - Of the uncompressed picture; to the question of `keepQuestion`, as `answers` are.
 * @throws UsageError `no-mask` where masks are compared and there are none
 */
export function sameAnswers(
  rules: readonly KeepRule[],
  original: TaskAnswers,
  answers: TaskAnswers,
): boolean {
  return rules.every((rule) => isKept(rule, original, answers));
}

function isKept({ kind, least }: KeepRule, original: TaskAnswers, answers: TaskAnswers): boolean {
  switch (kind) {
    case 'top1':
      return sameClasses(original, answers, (_, rank) => rank < 1);
    case 'top5':
      return sameClasses(original, answers, (_, rank) => rank < 5);
    case 'labels':
      return sameClasses(original, answers, (score) => score >= least);
    case 'boxes':
      return sameObjects(original.detections ?? [], answers.detections ?? [], 'box', least);
    case 'masks':
      return sameObjects(original.detections ?? [], answers.detections ?? [], 'mask', least);
  }
}

function sameClasses(
  original: TaskAnswers,
  answers: TaskAnswers,
  counts: (score: number, rank: number) => boolean,
): boolean {
  const classesOf = ({ predictions = [] }: TaskAnswers) =>
    new Set(predictions.filter(({ score }, rank) => counts(score, rank)).map(({ index }) => index));
  const [before, after] = [classesOf(original), classesOf(answers)];
  return before.size === after.size && [...before].every((index) => after.has(index));
}

/** Whether objects can be paired, each with one of its category that it overlaps enough. */
function sameObjects(
  original: readonly (Detection | SegmentedDetection)[],
  found: readonly (Detection | SegmentedDetection)[],
  kind: 'box' | 'mask',
  least: number,
): boolean {
  if (original.length !== found.length) return false;
  const whole = original.map((object) => ({ ...object, isCrowd: false }));
  const overlaps = overlapMatrix(found, whole, kind);
  const partners = found.map((object, i) =>
    whole.flatMap(({ categoryId }, j) =>
      categoryId === object.categoryId && overlaps[i]![j]! >= least ? [j] : [],
    ),
  );
  return hasFullMatching(partners);
}

/**
 * Whether everyone on one side can have a partner of its own: augmenting paths, since who takes the best one first may leave
 * another without any. Source: H. W. Kuhn, The Hungarian method for the assignment problem, 1955.
 *
 * @param partners - Of each on one side, who it may be paired with on the other.
 */
function hasFullMatching(partners: readonly (readonly number[])[]): boolean {
  const taker = new Map<number, number>();
  const place = (one: number, seen: Set<number>): boolean => {
    for (const partner of partners[one]!) {
      if (seen.has(partner)) continue;
      seen.add(partner);
      const other = taker.get(partner);
      if (other !== undefined && !place(other, seen)) continue;
      taker.set(partner, one);
      return true;
    }
    return false;
  };
  return partners.every((_, one) => place(one, new Set()));
}
