import { raterAgreement } from '../evaluation/rater-agreement.js';
import { checkRater, chosenFile } from './check-rater.js';
import { preferencesAt, scoresAt, shareOf, type Vote, votesAt } from './score-votes.js';
import type { RaterReport, StudyAnalysis, StudyRate } from './study-analysis.js';
import type { Study, StudyComparison, StudyResult } from './study-format.js';

/** A result and where it was read. */
export interface ReadResult {
  readonly file: string;
  readonly result: StudyResult;
}

/** Settings of an analysis. */
export interface AnalysisSettings {
  /** Of the bootstrap. */
  readonly resamples: number;
  readonly seed: number;
}

/** Counts votes and scores codecs by those raters who passed the checks. */
export function analyseResults(
  study: Study,
  read: readonly ReadResult[],
  settings: AnalysisSettings,
): StudyAnalysis {
  const checked = read.map((one) => ({ ...one, checks: checkRater(study, one.result) }));
  const counting = checked.filter(({ checks }) => checks.excluded === undefined);
  const comparisons = new Map(study.comparisons.map((one) => [one.trial, one]));
  const votes = counting.flatMap(({ result }, rater) => votesOf(result, rater, comparisons));
  const ids = study.codecs.map(({ id }) => id);
  const rates: StudyRate[] = [...study.bpp, ...(study.bpp.length > 1 ? [null] : [])];
  const preferences = rates.flatMap((bpp) => preferencesAt(bpp, votes, ids));
  const pairOf = ({ codecs: [a, b] }: { codecs: readonly [string, string] }) =>
    ids.indexOf(a) * ids.length + ids.indexOf(b);
  const options = { ...settings, raters: counting.length };
  return {
    schema: 'dicm.study-analysis/1',
    study: study.id,
    pictures: study.pictures.length,
    codecs: study.codecs.map(({ id, name }) => ({ id, name })),
    raters: checked.map(({ file, result, checks }) => {
      const others = votes.filter(({ rater }) => counting[rater]!.result !== result);
      return {
        ...describeRater(result, file, comparisons),
        ...checks,
        agreement: agreementWith(result, others),
      };
    }),
    preferences: preferences.sort((a, b) => pairOf(a) - pairOf(b)),
    scores: counting.length === 0 ? [] : rates.map((bpp) => scoresAt(bpp, votes, ids, options)),
    agreement: rates.flatMap((bpp) => {
      const agreement = raterAgreement(countByComparison(votesAt(bpp, votes)));
      return agreement === undefined ? [] : [{ bpp, ...agreement }];
    }),
    identical: shareOf(
      sum(counting.map(({ checks }) => checks.identical.left)),
      sum(counting.map(({ checks }) => checks.identical.of)),
    ),
    bootstrap: settings,
  };
}

function votesOf(
  { answers }: StudyResult,
  rater: number,
  comparisons: ReadonlyMap<string, StudyComparison>,
): Vote[] {
  return answers.flatMap((answer): Vote[] => {
    const comparison = comparisons.get(answer.trial);
    if (comparison === undefined) return [];
    return [{ rater, comparison, preferred: chosenFile(answer) === comparison.files[0] ? 0 : 1 }];
  });
}

function describeRater(
  { rater, complete, answers }: StudyResult,
  file: string,
  comparisons: ReadonlyMap<string, StudyComparison>,
): Pick<RaterReport, 'rater' | 'file' | 'complete' | 'comparisons' | 'medianMs'> {
  const compared = answers.filter(({ trial }) => comparisons.has(trial));
  return {
    rater,
    file,
    complete,
    comparisons: compared.length,
    medianMs: median(compared.map(({ ms }) => ms)),
  };
}

/** Part of others' votes on what a rater compared that are as the rater's; undefined where there are none. */
function agreementWith(result: StudyResult, others: readonly Vote[]): number | undefined {
  const chosen = new Map(result.answers.map((answer) => [answer.trial, chosenFile(answer)]));
  const same = others
    .filter(({ comparison }) => chosen.has(comparison.trial))
    .map(({ comparison, preferred }) => comparison.files[preferred] === chosen.get(comparison.trial));
  return same.length === 0 ? undefined : same.filter((one) => one).length / same.length;
}

function countByComparison(votes: readonly Vote[]): [number, number][] {
  const counts = new Map<string, [number, number]>();
  for (const { comparison, preferred } of votes) {
    const count = counts.get(comparison.trial) ?? [0, 0];
    count[preferred] += 1;
    counts.set(comparison.trial, count);
  }
  return [...counts.values()];
}

function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half) - 1]!) / 2;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
