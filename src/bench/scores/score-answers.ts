import {
  type AveragePrecision,
  averagePrecision,
  type PrecisionFigures,
} from '../../evaluation/average-precision.js';
import { agreementHits, meanScore, topHits } from '../../evaluation/classification-accuracy.js';
import { type EvaluatedImage, matchDetections } from '../../evaluation/match-detections.js';
import type { Answer } from '../contenders/answer.js';
import type { ObjectTruth } from '../datasets/dataset.js';
import type { BenchTask } from '../report.js';

/** What is known of an image beside what was answered. */
export interface ImageTruth {
  readonly label?: number | undefined;
  readonly objects?: ObjectTruth | undefined;
  /** What the uncompressed network says. */
  readonly reference: Answer;
}

/** Scores of one set of answers. */
export interface AnswerScores {
  /**
   * A metric, 0 to 1; undefined where there is nothing to measure.
   *
   * @param imageCounts - How often each image counts; once unless given.
   */
  score(metric: string, imageCounts?: ArrayLike<number>): number | undefined;
  /** Average precision of a category, for detection and segmentation. */
  category(id: number): PrecisionFigures & { truthCount: number };
}

/** Metrics of each task; the first is the one that is compared unless another is chosen. */
export const taskMetrics: Readonly<Record<BenchTask, readonly string[]>> = {
  classify: ['top1', 'top5', 'agreement'],
  detect: ['ap', 'ap50', 'ap75'],
  segment: ['maskAp', 'maskAp50', 'maskAp75', 'boxAp', 'boxAp50', 'boxAp75'],
};

/**
 * Scores the answers to all images of a set.
 *
 * @param answers - One for each of `truths`.
 * @param categoryIds - Categories that count, for detection and segmentation.
 * @param boxesOnly - The answers have no masks; there is nothing to measure of masks then.
 */
export function scoreAnswers(
  task: BenchTask,
  truths: readonly ImageTruth[],
  answers: readonly Answer[],
  categoryIds: readonly number[],
  boxesOnly = false,
): AnswerScores {
  if (task === 'classify') return scoreClasses(truths, answers);
  return scoreObjects(task === 'segment' && !boxesOnly, truths, answers, categoryIds);
}

function scoreClasses(truths: readonly ImageTruth[], answers: readonly Answer[]): AnswerScores {
  const rankings = answers.map(({ ranking = [] }) => ranking);
  const labels = truths.map(({ label }) => label ?? -1);
  const references = truths.map(({ reference }) => reference.ranking ?? []);
  const hits: Readonly<Record<string, number[]>> = {
    top1: topHits(rankings, labels, 1),
    top5: topHits(rankings, labels, 5),
    agreement: agreementHits(rankings, references),
  };
  return {
    score: (metric, imageCounts) => meanScore(hits[metric]!, imageCounts),
    category: () => ({ truthCount: 0, ap: undefined, ap50: undefined, ap75: undefined }),
  };
}

function scoreObjects(
  hasMasks: boolean,
  truths: readonly ImageTruth[],
  answers: readonly Answer[],
  categoryIds: readonly number[],
): AnswerScores {
  const images = (kind: 'box' | 'mask'): EvaluatedImage[] =>
    truths.map(({ objects }, i) => {
      const detections = answers[i]!.detections ?? [];
      if (kind === 'box') return { truth: objects!.boxes, detections };
      return { ...objects!.masks!, detections };
    });
  const boxes = matchDetections(images('box'), { kind: 'box', categoryIds });
  const masks = hasMasks ? matchDetections(images('mask'), { kind: 'mask', categoryIds }) : undefined;
  const whole = averagePrecision(masks ?? boxes);
  return {
    score: (metric, imageCounts) => {
      const matches = metric.startsWith('mask') ? masks : boxes;
      if (matches === undefined) return undefined;
      const figures = averagePrecision(matches, imageCounts);
      return figures[precisionOf(metric)];
    },
    category: (id) => categoryOf(whole, id),
  };
}

/** `maskAp50` is the `ap50` of masks. */
function precisionOf(metric: string): 'ap' | 'ap50' | 'ap75' {
  return metric.replace(/^(mask|box)A/, 'a') as 'ap' | 'ap50' | 'ap75';
}

function categoryOf({ categories }: AveragePrecision, id: number) {
  return categories.find(({ categoryId }) => categoryId === id)!;
}
