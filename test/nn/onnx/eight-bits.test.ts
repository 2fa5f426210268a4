import { afterAll, beforeAll, expect, test } from 'vitest';
import { ModelError } from '../../../src/errors.js';
import type { Backend, FeatureMap, Network } from '../../../src/nn/backend.js';
import { layerNamed } from '../../../src/nn/layer.js';
import { largestSums, ones, onesTensors, sumsAreWhole } from '../../../src/nn/onnx/largest-weight.js';
import { openBackend } from '../../../src/platform/node/executors/open-backend.js';
import type { Tensor } from '../../../src/tensor.js';
import { relativeError } from '../op-vectors.js';

const CHANNELS = 24;

/** A residual block and what looks at it: a convolution with ReLU, one whose result is added, one for the answer. */
const network: Network<'x', 'result'> = {
  answers: true,
  inputs: () => ({ x: { channels: CHANNELS, multiple: 1 } }),
  build: (ops, { x }, tensors) => {
    const layer = (name: string) => layerNamed(tensors, name);
    let t = ops.conv2d(x, layer('first'), { padding: 1, activation: 'relu' });
    t = ops.conv2d(t, layer('second'), { padding: 1 });
    t = ops.relu(ops.add(t, x));
    return { result: ops.conv2d(t, layer('answer')) };
  },
};

/** The same, of which nobody said that it gives answers. */
const features: Network<'x', 'result'> = { inputs: network.inputs, build: network.build };

let state = 1;
function random(): number {
  state = (state * 48271) % 2147483647;
  return (2 * state) / 2147483647 - 1;
}

function tensor(shape: number[], spread: number): Tensor {
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => spread * random());
  return { dtype: 'f32', shape, data };
}

function range(...ends: number[]): Tensor {
  return { dtype: 'f32', shape: [ends.length], data: Float32Array.from(ends) };
}

const weights: [string, Tensor][] = [
  ['first.weight', tensor([CHANNELS, CHANNELS, 3, 3], 0.1)],
  ['first.bias', tensor([CHANNELS], 0.3)],
  ['second.weight', tensor([CHANNELS, CHANNELS, 3, 3], 0.1)],
  ['second.bias', tensor([CHANNELS], 0.3)],
  ['answer.weight', tensor([5, CHANNELS, 1, 1], 0.5)],
];
const ranges: [string, Tensor][] = [
  ['ranges.first', range(0, 1)],
  ['ranges.second', range(0, 2.5, -3, 3)],
  ['ranges.answer', range(0, 4)],
];
const picture: FeatureMap = {
  data: Float32Array.from({ length: 20 * 13 * CHANNELS }, () => (random() + 1) / 2),
  height: 20,
  width: 13,
  channels: CHANNELS,
};

let [float, int8]: Backend[] = [];

beforeAll(async () => {
  float = await openBackend('onnx', { threads: 1 });
  int8 = await openBackend('auto', { threads: 1, precision: 'int8' });
});
afterAll(async () => {
  await float!.dispose();
  await int8!.dispose();
});

async function result(backend: Backend, asked: Network<'x', 'result'>, given: [string, Tensor][]) {
  const compiled = await backend.compile(asked, new Map(given));
  return (await compiled.run({ x: picture })).result.data;
}

test('answers are near those of floats, and not those', async () => {
  expect([int8!.name, int8!.device]).toEqual(['onnx', 'CPU, 1 thread, int8']);
  const wanted = await result(float!, network, weights);
  const found = await result(int8!, network, [...weights, ...ranges]);
  expect(relativeError(found, wanted)).toBeLessThan(0.03);
  expect(relativeError(found, wanted)).toBeGreaterThan(1e-4);
  // With nothing rounded but the answer's own input there is less between them.
  const less = await result(int8!, network, [...weights, ranges[2]!]);
  expect(relativeError(less, wanted)).toBeLessThan(relativeError(found, wanted));
});

test('values beyond a range become its ends', async () => {
  const wanted = await result(float!, network, weights);
  const cut = await result(int8!, network, [...weights, ['ranges.first', range(0, 0.2)], ...ranges.slice(1)]);
  expect(relativeError(cut, wanted)).toBeGreaterThan(0.1);
});

test('what gives no answers, and layers without ranges, compute in floats', async () => {
  const wanted = await result(float!, network, weights);
  expect(await result(int8!, features, [...weights, ...ranges])).toEqual(wanted);
  expect(await result(int8!, network, weights)).toEqual(wanted);
});

test('values count in steps of their range', async () => {
  // Weights are exact here, and so are sums of integers.
  const all = (value: number): Tensor => ({
    dtype: 'f32',
    shape: [1, CHANNELS, 1, 1],
    data: new Float32Array(CHANNELS).fill(value),
  });
  const alone: Network<'x', 'result'> = {
    ...network,
    build: (ops, { x }, tensors) => ({ result: ops.conv2d(x, layerNamed(tensors, 'answer')) }),
  };
  const found = await result(int8!, alone, [
    ['answer.weight', all(64)],
    ['ranges.answer', range(0, 1)],
  ]);
  for (const [at, value] of found.entries()) {
    const values = picture.data.subarray(at * CHANNELS, (at + 1) * CHANNELS);
    const steps = values.reduce((sum, v) => sum + Math.round(255 * v), 0);
    expect(value).toBeCloseTo((64 * steps) / 255, 2);
  }
});

test('weights have 8 bits where sums of products are whole, and 7 where they would be cut off', async () => {
  expect(sumsAreWhole(new Float32Array(64).fill(64.2))).toBe(true);
  // Two products of 16 bits: what is beyond 32,767 of 2 * 255 * 127 is lost.
  expect(sumsAreWhole(new Float32Array(64).fill((64 * 32767) / (2 * 255 * 127)))).toBe(false);
  const compiled = await int8!.compile(largestSums, onesTensors);
  const { mean } = await compiled.run({ ones });
  expect(sumsAreWhole(mean.data)).toBe(true);
});

test.each([
  ['an empty one', range(0, 0)],
  ['one beside 0', range(1, 2)],
  ['one without end', range(0, Number.POSITIVE_INFINITY)],
])('%s is no range', async (_what, bad) => {
  const compiling = int8!.compile(network, new Map([...weights, ['ranges.first', bad] as const]));
  await expect(compiling).rejects.toThrow(ModelError);
  await expect(compiling).rejects.toMatchObject({
    code: 'bad-tensor',
    message: expect.stringContaining('ranges.first'),
  });
});
