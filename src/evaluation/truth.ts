import { UsageError } from '../errors.js';
import {
  type BinaryBitmap,
  encodeMask,
  maskArea,
  type RunLengthMask,
  writeRuns,
} from '../tasks/objects/run-length-mask.js';
import type { InstanceObject } from './instances.js';
import type { TruthObject } from './match-detections.js';
import type { EvaluatedBox } from './overlap.js';

/** Value of pixels in an instance map of which nobody knows what they show. */
const UNKNOWN = 255;

/** A picture's size in pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** What the masks of a picture are compared with. */
export interface MaskTruth {
  readonly truth: readonly TruthObject[];
  /** Pixels that count neither way; absent where the picture has none. */
  readonly unknown?: RunLengthMask | undefined;
}

/** A picture's objects by their boxes; crowds are ignored in evaluation. */
export function boxTruth(objects: readonly InstanceObject[]): TruthObject[] {
  return objects.map(({ categoryId, box, isCrowd }) => ({ categoryId, box, isCrowd }));
}

/**
 * A picture's objects by their masks. Exact masks come from the annotation's own runs or from the instance map. An
 * object that has only a box (ambiguous, none, or no pixels in the map) becomes a region that is ignored like a crowd:
 * it is not asked for, and detections of its category inside its box are neither right nor wrong. An annotation that
 * says nothing of its mask's quality is taken as exact where it has a mask.
 *
 * @param objects - Annotations of the picture.
 * @param size - Of the picture.
 * @param instanceMap - Its instance map, decoded: value k marks the object whose `instance` is k, 0 background, 255
 * unknown.
 * @throws UsageError `map-size` when the map has not the picture's size, `bad-mask` for annotated runs that cannot be
 * read.
 */
export function maskTruth(
  objects: readonly InstanceObject[],
  size: Size,
  instanceMap?: BinaryBitmap,
): MaskTruth {
  if (instanceMap !== undefined) checkMapSize(instanceMap, size);
  const truth = objects.map(({ categoryId, box, isCrowd, maskQuality, instance, segmentation }) => {
    const isExact = maskQuality === undefined || maskQuality === 'exact';
    const found =
      segmentation ??
      (instanceMap === undefined || instance === undefined ? undefined : valueMask(instanceMap, instance));
    const mask = isExact && found !== undefined && maskArea(found) > 0 ? found : undefined;
    return { categoryId, box, isCrowd: isCrowd || mask === undefined, mask: mask ?? boxMask(box, size) };
  });
  const unknown = instanceMap === undefined ? undefined : valueMask(instanceMap, UNKNOWN);
  return unknown === undefined || maskArea(unknown) === 0 ? { truth } : { truth, unknown };
}

/** Pixels of one value. */
function valueMask({ width, height, data }: BinaryBitmap, value: number): RunLengthMask {
  return encodeMask({ width, height, data: data.map((pixel) => (pixel === value ? 1 : 0)) });
}

/** All pixels that a box touches, written as runs: a picture may be far larger than its objects. */
function boxMask(box: EvaluatedBox, size: Size): RunLengthMask {
  const clip = (value: number, most: number) => Math.min(Math.max(value, 0), most);
  const left = clip(Math.floor(box.x), size.width);
  const top = clip(Math.floor(box.y), size.height);
  const width = clip(Math.ceil(box.x + box.width), size.width) - left;
  const height = clip(Math.ceil(box.y + box.height), size.height) - top;
  const pixels = size.width * size.height;
  if (width === 0 || height === 0) return writeRuns([pixels], size.height, size.width);
  const runs = [left * size.height + top];
  // Columns from edge to edge join to one run.
  if (height === size.height) runs.push(width * height);
  else for (let column = 0; column < width; column++) runs.push(height, size.height - height);
  if (height < size.height) runs.pop();
  const rest = pixels - runs.reduce((sum, run) => sum + run, 0);
  return writeRuns(rest > 0 ? [...runs, rest] : runs, size.height, size.width);
}

function checkMapSize(map: BinaryBitmap, size: Size): void {
  if (map.width !== size.width || map.height !== size.height) {
    throw new UsageError(
      'map-size',
      `the instance map has ${map.width}x${map.height} pixels, its picture ${size.width}x${size.height}`,
    );
  }
}
