import type { Tensor, TensorMap } from '../tensor.js';
import type { Backend, FeatureMap, Network } from './backend.js';
import { layerNamed } from './layer.js';

/**
 * What the known network answers to the known input, to the sixth digit: onnxruntime and TensorFlow.js, each of whose
 * operations is compared with PyTorch (test/nn/ops.test.ts), agree on it to 1e-6.
 */
export const RIGHT_ANSWER: readonly number[] = [
  -0.0199096, -0.1478321, 0.0991445, 0.1025114, -0.0796032, -0.2799237,
];

/** Largest difference from it; executors differ by 1e-6, and one with halves as numbers by 1e-3. */
const TOLERANCE = 1e-4;

const [EDGE, CHANNELS] = [8, 4];

/** Some of what the networks of a model are made of: few operations, because each costs a start half a millisecond. */
const network: Network<'x', 'answer'> = {
  inputs: () => ({ x: { channels: CHANNELS, multiple: 2 } }),
  build: (ops, { x }, tensors) => {
    const layer = (name: string) => layerNamed(tensors, name);
    const image = ops.conv2d(x, layer('conv'), { stride: 2, padding: 1, activation: 'relu' });
    const gated = ops.multiply(image, ops.depthwiseConv2d(image, layer('depthwise'), { padding: 1 }));
    const large = ops.depthToSpace(gated, 2);
    const shares = ops.softmax(ops.linear(ops.toTokens(large), layer('linear')));
    return { answer: ops.linear(ops.globalAveragePool(ops.fromTokens(shares, large)), layer('out')) };
  },
};

const tensors: TensorMap = new Map<string, Tensor>([
  ['conv.weight', numbers([8, CHANNELS, 3, 3], 1)],
  ['conv.bias', numbers([8], 2)],
  ['depthwise.weight', numbers([8, 1, 3, 3], 3)],
  ['linear.weight', numbers([8, 2], 4)],
  ['out.weight', numbers([RIGHT_ANSWER.length, 8], 5)],
]);

/**
 * Lets an executor compute one small fixed network, since some give wrong numbers without any error: drivers, adapters,
 * libraries of another version.
 *
 * @throws Error saying what it gave, when that is wrong
 */
export async function checkKnownAnswer(backend: Backend): Promise<void> {
  const compiled = await backend.compile(network, tensors);
  try {
    const x: FeatureMap = {
      ...{ height: EDGE, width: EDGE, channels: CHANNELS },
      data: numbers([EDGE, EDGE, CHANNELS], 6).data,
    };
    const { answer } = await compiled.run({ x });
    const isRight = RIGHT_ANSWER.every((value, i) => Math.abs(answer.data[i]! - value) <= TOLERANCE);
    if (isRight && answer.data.length === RIGHT_ANSWER.length) return;
    const shown = (values: Iterable<number>) => Array.from(values, (value) => value.toFixed(4)).join(', ');
    throw new Error(
      `it computes wrongly: a known network gives ${shown(answer.data)} instead of ${shown(RIGHT_ANSWER)}`,
    );
  } finally {
    await compiled.dispose();
  }
}

/** Numbers from -1 to 1 without a pattern, the same everywhere: the high bits of a linear congruential generator. */
function numbers(shape: readonly number[], seed: number) {
  const data = new Float32Array(shape.reduce((a, b) => a * b));
  let state = seed;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    data[i] = (state >>> 16) / 2 ** 15 - 1;
  }
  return { dtype: 'f32', shape, data } as const;
}
