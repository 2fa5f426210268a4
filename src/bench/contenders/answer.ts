import type { ScoredObject } from '../../evaluation/match-detections.js';
import type { AnalyzeOptions } from '../../session/codec.js';
import type { TaskAnswers } from '../../tasks/task.js';
import type { BenchTask } from '../report.js';
import type { PictureMeasures } from '../scores/picture-metrics.js';

/** What a network, or a measure, said about an image, in the form in which it is kept and evaluated. */
export interface Answer {
  /** Class indexes, best first. */
  readonly ranking?: readonly number[];
  /** Objects in pixels of the source. */
  readonly detections?: readonly ScoredObject[];
  /** How far the rebuilt picture is from its original. */
  readonly measures?: PictureMeasures;
}

/** Objects less sure than this change average precision by nothing, and there are hundreds of them. */
const MIN_OBJECT_SCORE = 0.05;

/** As many objects as COCO's metrics look at. */
export const MAX_OBJECTS = 100;

/** What a network is asked for each image of a task: five classes, or as many objects as COCO's metrics look at. */
export function questionOf(task: BenchTask): Pick<AnalyzeOptions, 'tasks' | 'top' | 'detect'> {
  return { tasks: [task], top: 5, detect: { minScore: MIN_OBJECT_SCORE, maxDetections: MAX_OBJECTS } };
}

/** Brings an analysis to the form in which it is kept. */
export function describeAnswer({ predictions, detections }: TaskAnswers): Answer {
  return {
    ...(predictions && { ranking: predictions.map(({ index }) => index) }),
    ...(detections && { detections: detections.map(roundedObject) }),
  };
}

/** An object as it is kept: sizes to a hundredth of a pixel. */
export function roundedObject(one: ScoredObject): ScoredObject {
  const { x, y, width, height } = one.box;
  return {
    categoryId: one.categoryId,
    score: rounded(one.score, 1e6),
    box: { x: rounded(x, 100), y: rounded(y, 100), width: rounded(width, 100), height: rounded(height, 100) },
    ...(one.mask !== undefined && { mask: one.mask }),
  };
}

function rounded(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
