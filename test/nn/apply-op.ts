import { type FeatureMap, type InputSpec, mapNamed, type Named } from '../../src/nn/backend.js';
import { layerNamed, tensorNamed } from '../../src/nn/layer.js';
import type { ConvolutionOptions, Edges, Ops, Value } from '../../src/nn/ops.js';
import type { TensorMap } from '../../src/tensor.js';

/** Options of all operations together. */
export interface OpOptions extends ConvolutionOptions {
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
export function applyOp<V extends Value>(
  op: string,
  ops: Ops<V>,
  inputs: readonly V[],
  tensors: TensorMap,
  options: OpOptions,
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
    case 'spaceToDepth':
      return ops.spaceToDepth(x, options.factor);
    case 'padLike':
      return ops.padLike(x, other!);
    case 'spreadLike':
      return ops.spreadLike(ops.globalAveragePool(x), other!);
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
    case 'sigmoid':
      return ops.sigmoid(x);
    case 'maskPositive':
      return ops.maskPositive(x, other!);
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
export function named<T>(values: readonly T[]): Named<T> {
  return Object.fromEntries(values.map((value, i) => [`input${i}`, value]));
}

/** What the inputs of a network of just these images are. */
export function specsOf(images: readonly FeatureMap[]): Named<InputSpec> {
  return mapNamed(named(images), ({ channels, height, width }) => {
    return { channels, multiple: 1, smallest: [height, width] };
  });
}
