import type { PictureArea, PictureScale } from '../geometry.js';
import type { Model } from '../model/load-model.js';
import type { AnswerPart } from '../networks/task-network.js';
import type { FeatureMap, Named } from '../nn/backend.js';
import type { TensorUse } from '../tensor.js';
import type { Prediction, PredictionOptions } from './classify/top-predictions.js';
import type { Box } from './objects/box.js';
import type { Detection, SegmentedDetection } from './objects/describe-objects.js';
import type { SearchVector } from './vector/project-features.js';

/** Settings of the tasks, each of which looks at its own. */
export interface TaskOptions extends PredictionOptions {
  /** Which objects to report. */
  detect?: ObjectSettings | undefined;
}

/** Which objects to report. */
export interface ObjectSettings {
  /** Smallest score, 0 to 1; 0.3 unless given. */
  minScore?: number | undefined;
  /** How many objects at most, the best; 100 unless given. */
  maxDetections?: number | undefined;
  /**
   * Which categories to report, before any are counted: names in the words of COCO or PASCAL VOC, ids, or the lists `coco`
   * and `voc`, of which those count that the model knows; all unless given.
   */
  categories?: readonly (string | number)[] | undefined;
}

/** Answers of tasks; of each task one property. */
export interface TaskAnswers {
  /** With the task `classify`: best first. */
  predictions?: Prediction[];
  /** With `detect` or `segment`: best first, with masks if `segment` was among the tasks. */
  detections?: Detection[] | SegmentedDetection[];
  /** With `embed`: layer4 of the tail, pooled over the picture, [channels]. */
  embedding?: Float32Array;
  /** With `vector`: the same, projected to the short vector of an index. */
  vector?: SearchVector;
}

/** What the networks say about one part of a picture. */
export interface AnswerMaps extends PictureArea {
  /** The outputs of the task network; those of the task's parts are among them. */
  readonly maps: Named<FeatureMap>;
  /** Share of the picture's pixels, where the parts do not overlap. */
  readonly weight: number;
  /** Whether a box, in pixels of the picture, is cut by the edge of this part and lies whole in another one. */
  isCut(box: Box): boolean;
}

/** Takes what the networks say part by part, in raster order, and makes an answer of it. */
export interface AnswerCollector {
  /** @throws BackendError when outputs are no finite numbers */
  add(part: AnswerMaps): void;
  finish(): TaskAnswers;
}

/** What a task needs of a model. */
export type AnsweringModel = Pick<Model, 'manifest' | 'tensors' | 'classes'>;

/** A question that can be asked about a picture: what it needs of the networks, and how its answer is made. */
export interface TaskDefinition {
  readonly name: string;
  /** What the task network is to say. */
  readonly parts: readonly AnswerPart[];
  /** Tensors that the task itself reads, beside those of the networks; none unless given. */
  readonly reads?: readonly TensorUse[];
  /**
   * Which areas of a large picture are looked at one by one: `tile`, each pixel once, or `window`, tiles with half of the
   * next ones, where things must not be cut.
   */
  readonly area: 'tile' | 'window';
  /** Names of tasks whose answers are part of this one's. */
  readonly includes: readonly string[];
  /** @throws UsageError for settings that make no sense */
  checkOptions(options: TaskOptions): void;
  /** @throws ModelError where the model cannot answer */
  open(model: AnsweringModel, scale: PictureScale, options: TaskOptions): AnswerCollector;
}
