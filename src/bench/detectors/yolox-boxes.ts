import type { Box } from '../../tasks/objects/box.js';
import { suppressOverlaps } from '../../tasks/objects/suppress-overlaps.js';

/** Pixels between neighbouring positions of the three grids, in the order in which they follow each other. */
const STRIDES = [8, 16, 32] as const;

/** Numbers before the scores of the categories: centre, size, and whether there is an object at all. */
const BOX_VALUES = 5;

/** As the authors of YOLOX evaluate: what is less sure is dropped, boxes that overlap more are one object. */
const MIN_SCORE = 0.01;
const SAME_OBJECT_OVERLAP = 0.65;

/** A box that a detector proposes, in pixels of its input. */
export interface DetectedBox {
  /** Index of the category in the network's order. */
  readonly category: number;
  /** 0 to 1 */
  readonly score: number;
  readonly box: Box;
}

/** How many proposals a YOLOX network makes for an input: a number for each position of its grids. */
export function yoloxProposals(width: number, height: number): number {
  return STRIDES.reduce((sum, stride) => sum + (width / stride) * (height / stride), 0);
}

/**
 * Reads what a YOLOX network says: of each position of three grids the centre as offset from the position in strides, the
 * logarithm of width and height in strides, and probabilities of an object and of each category. Every position proposes its
 * best category. Source: Ge et al., *YOLOX: Exceeding YOLO Series in 2021*, arXiv 2107.08430, section 2.
 *
 * @param output - [proposals][5 + categories]
 * @param frame - Size of the network's input, in pixels; multiples of 32.
 * @param limit - Most boxes to keep.
 * @returns Best first, without those that overlap a better one of their category.
 */
export function readYoloxBoxes(
  output: Float32Array,
  frame: { readonly width: number; readonly height: number },
  limit: number,
): DetectedBox[] {
  const size = output.length / yoloxProposals(frame.width, frame.height);
  const found: DetectedBox[] = [];
  let at = 0;
  for (const stride of STRIDES) {
    for (let row = 0; row < frame.height / stride; row++) {
      for (let column = 0; column < frame.width / stride; column++, at += size) {
        const values = output.subarray(at, at + size);
        const category = largest(values.subarray(BOX_VALUES));
        const score = values[4]! * values[BOX_VALUES + category]!;
        if (score >= MIN_SCORE) found.push({ category, score, box: boxAt(values, row, column, stride) });
      }
    }
  }
  found.sort((a, b) => b.score - a.score);
  return suppressOverlaps(found, limit, SAME_OBJECT_OVERLAP);
}

function boxAt(values: Float32Array, row: number, column: number, stride: number): Box {
  const [x, y] = [(values[0]! + column) * stride, (values[1]! + row) * stride];
  const [width, height] = [Math.exp(values[2]!) * stride, Math.exp(values[3]!) * stride];
  return { left: x - width / 2, top: y - height / 2, right: x + width / 2, bottom: y + height / 2 };
}

function largest(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
