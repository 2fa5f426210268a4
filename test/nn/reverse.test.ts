import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../../src/nn/backend.js';
import { ReverseOps } from '../../src/nn/reverse/reverse-ops.js';
import { applyOp, named, type OpOptions, specsOf } from './apply-op.js';
import { imageOf, readOpCases, relativeError, type TensorSpec, tensorOf } from './op-vectors.js';
import { describeBackends } from './open-for-test.js';

describeBackends('gradients of operations', (open) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(() => backend.dispose());

  for (const { name, op, inputs, tensors = {}, options = {}, gradient, output } of readOpCases('gradients')) {
    test(`${op}: ${name}`, async () => {
      const constants = new Map(Object.entries(tensors).map(([key, spec]) => [key, tensorOf(spec)]));
      const images = [...inputs, gradient as TensorSpec].map(imageOf);
      const network = await backend.compile(
        {
          inputs: () => specsOf(images),
          build: (ops, values, weights) => {
            const reverse = new ReverseOps(ops);
            const taken = Object.values(values).map((value) => reverse.input(value));
            const g = taken.pop()!.value;
            const y = applyOp(op, reverse, taken, weights, options as unknown as OpOptions);
            const tokens = ['globalAveragePool', 'concatTokens', 'linear'].includes(op);
            return { x: reverse.gradient(taken[0]!, [[y, tokens ? ops.toTokens(g) : g]]) };
          },
        },
        constants,
      );
      const { x } = await network.run(named(images));
      expect([x.height, x.width, x.channels]).toEqual(output.shape);
      expect(relativeError(x.data, output.data)).toBeLessThan(2e-6);
      await network.dispose();
    });
  }
});

test('an operation without a gradient says so where one is asked for', async () => {
  const { openBackend } = await import('../../src/platform/node/executors/open-backend.js');
  const backend = await openBackend('wasm');
  const spec = { shape: [4, 4, 2], seed: 1, step: 1 };
  const build = backend.compile(
    {
      inputs: () => specsOf([imageOf(spec)]),
      build: (ops, { input0 }) => {
        const reverse = new ReverseOps(ops);
        const x = reverse.input(input0!);
        const y = reverse.round(x);
        return { x: reverse.gradient(x, [[y, y.value]]) };
      },
    },
    new Map(),
  );
  await expect(build).rejects.toThrow('round has no gradient here');
  await backend.dispose();
});
