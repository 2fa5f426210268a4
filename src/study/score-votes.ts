import { wilsonInterval } from '../evaluation/binomial.js';
import { bootstrapInterval } from '../evaluation/bootstrap.js';
import { bradleyTerry } from '../evaluation/bradley-terry.js';
import type { CodecScore, Preference, RateScores, Share, StudyRate } from './study-analysis.js';
import type { StudyComparison } from './study-format.js';

/** A choice between two codecs that counts. */
export interface Vote {
  /** Index among the raters that count. */
  readonly rater: number;
  readonly comparison: StudyComparison;
  /** Of the comparison's codecs. */
  readonly preferred: 0 | 1;
}

/**
 * Votes that every pair of codecs gets in each direction besides its own, in scores: half a one keeps them finite where a
 * codec never lost, and hardly moves them where there are dozens.
 */
const PRIOR_VOTES = 0.5;

/** A part of votes with its Wilson interval; undefined where there are none. */
export function shareOf(hits: number, votes: number): Share | undefined {
  return votes === 0 ? undefined : { votes, hits, share: hits / votes, ...wilsonInterval(hits, votes) };
}

/** Preferences of all pairs of codecs that were compared at a rate. */
export function preferencesAt(
  bpp: StudyRate,
  votes: readonly Vote[],
  codecs: readonly string[],
): Preference[] {
  const preferences: Preference[] = [];
  for (const [i, first] of codecs.entries()) {
    for (const second of codecs.slice(i + 1)) {
      const between = votesAt(bpp, votes).flatMap(({ comparison, preferred }) =>
        comparison.codecs.includes(first) && comparison.codecs.includes(second)
          ? [comparison.codecs[preferred]]
          : [],
      );
      const share = shareOf(between.filter((codec) => codec === first).length, between.length);
      if (share !== undefined) preferences.push({ codecs: [first, second], bpp, ...share });
    }
  }
  return preferences;
}

/** Settings of the intervals of scores. */
export interface ScoreOptions {
  readonly raters: number;
  readonly resamples: number;
  readonly seed: number;
}

/** Bradley-Terry scores of the codecs that were compared at a rate, with bootstrap intervals over raters. */
export function scoresAt(
  bpp: StudyRate,
  votes: readonly Vote[],
  codecs: readonly string[],
  { raters, ...bootstrap }: ScoreOptions,
): RateScores {
  const own = votesAt(bpp, votes);
  const compared = codecs.filter((codec) => own.some(({ comparison }) => comparison.codecs.includes(codec)));
  const tables = votesByRater(own, compared, raters);
  const scoresOf = fitter(tables, compared.length);
  const all = scoresOf(new Uint32Array(raters).fill(1));
  if (all.kind === 'unidentified') return { bpp, scores: [], note: all.reason };
  const notes = new Set<string>();
  const scores = compared.map((codec, i): CodecScore => {
    const score = all.scores[i]!;
    if (raters < 2) {
      notes.add('one rater alone gives no intervals');
      return { codec, score };
    }
    const interval = bootstrapInterval(
      (counts) => {
        const drawn = scoresOf(counts);
        return drawn.kind === 'scores' ? drawn.scores[i] : undefined;
      },
      raters,
      bootstrap,
    );
    if (interval.kind === 'interval') return { codec, score, low: interval.low, high: interval.high };
    notes.add(interval.reason);
    return { codec, score };
  });
  scores.sort((a, b) => b.score - a.score);
  return { bpp, scores, ...(notes.size === 0 ? {} : { note: [...notes].join('; ') }) };
}

/** Votes at a rate; all of them for null. */
export function votesAt(bpp: StudyRate, votes: readonly Vote[]): readonly Vote[] {
  return bpp === null ? votes : votes.filter(({ comparison }) => comparison.bpp === bpp);
}

/** [raters][codecs x codecs]: how often the first was preferred to the second. */
function votesByRater(votes: readonly Vote[], codecs: readonly string[], raters: number): Uint32Array[] {
  const tables = Array.from({ length: raters }, () => new Uint32Array(codecs.length ** 2));
  for (const { rater, comparison, preferred } of votes) {
    const [better, worse] = [comparison.codecs[preferred], comparison.codecs[preferred === 0 ? 1 : 0]];
    const table = tables[rater]!;
    table[codecs.indexOf(better) * codecs.length + codecs.indexOf(worse)]! += 1;
  }
  return tables;
}

/** Fits scores to raters counted as often as is said; each draw once, since every codec's interval takes the same ones. */
function fitter(tables: readonly Uint32Array[], codecs: number) {
  const known = new Map<string, ReturnType<typeof bradleyTerry>>();
  return (raterCounts: Uint32Array) => {
    const key = raterCounts.join();
    const before = known.get(key);
    if (before !== undefined) return before;
    const votes = Array.from({ length: codecs }, () => new Array<number>(codecs).fill(0));
    for (const [rater, table] of tables.entries()) {
      const count = raterCounts[rater]!;
      if (count === 0) continue;
      for (const [at, value] of table.entries())
        votes[Math.floor(at / codecs)]![at % codecs]! += count * value;
    }
    const result = bradleyTerry(votes, { priorVotes: PRIOR_VOTES });
    known.set(key, result);
    return result;
  };
}
