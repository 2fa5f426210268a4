import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Backend, type InputSpec, mapNamed, type Named } from '../../src/nn/backend.js';
import { layerNamed, tensorNamed } from '../../src/nn/layer.js';
import type { ConvolutionOptions, Edges, Ops, Value } from '../../src/nn/ops.js';
import type { TensorMap } from '../../src/tensor.js';
import { imageOf, readOpCases, relativeError, tensorOf } from './op-vectors.js';
import { describeBackends } from './open-for-test.js';

interface Options extends ConvolutionOptions {
  size: number;
  factor: number;
  limit: number;
  edges: Edges;
  value: number;
  sizes: number[];
  part: number;
  epsilon: number;
  transposeB: boolean;
}

/** One operation as a network of its own. */
function apply<V extends Value>(
  op: string,
  ops: Ops<V>,
  inputs: readonly V[],
  tensors: TensorMap,
  options: Options,
): V {
  const [x, other] = inputs as readonly [V, V | undefined];
  const layer = () => layerNamed(tensors, 'layer');
  switch (op) {
    case 'conv2d':
      return ops.conv2d(x, layer(), options);
    case 'depthwiseConv2d':
      return ops.depthwiseConv2d(x, layer(), options);
    case 'maxPool2d': {
      const shifted = ops.shiftChannels(x, 'shift', tensorNamed(tensors, 'shift'));
      return ops.maxPool2d(shifted, options.size, options.stride!, options.padding as number);
    }
    case 'globalAveragePool':
      return ops.globalAveragePool(x);
    case 'depthToSpace':
      return ops.depthToSpace(x, options.factor);
    case 'pad':
      return ops.pad(x, options.edges, options.value);
    case 'cropLike':
      return ops.cropLike(x, other!);
    case 'split':
      return ops.split(x, options.sizes)[options.part]!;
    case 'concat':
      return ops.concat([x, other!]);
    case 'concatTokens':
      return ops.concat([ops.toTokens(x), ops.toTokens(other!)]);
    case 'add':
      return ops.add(x, other!);
    case 'subtract':
      return ops.subtract(x, other!);
    case 'multiply':
      return ops.multiply(x, other!);
    case 'scale':
      return ops.scale(x, options.factor);
    case 'scaleChannels':
      return ops.scaleChannels(x, 'values', tensorNamed(tensors, 'values'));
    case 'shiftChannels':
      return ops.shiftChannels(x, 'values', tensorNamed(tensors, 'values'));
    case 'relu':
      return ops.relu(x);
    case 'clamp':
      return ops.clamp(x, options.limit);
    case 'gelu':
      return ops.gelu(x);
    case 'hardSwish':
      return ops.hardSwish(x);
    case 'round':
      return ops.round(x);
    case 'toTokens':
      return ops.toTokens(ops.fromTokens(ops.toTokens(x), x));
    case 'linear':
      return ops.linear(ops.toTokens(x), layer());
    case 'layerNorm':
      return ops.layerNorm(ops.toTokens(x), layer(), options.epsilon);
    case 'softmax':
      return ops.softmax(ops.toTokens(x));
    case 'matMul':
      return ops.matMul(ops.toTokens(x), ops.toTokens(other!), options.transposeB);
    case 'attention': {
      const heads = ops.splitHeads(ops.toTokens(x), options.size);
      return ops.mergeHeads(ops.matMul(ops.softmax(ops.matMul(heads, heads, true)), heads));
    }
    default:
      throw new Error(`no such operation: ${op}`);
  }
}

/** Inputs by names in their order. */
function named<T>(values: readonly T[]): Named<T> {
  return Object.fromEntries(values.map((value, i) => [`input${i}`, value]));
}

describeBackends('operations', (open) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(() => backend.dispose());

  const cases = ['convolutions', 'rearrangements', 'elementwise', 'tokens'].flatMap(readOpCases);
  for (const { name, op, inputs, tensors = {}, options = {}, output } of cases) {
    test(`${op}: ${name}`, async () => {
      const constants = new Map(Object.entries(tensors).map(([key, spec]) => [key, tensorOf(spec)]));
      const images = inputs.map(imageOf);
      const network = await backend.compile(
        {
          inputs: () =>
            mapNamed(named(images), ({ channels, height, width }): InputSpec => {
              return { channels, multiple: 1, smallest: [height, width] };
            }),
          build: (ops, values, weights) => ({
            y: apply(op, ops, Object.values(values), weights, options as unknown as Options),
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
