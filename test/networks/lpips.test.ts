import { afterAll, beforeAll, expect, test } from 'vitest';
import { lpipsDistance } from '../../src/evaluation/lpips-distance.js';
import { squeezeFeatures, squeezePoints } from '../../src/networks/lpips/squeeze-features.js';
import type { Backend } from '../../src/nn/backend.js';
import { readCases } from '../evaluation/fixtures.js';
import { imageOf, type TensorSpec, tensorOf } from '../nn/op-vectors.js';
import { describeBackends } from '../nn/open-for-test.js';

/** A case of training/tools/make_picture_vectors.py: a small network laid out as SqueezeNet 1.1. */
interface LpipsCase {
  name: string;
  pictures: [TensorSpec, TensorSpec];
  tensors: Record<string, TensorSpec>;
  heads: Record<string, TensorSpec>;
  /** Distance at each point. */
  expected: number[];
}

describeBackends('LPIPS', (open) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(() => backend.dispose());

  test.each(readCases<LpipsCase>('lpips').map((one) => [one.name, one] as const))(
    'of %s pixels has the distances of PyTorch at every point',
    async (_, { pictures, tensors, heads, expected }) => {
      const constants = new Map(Object.entries(tensors).map(([name, spec]) => [name, tensorOf(spec)]));
      const network = await backend.compile(squeezeFeatures, constants);
      const [a, b] = [
        await network.run({ rgb: imageOf(pictures[0]) }),
        await network.run({ rgb: imageOf(pictures[1]) }),
      ];
      await network.dispose();
      for (const [i, point] of squeezePoints.entries()) {
        const weights = tensorOf(heads[`lin${i}.weight`]!).data;
        const distance = lpipsDistance([a[point]], [b[point]], [weights]);
        expect(Math.abs(distance - expected[i]!)).toBeLessThan(1e-4 * Math.max(expected[i]!, 0.01));
      }
    },
  );
});

test('features of other sizes are refused', () => {
  const map = (width: number) => ({ height: 1, width, channels: 2, data: new Float32Array(2 * width) });
  const mismatch = expect.objectContaining({ code: 'length-mismatch' });
  expect(() => lpipsDistance([map(1)], [map(2)], [[1, 1]])).toThrow(mismatch);
  expect(() => lpipsDistance([map(1)], [map(1)], [[1]])).toThrow(mismatch);
  expect(() => lpipsDistance([map(1)], [], [])).toThrow(mismatch);
  expect(lpipsDistance([map(1)], [map(1)], [[1, 1]])).toBe(0);
});
