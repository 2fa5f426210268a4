import type { TruthObject } from '../../evaluation/match-detections.js';
import { Mulberry32 } from '../../evaluation/mulberry32.js';
import type { RunLengthMask } from '../../tasks/objects/run-length-mask.js';
import type { LeftOutImage } from '../report.js';

/** What is known of the objects in an image, in pixels of the image. */
export interface ObjectTruth {
  readonly boxes: readonly TruthObject[];
  /** Objects with masks, and pixels that count neither way. */
  readonly masks?: { readonly truth: readonly TruthObject[]; readonly unknown?: RunLengthMask | undefined };
}

/** An image with its truth. */
export interface DatasetImage {
  /** As the data set names it. */
  readonly name: string;
  readonly path: string;
  /** Class index of the model, for classification. */
  readonly label?: number;
  /** Size that the annotations state, in pixels: of the frame that they are in. */
  readonly size?: { readonly width: number; readonly height: number };
  /** Objects, for detection and segmentation; read when the image's turn comes. */
  readonly objects?: () => Promise<ObjectTruth>;
}

/** Labelled images. */
export interface Dataset {
  readonly name: string;
  readonly images: readonly DatasetImage[];
  readonly leftOut: readonly LeftOutImage[];
  /** Categories of objects, for detection and segmentation. */
  readonly categories?: readonly { readonly id: number; readonly name: string }[];
}

/**
 * Draws some of a list at random, the same ones for the same seed; they keep the list's order.
 *
 * @param count - How many; all when there are not more.
 */
export function chooseImages<T>(list: readonly T[], count: number, seed: number): T[] {
  if (count >= list.length) return [...list];
  const random = new Mulberry32(seed);
  const order = list.map((_, index) => ({ index, key: random.next() }));
  order.sort((a, b) => a.key - b.key || a.index - b.index);
  const chosen = order.slice(0, count).map(({ index }) => index);
  return chosen.sort((a, b) => a - b).map((index) => list[index]!);
}
