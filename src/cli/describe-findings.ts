import { type Detection, maskArea, type Prediction, type SegmentedDetection } from '../index.js';
import { formatSize, formatTable } from './format.js';

/** Names of classes with their probabilities, a line each. */
export function describePredictions(predictions: readonly Prediction[]): string {
  if (predictions.length === 0) return '  nothing with a score this high';
  return formatTable(predictions.map(({ score, label, wnid }) => [`  ${score.toFixed(3)}`, label, wnid]));
}

/**
 * A table of objects: places in whole source pixels and, where there are masks, the share of the picture they cover.
 *
 * @param size - Of the source, in pixels.
 */
export function describeDetections(
  detections: readonly (Detection | SegmentedDetection)[],
  size: { width: number; height: number },
  minScore: number,
): string {
  const of = `in ${formatSize(size.width, size.height)} pixels`;
  if (detections.length === 0) return `  no object with a score of ${minScore} or more ${of}`;
  const masks = 'mask' in detections[0]!;
  const head = ['  score', 'label', 'x', 'y', 'width', 'height', ...(masks ? ['mask'] : [])];
  const rows = detections.map((detection) => {
    const { x, y, width, height } = detection.box;
    const cells = [x, y, width, height].map((value) => String(Math.round(value)));
    if ('mask' in detection) {
      const share = maskArea(detection.mask) / (size.width * size.height);
      cells.push(`${(100 * share).toFixed(1)} %`);
    }
    return [`  ${detection.score.toFixed(3)}`, detection.label, ...cells];
  });
  return `${formatTable([head, ...rows], [2, 3, 4, 5, 6])}\n  ${of}`;
}
