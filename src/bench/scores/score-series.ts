import type { SampledPoint } from '../../evaluation/bootstrap-bjontegaard.js';
import type { Contender } from '../contenders/contender.js';
import { type MeasuredImage, type Sample, sampleKey } from '../measure/measure-answers.js';
import type { FailedSample } from '../report.js';
import type { AnswerScores } from './score-answers.js';

/** A contender at one setting with everything about its images. */
export interface ScoredPoint<S = AnswerScores> extends SampledPoint {
  readonly contender: string;
  readonly setting: number;
  /** [images] */
  readonly bytes: readonly number[];
  readonly bpp: readonly number[];
  readonly scores: S;
}

/** A curve: one contender, with one way of counting its bytes. */
export interface ScoredSeries<S = AnswerScores> {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly settingName: string;
  /** Its answers have no masks. */
  readonly boxesOnly: boolean;
  readonly points: readonly ScoredPoint<S>[];
}

/** Most of the images that a contender may fail on at one setting for that point to be kept, as a fraction. */
const MAX_FAILED = 0.05;

/**
 * The images that every point to be scored has. A point that failed on more than a twentieth of them is dropped; of
 * the others an image is dropped that any failed on, so that all figures are of the same images.
 */
export function commonImages(images: readonly MeasuredImage[], failures: readonly FailedSample[]) {
  const counts = new Map<string, number>();
  for (const { series, setting } of failures) {
    const key = sampleKey(series, setting);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const dropped = new Set([...counts].filter(([, n]) => n > MAX_FAILED * images.length).map(([key]) => key));
  const bad = new Set(
    failures.filter(({ series, setting }) => !dropped.has(sampleKey(series, setting))).map((f) => f.image),
  );
  return { images: images.filter(({ image }) => !bad.has(image.name)), dropped };
}

/**
 * Turns samples into curves; a contender that counts payload bytes too gives two, with one set of scores.
 *
 * @param scoreOf - Scores the samples of one point, one for each image.
 * @param dropped - Keys of points to leave out.
 */
export function scoreSeries<S extends Pick<AnswerScores, 'score'>>(
  contender: Contender,
  images: readonly MeasuredImage[],
  metric: string,
  scoreOf: (samples: readonly Sample[]) => S,
  dropped: ReadonlySet<string>,
): ScoredSeries<S>[] {
  const { id, name, version, settingName, settings, payloadName, boxesOnly = false } = contender;
  const whole: ScoredPoint<S>[] = [];
  const payload: ScoredPoint<S>[] = [];
  for (const setting of settings) {
    const key = sampleKey(id, setting);
    if (dropped.has(key)) continue;
    const samples = images.map((image) => image.samples.get(key)!);
    const scores = scoreOf(samples);
    const accuracy = remembered((counts) => scores.score(metric, counts));
    const point = (sizes: number[]): ScoredPoint<S> => ({
      ...{ contender: id, setting, scores, accuracy, bytes: sizes },
      bpp: sizes.map((size, i) => (8 * size) / images[i]!.sourcePixels),
    });
    whole.push(point(samples.map(({ bytes }) => bytes)));
    if (payloadName !== undefined) {
      payload.push(point(samples.map(({ bytes, payloadBytes }) => payloadBytes ?? bytes)));
    }
  }
  const series = [{ id, name, version, settingName, boxesOnly, points: whole }];
  if (payloadName === undefined) return series;
  const counted = { id: `${id}-payload`, name: payloadName, version, settingName, boxesOnly };
  return [...series, { ...counted, points: payload }];
}

/**
 * The same function that looks answers up. Every comparison draws the same images, and average precision of one
 * draw takes milliseconds.
 */
function remembered(accuracy: SampledPoint['accuracy']): SampledPoint['accuracy'] {
  const known = new Map<number, number | undefined>();
  return (counts) => {
    const key = counts === undefined ? -1 : hashOf(counts);
    if (!known.has(key)) known.set(key, accuracy(counts));
    return known.get(key);
  };
}

/** 53 bits of two FNV-1a hashes with different starts: a draw of a thousand meets another by chance never. */
function hashOf(counts: ArrayLike<number>): number {
  let [a, b] = [0x811c9dc5, 0x2545f491];
  for (let i = 0; i < counts.length; i++) {
    a = Math.imul(a ^ counts[i]!, 0x01000193);
    b = Math.imul(b ^ (counts[i]! + 1), 0x01000193);
  }
  return (a >>> 0) * 2 ** 21 + (b >>> 11);
}
