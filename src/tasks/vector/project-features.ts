import { ModelError } from '../../errors.js';
import type { Tensor, TensorMap } from '../../tensor.js';

/** The short form of a picture's pooled features, by which pictures are compared (docs/index-format.md). */
export interface SearchVector {
  /** [dimensions], -127 to 127: only the direction counts, so each vector has a scale of its own. */
  readonly values: Int8Array;
  /**
   * By which network and projection it was made: first digits of the render id and of the projection's SHA-256. Vectors
   * of different spaces say nothing about each other.
   */
  readonly space: string;
}

/** Largest integer of a vector. */
const PEAK = 127;

/**
 * Projects pooled features onto the directions in which photographs differ: to unit length, minus the mean, times the
 * components; then scaled until the largest component is 127, and rounded.
 *
 * @param pooled - layer4 of the tail, pooled over the picture, [channels].
 * @param tensors - Of the model; `search.mean` [channels] and `search.components` [dimensions, channels].
 * @returns [dimensions].
 * @throws ModelError `bad-tensor` when the tensors do not fit the features
 */
export function projectFeatures(pooled: Float32Array, tensors: TensorMap): Int8Array {
  const channels = pooled.length;
  const mean = requireTensor(
    tensors,
    'search.mean',
    ({ shape }) => shape.length === 1 && shape[0] === channels,
  );
  const components = requireTensor(
    tensors,
    'search.components',
    ({ shape }) => shape.length === 2 && shape[1] === channels,
  );
  const [means, weights] = [mean.data, components.data];
  let squares = 0;
  for (const value of pooled) squares += value * value;
  const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
  const centred = Float64Array.from(pooled, (value, i) => value * scale - means[i]!);
  const projected = new Float64Array(components.shape[0]!);
  for (let row = 0, at = 0; row < projected.length; row++) {
    let sum = 0;
    for (let i = 0; i < channels; i++, at++) sum += centred[i]! * weights[at]!;
    projected[row] = sum;
  }
  const largest = projected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return Int8Array.from(projected, (value) => (largest === 0 ? 0 : Math.round((value * PEAK) / largest)));
}

function requireTensor(tensors: TensorMap, name: string, fits: (tensor: Tensor) => boolean): Tensor {
  const tensor = tensors.get(name);
  if (tensor?.dtype === 'f32' && fits(tensor)) return tensor;
  throw new ModelError(
    'bad-tensor',
    `${name} must be numbers for the channels of layer 4, not ${tensor?.shape.join('x') ?? 'missing'}`,
  );
}
