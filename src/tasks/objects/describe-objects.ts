import type { PictureScale } from '../../geometry.js';
import type { ObjectCategory } from '../../model/manifest.js';
import type { FoundObject } from './collect-objects.js';
import { gridToMask } from './grid-to-mask.js';
import type { RunLengthMask } from './run-length-mask.js';

/** An object in a picture. */
export interface Detection {
  /** Name of its category. */
  label: string;
  categoryId: number;
  /** Probability, 0 to 1. */
  score: number;
  /** In pixels of the photograph after orientation; fractions count. Inside the photograph. */
  box: { x: number; y: number; width: number; height: number };
}

/** An object in a picture and the pixels it covers. */
export interface SegmentedDetection extends Detection {
  /** Pixels of the photograph, in COCO's run-length form. Inside the box. */
  mask: RunLengthMask;
}

/** Names objects and brings their boxes, and masks where there are any, to source pixels. */
export function describeObjects(
  objects: readonly FoundObject[],
  categories: readonly ObjectCategory[],
  scale: PictureScale,
): (Detection & { mask?: RunLengthMask })[] {
  return objects.map(({ category, score, box, mask }) => {
    const { id, name } = categories[category]!;
    const [left, right] = [box.left, box.right].map((x) => (x * scale.sourceWidth) / scale.width) as Pair;
    const [top, bottom] = [box.top, box.bottom].map((y) => (y * scale.sourceHeight) / scale.height) as Pair;
    return {
      label: name,
      categoryId: id,
      score,
      box: { x: left, y: top, width: right - left, height: bottom - top },
      ...(mask === undefined ? {} : { mask: gridToMask(mask, box, scale) }),
    };
  });
}

type Pair = [number, number];
