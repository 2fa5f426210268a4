import * as tf from '@tensorflow/tfjs-core';
import { expect, test, vi } from 'vitest';
import type { Network } from '../../src/nn/backend.js';
import { MemoryGuard } from '../../src/nn/tfjs/eager-engine.js';
import { quietly } from '../../src/nn/tfjs/quietly.js';
import { openBackend } from '../../src/platform/node/executors/open-backend.js';

const inputs = () => ({ x: { channels: 1, multiple: 1 } });
const dot = { data: Float32Array.of(1), height: 1, width: 1, channels: 1 };

test('the guard counts what lives and what is asked for', () => {
  let living = 60;
  const guard = new MemoryGuard(() => living, 100);
  guard.reserve(10);
  expect(() => guard.reserve(11)).toThrow(expect.objectContaining({ code: 'backend-memory' }));
  living = 0;
  guard.reserve(25);
});

test('wasm refuses a tensor its memory may not hold, and goes on working', async () => {
  const backend = await openBackend('wasm');
  // 2^14 x 2^15 floats are 2 GiB; the network only grows that far for inputs of more than one pixel.
  const edge = { top: 0, left: 0, bottom: 2 ** 14 - 1, right: 2 ** 15 - 1 };
  const growing: Network<'x', 'y'> = { inputs, build: (ops, { x }) => ({ y: ops.pad(x, edge) }) };
  await expect(backend.compile(growing, new Map())).rejects.toMatchObject({
    name: 'BackendError',
    code: 'backend-memory',
  });
  const tripling: Network<'x', 'y'> = { inputs, build: (ops, { x }) => ({ y: ops.scale(x, 3) }) };
  const small = await backend.compile(tripling, new Map());
  expect((await small.run({ x: dot })).y.data[0]).toBe(3);
  await backend.dispose();
});

test('runs leave no tensors behind, disposal none at all', async () => {
  const backend = await openBackend('wasm');
  await tf.setBackend('wasm');
  const before = tf.memory().numTensors;
  const offset = { dtype: 'f32', shape: [1], data: Float32Array.of(2) } as const;
  const shifting: Network<'x', 'y'> = {
    inputs,
    build: (ops, { x }) => {
      const positive = ops.scope(() => ops.relu(x));
      return { y: ops.gelu(ops.shiftChannels(positive, 'offset', offset)) };
    },
  };
  const network = await backend.compile(shifting, new Map());
  expect(tf.memory().numTensors).toBe(before + 1);
  for (let i = 0; i < 5; i++) await network.run({ x: dot });
  expect(tf.memory().numTensors).toBe(before + 1);
  await backend.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('quietly silences notices and restores them, errors included', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const spied = console.warn;
  await expect(
    quietly(async () => {
      console.warn('not heard');
      throw new Error('heard');
    }),
  ).rejects.toThrow('heard');
  expect(warn).not.toHaveBeenCalled();
  expect(console.warn).toBe(spied);
  warn.mockRestore();
});
