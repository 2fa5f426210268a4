import { expect, test } from 'vitest';
import { redundancyElimination } from '../../src/networks/machine/redundancy-elimination.js';
import type { Ops, Value } from '../../src/nn/ops.js';
import type { TensorMap } from '../../src/tensor.js';

const [f1, computed] = [{}, {}] as unknown as [Value, Value];
const ops = { scope: () => computed } as unknown as Ops<Value>;
const withShares = (...shares: number[]): TensorMap =>
  new Map([['re.mix', { dtype: 'f32', shape: [shares.length], data: Float32Array.from(shares) }]]);

test('RE is computed where any channel has a share of it', () => {
  expect(redundancyElimination(ops, f1, withShares(0, 0, 0))).toBe(f1);
  expect(redundancyElimination(ops, f1, withShares(0, 0, 0.2))).toBe(computed);
});
