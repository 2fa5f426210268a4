import { UsageError } from '../../errors.js';
import {
  annotationFrame,
  toUprightFrame,
  turnMask,
  type UprightPhotograph,
} from '../../tasks/objects/exif-turn.js';
import type { DatasetImage, ObjectTruth } from './dataset.js';

/** An image whose truth lies in the frame of answers: of the upright photograph. */
export interface FramedImage {
  readonly image: DatasetImage;
  /** Whether it was annotated as it is stored, so that its truth has to be turned as Exif turns the photograph. */
  readonly isTurned: boolean;
}

/**
 * Compares the size that was annotated with that of the photograph: answers come in pixels of the upright one, and truth
 * in another frame would make good answers wrong ones.
 *
 * @throws UsageError `coco-frame` for a photograph of another size than the one that was annotated
 */
export function matchFrame(image: DatasetImage, photograph: UprightPhotograph): FramedImage {
  const { size, objects, name } = image;
  if (size === undefined || objects === undefined) return { image, isTurned: false };
  const frame = annotationFrame(size, photograph);
  if (frame === undefined) {
    const { width, height, orientation } = photograph;
    throw new UsageError(
      'coco-frame',
      `${name} has ${width} x ${height} pixels, annotated as ${size.width} x ${size.height} (Exif orientation ${orientation})`,
    );
  }
  if (frame === 'upright') return { image, isTurned: false };
  return {
    image: { ...image, objects: async () => turnTruth(await objects(), photograph) },
    isTurned: true,
  };
}

function turnTruth({ boxes, masks }: ObjectTruth, photograph: UprightPhotograph): ObjectTruth {
  const { truth, unknown } = masks ?? {};
  return {
    boxes: toUprightFrame(boxes, photograph),
    ...(truth && {
      masks: {
        truth: toUprightFrame(truth, photograph),
        ...(unknown && { unknown: turnMask(unknown, photograph.orientation) }),
      },
    }),
  };
}
