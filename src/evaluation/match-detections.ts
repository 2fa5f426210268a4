import { UsageError } from '../errors.js';
import { maskArea, type RunLengthMask, subtractMasks } from '../tasks/objects/run-length-mask.js';
import { type EvaluatedObject, overlapMatrix } from './overlap.js';

/** An object that is in a picture. */
export interface TruthObject extends EvaluatedObject {
  /** True for a region that counts neither as a hit nor as a miss: detections inside it are ignored. */
  readonly isCrowd: boolean;
}

/** An object that was found in a picture. */
export interface ScoredObject extends EvaluatedObject {
  /** Larger is surer; any finite number. */
  readonly score: number;
}

/** Truth and findings of one picture. */
export interface EvaluatedImage {
  readonly truth: readonly TruthObject[];
  readonly detections: readonly ScoredObject[];
  /**
   * Pixels of which nobody knows what they show; looked at when masks are evaluated. They are taken out of every mask
   * first. A detection of which nothing is left is neither right nor wrong, an object of which nothing is left is not
   * asked for.
   */
  readonly unknown?: RunLengthMask | undefined;
}

/** What to compare. */
export interface MatchOptions {
  readonly kind: 'box' | 'mask';
  /** Categories to evaluate; objects of others are left out. */
  readonly categoryIds: readonly number[];
  /** Best detections of one category in one picture that count; 100 unless given. */
  readonly maxDetections?: number | undefined;
}

/** What became of a detection at one threshold. */
const FALSE_POSITIVE = 0;
export const TRUE_POSITIVE = 1;
export const IGNORED = 2;

/** One category's detections in all pictures, best first. */
export interface CategoryMatches {
  readonly categoryId: number;
  /** [images]: objects to find in each picture, crowds left out. */
  readonly truthCounts: Uint32Array;
  /** [detections]: the picture each comes from. */
  readonly imageIndexes: Uint32Array;
  /** [detections][thresholds]: FALSE_POSITIVE, TRUE_POSITIVE or IGNORED. */
  readonly outcomes: Uint8Array;
}

/** Everything that average precision needs to know of detections. */
export interface DetectionMatches {
  readonly imageCount: number;
  readonly categories: readonly CategoryMatches[];
}

/** Overlaps from which a detection counts as right, 0.5 to 0.95, the very numbers of pycocotools. */
export const IOU_THRESHOLDS: readonly number[] = Array.from({ length: 10 }, (_, i) =>
  i === 9 ? 0.95 : 0.5 + i * ((0.95 - 0.5) / 9),
);

/** A detection in its place among those of all pictures. */
interface PlacedDetection {
  readonly score: number;
  readonly imageIndex: number;
  readonly outcomes: Uint8Array;
}

/**
 * Decides for every detection and every threshold whether it found an object, in each picture and category on its own:
 * detections by falling score, each takes the free object that it overlaps most. The rules, down to ties, are those of
 * `COCOeval.evaluateImg` of pycocotools with the area range "all". Equal scores keep the order of pictures and of
 * detections in them.
 *
 * @throws UsageError `bad-score` for a score that is no number, `no-mask` when masks are compared and an object has
 * none, `bad-mask` for a mask that cannot be read or has not its picture's size.
 */
export function matchDetections(images: readonly EvaluatedImage[], options: MatchOptions): DetectionMatches {
  const { kind, categoryIds, maxDetections = 100 } = options;
  const known = images.map((image) => {
    for (const { score } of image.detections) checkScore(score);
    return kind === 'mask' ? removeUnknown(image) : image;
  });
  const categories = categoryIds.map((categoryId) => {
    const placed: PlacedDetection[] = [];
    const truthCounts = new Uint32Array(images.length);
    known.forEach((image, imageIndex) => {
      // Crowds last: a detection takes one only when no object is left for it. Both sorts are stable.
      const truth = image.truth
        .filter((object) => object.categoryId === categoryId)
        .sort((a, b) => Number(a.isCrowd) - Number(b.isCrowd));
      const detections = image.detections
        .filter((object) => object.categoryId === categoryId)
        .sort((a, b) => b.score - a.score)
        .slice(0, maxDetections);
      truthCounts[imageIndex] = truth.filter(({ isCrowd }) => !isCrowd).length;
      const outcomes = matchInImage(detections, truth, kind);
      detections.forEach(({ score }, i) => {
        placed.push({ score, imageIndex, outcomes: outcomes[i]! });
      });
    });
    placed.sort((a, b) => b.score - a.score);
    return {
      categoryId,
      truthCounts,
      imageIndexes: Uint32Array.from(placed, ({ imageIndex }) => imageIndex),
      outcomes: joinOutcomes(placed),
    };
  });
  return { imageCount: images.length, categories };
}

