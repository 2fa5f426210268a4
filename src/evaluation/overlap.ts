import { UsageError } from '../errors.js';
import { intersectionArea, maskArea, type RunLengthMask } from '../tasks/objects/run-length-mask.js';

/** Rectangle in pixels; its left upper corner lies at (x, y). */
export interface EvaluatedBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** An object of a picture. */
export interface EvaluatedObject {
  readonly categoryId: number;
  readonly box: EvaluatedBox;
  /** Needed where masks are compared; of the picture's size. */
  readonly mask?: RunLengthMask | undefined;
}

/**
 * Intersection over union of every detection with every object of the truth, [detections][truth], 0 to 1. For a crowd
 * the intersection is divided by the detection's own area: a part of a crowd lies in it wholly. Source: `bbIou` and
 * `rleIou` of `cocoapi/common/maskApi.c`.
 *
 * @throws UsageError `no-mask` when masks are compared and an object has none, `bad-mask` for masks that cannot be read
 * or differ in size.
 */
export function overlapMatrix(
  detections: readonly EvaluatedObject[],
  truth: readonly (EvaluatedObject & { readonly isCrowd: boolean })[],
  kind: 'box' | 'mask',
): number[][] {
  if (kind === 'box') {
    return detections.map((found) => truth.map(({ box, isCrowd }) => boxOverlap(found.box, box, isCrowd)));
  }
  const shapes = truth.map((object) => ({ ...shapeOf(object), isCrowd: object.isCrowd }));
  return detections.map((object) => {
    const found = shapeOf(object);
    return shapes.map(({ mask, area, isCrowd }) => {
      const common = intersectionArea(found.mask, mask);
      return common === 0 ? 0 : common / (isCrowd ? found.area : found.area + area - common);
    });
  });
}

function boxOverlap(found: EvaluatedBox, truth: EvaluatedBox, isCrowd: boolean): number {
  const width = Math.min(found.x + found.width, truth.x + truth.width) - Math.max(found.x, truth.x);
  const height = Math.min(found.y + found.height, truth.y + truth.height) - Math.max(found.y, truth.y);
  if (width <= 0 || height <= 0) return 0;
  const common = width * height;
  const area = found.width * found.height;
  return common / (isCrowd ? area : area + truth.width * truth.height - common);
}

function shapeOf({ mask }: EvaluatedObject): { mask: RunLengthMask; area: number } {
  if (mask === undefined) throw new UsageError('no-mask', 'an object to compare by mask has none');
  return { mask, area: maskArea(mask) };
}
