import { maskArea, type RunLengthMask, subtractMasks } from '../tasks/objects/run-length-mask.js';

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
export function removeUnknown<Truth extends Masked, Detection extends Masked>(
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
