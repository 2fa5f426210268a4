import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backend, FeatureMap, Network } from '../../src/nn/backend.js';
import { layerNamed } from '../../src/nn/layer.js';
import type { Ops, Value } from '../../src/nn/ops.js';
import { openBackend } from '../../src/platform/node/executors/open-backend.js';
import type { Tensor } from '../../src/tensor.js';
import { describeBackends } from './open-for-test.js';

const inputs = () => ({ picture: { channels: 2, multiple: 2 } });

/** Doubles the first channel and negates the second. */
const network: Network<'picture', 'result'> = {
  inputs,
  build: (ops, { picture }, tensors) => ({ result: ops.conv2d(picture, layerNamed(tensors, 'layer')) }),
};

function tensor(shape: number[], ...values: number[]): Tensor {
  return { dtype: 'f32', shape, data: Float32Array.from(values) };
}

const tensors = new Map([['layer.weight', tensor([2, 2, 1, 1], 2, 0, 0, -1)]]);

function image(height: number, width: number, channels = 2, seed = 1): FeatureMap {
  const data = Float32Array.from({ length: height * width * channels }, (_, i) => i * seed);
  return { data, height, width, channels };
}

function expected({ data }: FeatureMap): number[] {
  return [...data].map((value, i) => (i % 2 === 0 ? 2 * value : 0 - value));
}

describeBackends('a compiled network', (open) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(() => backend.dispose());

  test('runs at any size, one after another and at once', async () => {
    const compiled = await backend.compile(network, tensors);
    const images = [image(2, 4), image(6, 2, 2, 3), image(2, 2, 2, 5), image(2, 4, 2, 7)];
    const results = await Promise.all(images.map((x) => compiled.run({ picture: x })));
    for (const [i, { result }] of results.entries()) {
      expect([result.height, result.width]).toEqual([images[i]!.height, images[i]!.width]);
      expect([...result.data]).toEqual(expected(images[i]!));
    }
    // The results are the caller's: a later run does not touch them.
    const kept = [...results[0]!.result.data];
    await compiled.run({ picture: image(2, 4, 2, 100) });
    expect([...results[0]!.result.data]).toEqual(kept);
  });

  test.each([
    ['another number of channels', image(2, 2, 3)],
    ['an odd height', image(3, 2)],
    ['no width', image(2, 0)],
    ['too few values', { ...image(2, 2), data: new Float32Array(7) }],
  ])('refuses %s', async (_what, bad) => {
    const compiled = await backend.compile(network, tensors);
    const refused = { name: 'UsageError', code: 'bad-input' };
    await expect(compiled.run({ picture: bad })).rejects.toMatchObject(refused);
    await expect(compiled.run({} as { picture: FeatureMap })).rejects.toMatchObject(refused);
    await expect(compiled.run({ other: bad } as never)).rejects.toMatchObject(refused);
  });

  test('does not compile with missing or unfit tensors', async () => {
    const compile = (map: Map<string, Tensor>) => backend.compile(network, map);
    await expect(compile(new Map())).rejects.toMatchObject({ name: 'ModelError', code: 'missing-tensor' });
    for (const shape of [
      [1, 4, 1, 1],
      [2, 2],
      [4, 1, 1, 1],
    ]) {
      const map = new Map([['layer.weight', tensor(shape, 1, 2, 3, 4)]]);
      await expect(compile(map)).rejects.toMatchObject({ name: 'ModelError', code: 'bad-tensor' });
    }
    const map = new Map([...tensors, ['layer.bias', tensor([3], 1, 2, 3)]]);
    await expect(compile(map)).rejects.toMatchObject({ code: 'bad-tensor' });
  });

  test.each<[string, <V extends Value>(ops: Ops<V>, x: V) => V]>([
    ['adds unlike channels', (ops, x) => ops.add(x, ops.concat([x, x]))],
    ['splits into too little', (ops, x) => ops.split(x, [1])[0]!],
    ['rearranges what does not divide', (ops, x) => ops.depthToSpace(x, 2)],
    ['has heads that do not divide', (ops, x) => ops.splitHeads(ops.toTokens(x), 32)],
  ])('does not compile a network that %s', async (_what, apply) => {
    const bad: Network<'picture', 'y'> = {
      inputs,
      build: (ops, { picture }) => ({ y: apply(ops, picture) }),
    };
    await expect(backend.compile(bad, tensors)).rejects.toMatchObject({ code: 'bad-tensor' });
  });

  test('says so after it was disposed of', async () => {
    const compiled = await backend.compile(network, tensors);
    await compiled.dispose();
    await compiled.dispose();
    await expect(compiled.run({ picture: image(2, 2) })).rejects.toMatchObject({ code: 'backend-disposed' });
  });

  test('computes beside another open backend', async () => {
    const other = await openBackend('wasm');
    const pair = await Promise.all([backend, other].map((each) => each.compile(network, tensors)));
    const x = image(4, 4);
    const results = await Promise.all([...pair, ...pair].map((compiled) => compiled.run({ picture: x })));
    for (const { result } of results) expect([...result.data]).toEqual(expected(x));
    await other.dispose();
    // Disposing of one leaves the other at work.
    await expect(backend.compile(network, tensors)).resolves.toBeDefined();
  });
});
