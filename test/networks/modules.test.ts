import { afterAll, beforeAll, expect, test } from 'vitest';
import { bottlenecks } from '../../src/networks/blocks/bottleneck.js';
import { convFormerBlock } from '../../src/networks/blocks/convformer-block.js';
import { recursiveGatedConvolutions } from '../../src/networks/blocks/recursive-gated-convolution.js';
import { residualBlock } from '../../src/networks/blocks/residual-block.js';
import { vitBlock } from '../../src/networks/blocks/vit-block.js';
import * as view from '../../src/networks/view/transform.js';
import type { Backend } from '../../src/nn/backend.js';
import type { Ops, Value } from '../../src/nn/ops.js';
import type { TensorMap } from '../../src/tensor.js';
import { imageOf, readOpCases, relativeError, tensorOf } from '../nn/op-vectors.js';
import { describeBackends } from '../nn/open-for-test.js';

interface Options {
  name: string;
  stride: number;
  /** Of pixels, that the input has to have. */
  multiple?: number;
}

function build<V extends Value>(
  module: string,
  ops: Ops<V>,
  x: V,
  tensors: TensorMap,
  { name, stride }: Options,
): V {
  switch (module) {
    case 'recursiveGatedConvolutions':
      return recursiveGatedConvolutions(ops, x, tensors, name);
    case 'convFormerBlock':
      return convFormerBlock(ops, x, tensors, name);
    case 'vitBlock':
      return vitBlock(ops, x, tensors, name);
    case 'bottlenecks':
      return bottlenecks(ops, x, tensors, name, stride);
    case 'residualBlock':
      return residualBlock(ops, x, tensors, name);
    case 'viewAnalysis':
      return view.analysis(ops, x, tensors);
    case 'viewSynthesis':
      return view.synthesis(ops, x, tensors);
    default:
      throw new Error(`no such module: ${module}`);
  }
}

describeBackends('network modules', (open) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(() => backend.dispose());

  const cases = [...readOpCases('modules'), ...readOpCases('view')];
  for (const { name, op, inputs, tensors = {}, options = {}, output } of cases) {
    test(`${op}: ${name}`, async () => {
      const image = imageOf(inputs[0]!);
      const { multiple = 1, ...rest } = options as unknown as Options;
      const network = await backend.compile(
        {
          inputs: () => ({ x: { channels: image.channels, multiple } }),
          build: (ops, { x }, weights) => ({ y: build(op, ops, x, weights, rest) }),
        },
        new Map(Object.entries(tensors).map(([key, spec]) => [key, tensorOf(spec)])),
      );
      const { y } = await network.run({ x: image });
      expect([y.height, y.width, y.channels]).toEqual(output.shape);
      expect(relativeError(y.data, output.data)).toBeLessThan(1e-5);
      await network.dispose();
    });
  }
});
