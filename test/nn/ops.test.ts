import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../../src/nn/backend.js';
import { applyOp, named, type OpOptions, specsOf } from './apply-op.js';
import { imageOf, readOpCases, relativeError, tensorOf } from './op-vectors.js';
import { describeBackends } from './open-for-test.js';

describeBackends('operations', (open) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(() => backend.dispose());

  const cases = ['convolutions', 'rearrangements', 'elementwise', 'tokens', 'slopes'].flatMap(readOpCases);
  for (const { name, op, inputs, tensors = {}, options = {}, output } of cases) {
    test(`${op}: ${name}`, async () => {
      const constants = new Map(Object.entries(tensors).map(([key, spec]) => [key, tensorOf(spec)]));
      const images = inputs.map(imageOf);
      const network = await backend.compile(
        {
          inputs: () => specsOf(images),
          build: (ops, values, weights) => ({
            y: applyOp(op, ops, Object.values(values), weights, options as unknown as OpOptions),
          }),
        },
        constants,
      );
      const { y } = await network.run(named(images));
      expect([y.height, y.width, y.channels]).toEqual(output.shape);
      expect(relativeError(y.data, output.data)).toBeLessThan(2e-6);
      await network.dispose();
    });
  }
});
