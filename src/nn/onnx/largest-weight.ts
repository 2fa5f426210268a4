import type { Tensor } from '../../tensor.js';
import type { FeatureMap, Network } from '../backend.js';
import { layerNamed } from '../layer.js';

/** Weights of 8 bits, and of 7: twice 255 * 64 fits 16 bits. */
export const LARGEST_WEIGHTS = { whole: 127, halved: 64 } as const;

const CHANNELS = 64;
const SIDE = 8;

/**
 * A convolution of ones by ones: with weights of 127, sums of products as large as they get. What comes after it rounds them, as
 * it has to be for the executor to compute in integers, and takes their mean.
 */
export const largestSums: Network<'ones', 'mean'> = {
  answers: true,
  inputs: () => ({ ones: { channels: CHANNELS, multiple: 1 } }),
  build: (ops, { ones: x }, tensors) => {
    const sums = ops.conv2d(x, layerNamed(tensors, 'sums'), { activation: 'relu' });
    return { mean: ops.conv2d(sums, layerNamed(tensors, 'mean')) };
  },
};

/** What it takes. */
export const ones: FeatureMap = {
  data: new Float32Array(SIDE ** 2 * CHANNELS).fill(1),
  height: SIDE,
  width: SIDE,
  channels: CHANNELS,
};
export const onesTensors: ReadonlyMap<string, Tensor> = new Map([
  ['sums.weight', tensor([CHANNELS, CHANNELS, 1, 1], 1)],
  ['sums.bias', tensor([CHANNELS], 0)],
  ['mean.weight', tensor([1, CHANNELS, 1, 1], 1 / CHANNELS)],
  ['ranges.sums', range(1)],
  ['ranges.mean', range(2 * CHANNELS)],
]);

/**
 * Whether this machine sums products of 8 bits without loss. Processors that have no instructions for such sums (AVX2 alone)
 * add two products in 16 bits and cut off what is beyond: of the largest ones half is lost.
 *
 * @param means - What {@link largestSums} gave of {@link ones}.
 */
export function sumsAreWhole(means: Float32Array): boolean {
  return means.every((mean) => Math.abs(mean - CHANNELS) < 0.02 * CHANNELS);
}

function range(high: number): Tensor {
  return { dtype: 'f32', shape: [2], data: Float32Array.of(0, high) };
}

function tensor(shape: number[], value: number): Tensor {
  return { dtype: 'f32', shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value) };
}
