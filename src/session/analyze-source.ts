import { analysePicture } from '../codec/analyse-picture.js';
import type { OpenModel } from '../codec/model-shelf.js';
import type { PictureSource } from '../codec/picture-source.js';
import { requireHeads } from '../model/require-heads.js';
import { collectObjects } from '../tasks/collect-objects.js';
import { describeObjects } from '../tasks/describe-objects.js';
import type { PictureScale } from '../tasks/grid-to-mask.js';
import { topPredictions } from '../tasks/top-predictions.js';
import type { AnalysisResults, AnalyzeOptions } from './codec.js';

/** Smallest score of an object that is reported, unless the caller gives one: a reader wants few wrong ones. */
const DEFAULT_MIN_SCORE = 0.3;
/** As many as COCO's metrics look at. */
const DEFAULT_MAX_DETECTIONS = 100;

/**
 * Runs the networks of all tasks over a picture and turns what they say into answers.
 *
 * @param openSource - Called when the model is known to be able to answer.
 */
export async function analyzeSource(
  { model, networks }: OpenModel,
  openSource: () => PictureSource,
  { width, height, sourceWidth, sourceHeight }: PictureScale,
  options: AnalyzeOptions,
): Promise<Omit<AnalysisResults, 'backend'>> {
  const { tasks, detect = {}, top, minScore } = options;
  const masks = tasks.includes('segment');
  const wanted = { classes: tasks.includes('classify'), boxes: masks || tasks.includes('detect'), masks };
  const heads = wanted.boxes ? requireHeads(model) : undefined;
  const collector = collectObjects({
    minScore: detect.minScore ?? DEFAULT_MIN_SCORE,
    maxDetections: detect.maxDetections ?? DEFAULT_MAX_DETECTIONS,
  });
  const logits = await analysePicture(
    await networks(),
    openSource(),
    wanted,
    (window) => collector.add(window),
    options,
  );
  const scale = { width, height, sourceWidth, sourceHeight };
  return {
    width: sourceWidth,
    height: sourceHeight,
    ...(logits && { predictions: topPredictions(logits, model.classes, { top, minScore }) }),
    ...(heads && { detections: describeObjects(collector.finish(), heads.categories, scale) }),
  };
}