/** Outcomes [detections] of [thresholds]. */
function matchInImage(
  detections: readonly ScoredObject[],
  truth: readonly TruthObject[],
  kind: 'box' | 'mask',
): Uint8Array[] {
  const overlaps = overlapMatrix(detections, truth, kind);
  const outcomes = detections.map(() => new Uint8Array(IOU_THRESHOLDS.length).fill(FALSE_POSITIVE));
  IOU_THRESHOLDS.forEach((threshold, t) => {
    const taken = truth.map(() => false);
    overlaps.forEach((row, d) => {
      const match = bestMatch(row, truth, taken, threshold);
      if (match === undefined) return;
      taken[match] = true;
      outcomes[d]![t] = truth[match]!.isCrowd ? IGNORED : TRUE_POSITIVE;
    });
  });
  return outcomes;
}

/** Index of the object that a detection takes; the later of two that it overlaps equally. */
function bestMatch(
  overlaps: readonly number[],
  truth: readonly TruthObject[],
  taken: readonly boolean[],
  threshold: number,
): number | undefined {
  let best = Math.min(threshold, 1 - 1e-10);
  let match: number | undefined;
  for (let g = 0; g < truth.length; g++) {
    const { isCrowd } = truth[g]!;
    // A crowd takes any number of detections.
    if (taken[g] && !isCrowd) continue;
    if (match !== undefined && !truth[match]!.isCrowd && isCrowd) break;
    if (overlaps[g]! < best) continue;
    best = overlaps[g]!;
    match = g;
  }
  return match;
}

function joinOutcomes(placed: readonly PlacedDetection[]): Uint8Array {
  const joined = new Uint8Array(placed.length * IOU_THRESHOLDS.length);
  placed.forEach(({ outcomes }, i) => {
    joined.set(outcomes, i * IOU_THRESHOLDS.length);
  });
  return joined;
}

function checkScore(score: number): void {
  if (!Number.isFinite(score)) {
    throw new UsageError('bad-score', `the score of a detection is ${score}, not a number`);
  }
}

/** A picture's objects that have masks, and what of it is unknown. */
interface MaskedImage<Truth, Detection> {
  readonly truth: readonly Truth[];
  readonly detections: readonly Detection[];
  readonly unknown?: RunLengthMask | undefined;
}

interface Masked {
  readonly mask?: RunLengthMask | undefined;
}

/**
 * Takes a picture's unknown pixels out of all its masks, and leaves out objects and detections of which nothing remains.
 *
 * @throws UsageError `bad-mask` for masks that cannot be read or differ in size.
 */
function removeUnknown<Truth extends Masked, Detection extends Masked>(
  image: MaskedImage<Truth, Detection>,
): MaskedImage<Truth, Detection> {
  const { unknown } = image;
  if (unknown === undefined) return image;
  const remove = <T extends Masked>(objects: readonly T[]): T[] =>
    objects.flatMap((object) => {
      if (object.mask === undefined) return [object];
      const mask = subtractMasks(object.mask, unknown);
      // One that was empty before is wrong, or missed, for reasons of its own.
      return maskArea(mask) === 0 && maskArea(object.mask) > 0 ? [] : [{ ...object, mask }];
    });
  return { truth: remove(image.truth), detections: remove(image.detections) };
}
