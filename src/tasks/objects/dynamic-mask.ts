import type { FeatureMap } from '../../nn/backend.js';
import type { Box } from './box.js';

/** Logits of one object's mask over its box only; above 0 is object. */
export interface MaskGrid {
  /** [height][width]. */
  readonly logits: Float32Array;
  readonly height: number;
  readonly width: number;
  /** Left and top edge of the first cell, in pixels; cells are {@link MASK_STRIDE} pixels wide and high. */
  readonly x: number;
  readonly y: number;
}

/** Pixels between neighbouring cells of a mask. */
export const MASK_STRIDE = 4;

/** Channels inside the network of one mask. */
const HIDDEN = 8;

/** Offsets from an object's position are given to its network in units of this many strides. */
const OFFSET_STRIDES = 8;

/** Numbers that a controller gives for masks of so many mask channels. */
export function maskParameterCount(maskChannels: number): number {
  return HIDDEN * (2 + maskChannels) + HIDDEN * HIDDEN + HIDDEN + HIDDEN + HIDDEN + 1;
}

/**
 * Evaluates the mask network of one object (Tian et al., CondInst, 2020): three 1x1 convolutions with 8, 8 and 1
 * outputs, ReLU between them, on the offset from the object's position and the mask features. Only the cells that
 * interpolation inside the box can reach are evaluated.
 *
 * @param features - Mask features at stride 4.
 * @param parameters - Weights [8][2 + mask channels], [8][8], [1][8], then biases 8, 8, 1.
 * @param place - Box and position of the object, in pixels of what the network saw, and the stride of its level.
 */
export function evaluateMask(
  features: FeatureMap,
  parameters: Float32Array,
  place: { readonly box: Box; readonly centreX: number; readonly centreY: number; readonly stride: number },
): MaskGrid {
  const { data, channels } = features;
  const inputs = channels + 2;
  const second = HIDDEN * inputs;
  const third = second + HIDDEN * HIDDEN;
  const biases = third + HIDDEN;

  const [firstX, lastX] = cellRange(place.box.left, place.box.right, features.width);
  const [firstY, lastY] = cellRange(place.box.top, place.box.bottom, features.height);
  const width = lastX - firstX + 1;
  const height = lastY - firstY + 1;
  const logits = new Float32Array(width * height);
  const hidden = new Float64Array(2 * HIDDEN);
  const unit = OFFSET_STRIDES * place.stride;
  for (let row = 0, to = 0; row < height; row++) {
    const offsetY = ((firstY + row + 0.5) * MASK_STRIDE - place.centreY) / unit;
    let from = ((firstY + row) * features.width + firstX) * channels;
    for (let column = 0; column < width; column++, from += channels, to++) {
      const offsetX = ((firstX + column + 0.5) * MASK_STRIDE - place.centreX) / unit;
      for (let k = 0; k < HIDDEN; k++) {
        const at = k * inputs;
        let sum = parameters[biases + k]! + parameters[at]! * offsetX + parameters[at + 1]! * offsetY;
        for (let c = 0; c < channels; c++) sum += parameters[at + 2 + c]! * data[from + c]!;
        hidden[k] = sum > 0 ? sum : 0;
      }
      for (let k = 0; k < HIDDEN; k++) {
        let sum = parameters[biases + HIDDEN + k]!;
        for (let c = 0; c < HIDDEN; c++) sum += parameters[second + k * HIDDEN + c]! * hidden[c]!;
        hidden[HIDDEN + k] = sum > 0 ? sum : 0;
      }
      let logit = parameters[biases + 2 * HIDDEN]!;
      for (let c = 0; c < HIDDEN; c++) logit += parameters[third + c]! * hidden[HIDDEN + c]!;
      logits[to] = logit;
    }
  }
  return { logits, height, width, x: firstX * MASK_STRIDE, y: firstY * MASK_STRIDE };
}

/** First and last cell whose centre is at or next to a place between `from` and `to` pixels. */
function cellRange(from: number, to: number, count: number): [number, number] {
  const first = Math.max(0, Math.floor(from / MASK_STRIDE - 0.5));
  return [first, Math.max(first, Math.min(count - 1, Math.ceil(to / MASK_STRIDE - 0.5)))];
}
