import { readFileSync } from 'node:fs';
import type { FeatureMap } from '../../src/nn/backend.js';
import type { Tensor } from '../../src/tensor.js';

/** A tensor as fixtures/ops describes it: numbers of a generator that Python and this file share. */
export interface TensorSpec {
  shape: number[];
  seed: number;
  step: number;
  offset?: number;
}

/** A known answer of training/tools/make_op_vectors.py. */
export interface OpCase {
  name: string;
  op: string;
  inputs: TensorSpec[];
  tensors?: Record<string, TensorSpec>;
  options?: Record<string, unknown>;
  /** Of the output, where the answer is the gradient with respect to the first input. */
  gradient?: TensorSpec;
  output: { shape: number[]; data: number[] };
}

/** Reads one file of known answers. */
export function readOpCases(file: string): OpCase[] {
  return JSON.parse(readFileSync(new URL(`../../fixtures/ops/${file}.json`, import.meta.url), 'utf8'));
}

/** Makes the tensor a description stands for. */
export function tensorOf({ shape, seed, step, offset = 0 }: TensorSpec): Tensor {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  let state = seed;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = (((state >>> 16) % 129) - 64) * step + offset;
  }
  return { dtype: 'f32', shape, data };
}

/** Makes an input image. */
export function imageOf(spec: TensorSpec): FeatureMap {
  const [height, width, channels] = spec.shape as [number, number, number];
  return { data: tensorOf(spec).data as Float32Array, height, width, channels };
}

/** Largest difference, in units of the largest expected magnitude. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let magnitude = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!);
    // Written so that NaN counts as infinitely wrong.
    if (!(error <= difference)) difference = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
    magnitude = Math.max(magnitude, Math.abs(expected[i]!));
  }
  return magnitude === 0 ? difference : difference / magnitude;
}
