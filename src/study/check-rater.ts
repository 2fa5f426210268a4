import { chanceOfGuessing } from '../evaluation/binomial.js';
import type { Study, StudyAnswer, StudyResult } from './study-format.js';

/** How a rater did with the pairs that are checks. */
export interface RaterChecks {
  readonly obvious: { readonly right: number; readonly of: number };
  readonly identical: { readonly left: number; readonly of: number };
  /** Part of the comparisons in which the left version was chosen; undefined where there are none. */
  readonly leftShare: number | undefined;
  /** Which check failed and how; absent where none did. */
  readonly excluded?: string;
}

/** Right answers that guessing gives at least this often show nothing. */
const MOST_CHANCE = 0.05;

/** Who chooses one side of all identical pairs, and of at least this part of comparisons, does not look at pictures. */
const ONE_SIDED = 0.8;

/** Fewer identical pairs are on one side by chance. */
const FEWEST_IDENTICAL = 3;

/**
 * Whether a rater looked. Two rules: of the pairs with an original so many were right that guessing would do as well in
 * less than 5 % of cases (7 of 8); and not every identical pair was answered on one side while at least 80 % of the
 * comparisons were, too. That side alone shows nothing: who sees no difference may well keep to one.
 */
export function checkRater(study: Study, result: StudyResult): RaterChecks {
  const answers = new Map(result.answers.map((answer) => [answer.trial, answer]));
  const answersTo = (trials: readonly { readonly trial: string }[]) =>
    trials.flatMap(({ trial }) => answers.get(trial) ?? []);
  const originals = new Map(
    study.checks.filter(({ kind }) => kind === 'obvious').map(({ trial, files }) => [trial, files[0]]),
  );
  const obviousAnswers = answersTo([...originals.keys()].map((trial) => ({ trial })));
  const identicalAnswers = answersTo(study.checks.filter(({ kind }) => kind === 'identical'));
  const compared = answersTo(study.comparisons);
  const obvious = {
    right: obviousAnswers.filter((answer) => chosenFile(answer) === originals.get(answer.trial)).length,
    of: obviousAnswers.length,
  };
  const identical = { left: countLeft(identicalAnswers), of: identicalAnswers.length };
  const leftShare = compared.length === 0 ? undefined : countLeft(compared) / compared.length;
  const excluded = failureOf(obvious, identical, leftShare);
  return { obvious, identical, leftShare, ...(excluded === undefined ? {} : { excluded }) };
}

/** The file that an answer prefers. */
export function chosenFile({ chosen, left, right }: StudyAnswer): string {
  return chosen === 'left' ? left : right;
}

function countLeft(answers: readonly StudyAnswer[]): number {
  return answers.filter(({ chosen }) => chosen === 'left').length;
}

function failureOf(
  obvious: RaterChecks['obvious'],
  identical: RaterChecks['identical'],
  leftShare: number | undefined,
): string | undefined {
  const { right, of } = obvious;
  if (of === 0) return 'answered none of the obvious pairs';
  if (chanceOfGuessing(right, of) >= MOST_CHANCE) {
    const isAllRight = right === of;
    return isAllRight
      ? `answered only ${of} of the obvious pairs, too few to tell from guessing`
      : `only ${right} of ${of} obvious pairs right`;
  }
  const side = identical.left === identical.of ? 'left' : identical.left === 0 ? 'right' : undefined;
  if (side === undefined || identical.of < FEWEST_IDENTICAL || leftShare === undefined) return undefined;
  const share = side === 'left' ? leftShare : 1 - leftShare;
  if (share < ONE_SIDED) return undefined;
  return `${side} in all ${identical.of} identical pairs and in ${Math.round(100 * share)} % of comparisons`;
}
