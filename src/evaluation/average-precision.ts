import { UsageError } from '../errors.js';
import {
  type CategoryMatches,
  type DetectionMatches,
  IGNORED,
  IOU_THRESHOLDS,
  TRUE_POSITIVE,
} from './match-detections.js';

/** Mean precision, 0 to 1; undefined where there was no object to find. */
export interface PrecisionFigures {
  /** Over the thresholds 0.5 to 0.95. */
  readonly ap: number | undefined;
  /** At the threshold 0.5. */
  readonly ap50: number | undefined;
  /** At the threshold 0.75. */
  readonly ap75: number | undefined;
}

/** Figures of one category. */
export interface CategoryPrecision extends PrecisionFigures {
  readonly categoryId: number;
  /** Objects to find, crowds left out. */
  readonly truthCount: number;
}

/** Means over the categories that have objects, and each category's own figures. */
export interface AveragePrecision extends PrecisionFigures {
  /** In the order they were asked for. */
  readonly categories: readonly CategoryPrecision[];
}

/** Precision is read at the recalls 0, 0.01 ... 1. */
const RECALL_STEPS = 100;
const T = IOU_THRESHOLDS.length;
const T50 = 0;
const T75 = 5;

/**
 * COCO's average precision (`COCOeval.accumulate` and `summarize` of pycocotools, area "all").
 *
 * @param imageCounts - [images]: how often each picture counts; once unless given. A bootstrap draws pictures this way:
 * matching, the slow part, is done once. Equal scores of different detections keep their order, copies side by side.
 * @throws UsageError `length-mismatch` when there is not one count for each picture.
 */
export function averagePrecision(
  matches: DetectionMatches,
  imageCounts?: ArrayLike<number>,
): AveragePrecision {
  if (imageCounts !== undefined && imageCounts.length !== matches.imageCount) {
    throw new UsageError(
      'length-mismatch',
      `${imageCounts.length} counts for ${matches.imageCount} evaluated pictures`,
    );
  }
  const categories = matches.categories.map((category) => categoryPrecision(category, imageCounts));
  return {
    ap: meanOf(categories.map(({ ap }) => ap)),
    ap50: meanOf(categories.map(({ ap50 }) => ap50)),
    ap75: meanOf(categories.map(({ ap75 }) => ap75)),
    categories,
  };
}

function categoryPrecision(
  category: CategoryMatches,
  imageCounts: ArrayLike<number> | undefined,
): CategoryPrecision {
  const { categoryId, truthCounts } = category;
  const truthCount = truthCounts.reduce((sum, count, i) => sum + count * (imageCounts?.[i] ?? 1), 0);
  if (truthCount === 0) return { categoryId, truthCount, ap: undefined, ap50: undefined, ap75: undefined };
  const byThreshold = IOU_THRESHOLDS.map((_, t) => thresholdPrecision(category, t, truthCount, imageCounts));
  return {
    categoryId,
    truthCount,
    ap: byThreshold.reduce((sum, value) => sum + value, 0) / T,
    ap50: byThreshold[T50]!,
    ap75: byThreshold[T75]!,
  };
}

/** Mean over the recalls of the best precision at that recall or a higher one. */
function thresholdPrecision(
  { imageIndexes, outcomes }: CategoryMatches,
  t: number,
  truthCount: number,
  imageCounts: ArrayLike<number> | undefined,
): number {
  const recalls: number[] = [];
  const precisions: number[] = [];
  let [hits, answers] = [0, 0];
  for (let d = 0; d < imageIndexes.length; d++) {
    const outcome = outcomes[d * T + t]!;
    const count = imageCounts?.[imageIndexes[d]!] ?? 1;
    if (outcome === IGNORED || count === 0) continue;
    answers += count;
    if (outcome !== TRUE_POSITIVE) continue;
    // A wrong answer adds no recall and lowers precision: points that matter end in a hit. Repeated hits of one
    // detection are one point, because precision only rises from the first to the last.
    hits += count;
    recalls.push(hits / truthCount);
    precisions.push(hits / (answers + Number.EPSILON));
  }
  for (let i = precisions.length - 1; i > 0; i--) {
    if (precisions[i]! > precisions[i - 1]!) precisions[i - 1] = precisions[i]!;
  }
  let sum = 0;
  for (let step = 0, i = 0; step <= RECALL_STEPS; step++) {
    const recall = step === RECALL_STEPS ? 1 : step * 0.01;
    while (i < recalls.length && recalls[i]! < recall) i++;
    if (i === recalls.length) break;
    sum += precisions[i]!;
  }
  return sum / (RECALL_STEPS + 1);
}

function meanOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
}
