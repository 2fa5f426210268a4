import type { RaterAgreement } from '../evaluation/rater-agreement.js';
import type { StudyCodec } from './study-format.js';

/** What raters preferred, how sure that is, and who of them looked. */
export interface StudyAnalysis {
  readonly schema: 'dicm.study-analysis/1';
  readonly study: string;
  readonly pictures: number;
  readonly codecs: readonly Pick<StudyCodec, 'id' | 'name'>[];
  readonly raters: readonly RaterReport[];
  /** By pairs of codecs, and of these by rates. */
  readonly preferences: readonly Preference[];
  /** By rates. */
  readonly scores: readonly RateScores[];
  /** By rates; without those of which no two raters answered a comparison. */
  readonly agreement: readonly (RaterAgreement & { readonly bpp: StudyRate })[];
  /** How often the left one of two identical versions was chosen by those who count. */
  readonly identical: Share | undefined;
  /** Of intervals of scores. */
  readonly bootstrap: { readonly resamples: number; readonly seed: number };
}

/** A rate in bits per pixel; null stands for all together. */
export type StudyRate = number | null;

/** A part, with its 95 % interval. */
export interface Share {
  readonly votes: number;
  /** Of the votes, those for what the share is of. */
  readonly hits: number;
  /** 0 to 1. */
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/** How often the first of two codecs was preferred. */
export interface Preference extends Share {
  readonly codecs: readonly [string, string];
  readonly bpp: StudyRate;
}

/** Bradley-Terry scores at a rate: natural logarithms of odds, 0 in the mean. */
export interface RateScores {
  readonly bpp: StudyRate;
  /** In the order of the scores, the best first; empty where there are none. */
  readonly scores: readonly CodecScore[];
  /** Why there are none, or no intervals. */
  readonly note?: string;
}

export interface CodecScore {
  readonly codec: string;
  readonly score: number;
  /** Of 95 %, by bootstrap over raters; absent where there is none. */
  readonly low?: number;
  readonly high?: number;
}

/** One rater. */
export interface RaterReport {
  readonly rater: string;
  /** Where the result was read. */
  readonly file: string;
  readonly complete: boolean;
  readonly comparisons: number;
  /** Right answers to pairs of which one is the original. */
  readonly obvious: { readonly right: number; readonly of: number };
  /** How often the left one of two identical versions was chosen. */
  readonly identical: { readonly left: number; readonly of: number };
  /** Part of the comparisons in which the left one was chosen. */
  readonly leftShare: number | undefined;
  readonly medianMs: number | undefined;
  /** Part of the votes of others, who count, on the same comparisons that are as this rater's. */
  readonly agreement: number | undefined;
  /** Why this rater's votes do not count; absent where they do. */
  readonly excluded?: string;
}
