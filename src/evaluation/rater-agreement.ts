/** How far raters agree. */
export interface RaterAgreement {
  /** Pairs of votes on one question that were compared: of a question with m votes, m (m - 1) / 2. */
  readonly pairs: number;
  /** Part of them that are equal, 0 to 1. */
  readonly agreement: number;
  /**
   * Kendall's coefficient of agreement: 1 where all agree, 0 as if everyone tossed a coin, below 0 where they
   * contradict each other.
   */
  readonly coefficient: number;
}

/**
 * Agreement of raters who chose one of two, as the coefficient u of Kendall and Babington Smith (1940): twice the part
 * of equal pairs of votes, less 1. Where not everybody answered everything, all pairs of votes on one question count
 * alike.
 *
 * @param questions - How often the first and the second was chosen, question by question.
 * @returns Undefined where no question has two votes.
 */
export function raterAgreement(
  questions: readonly (readonly [first: number, second: number])[],
): RaterAgreement | undefined {
  let [equal, pairs] = [0, 0];
  for (const [first, second] of questions) {
    equal += pairsAmong(first) + pairsAmong(second);
    pairs += pairsAmong(first + second);
  }
  if (pairs === 0) return undefined;
  const agreement = equal / pairs;
  return { pairs, agreement, coefficient: 2 * agreement - 1 };
}

function pairsAmong(count: number): number {
  return (count * (count - 1)) / 2;
}
