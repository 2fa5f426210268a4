import type * as tfjs from '@tensorflow/tfjs-core';
import type { Tensor } from '../../tensor.js';
import { checkLayer, checkShape, type Layer } from '../layer.js';
import {
  type ConvolutionOptions,
  checkDivisible,
  checkSameChannels,
  checkSplit,
  type Edges,
  type Ops,
  type Value,
} from '../ops.js';
import type { ConstantStore } from './constant-store.js';
import type { EagerTraits, MemoryGuard } from './eager-engine.js';

/** An eager tensor: images are [1, H, W, C], tokens [T, C], heads [heads, T, C]. */
export interface EagerValue extends Value {
  readonly tensor: tfjs.Tensor;
}

/** Ops that compute at once with TensorFlow.js. Must be called inside `tf.tidy`. */
export class EagerOps implements Ops<EagerValue> {
  readonly #tf: typeof tfjs;
  readonly #constants: ConstantStore;
  readonly #guard: MemoryGuard;
  readonly #traits: EagerTraits;

  constructor(tf: typeof tfjs, constants: ConstantStore, guard: MemoryGuard, traits: EagerTraits) {
    this.#tf = tf;
    this.#constants = constants;
    this.#guard = guard;
    this.#traits = traits;
  }

  /** Takes a tensor into the network. */
  value(tensor: tfjs.Tensor): EagerValue {
    return { tensor, channels: tensor.shape[tensor.rank - 1]! };
  }

  conv2d(x: EagerValue, layer: Layer, options?: ConvolutionOptions): EagerValue {
    checkLayer(layer, [-1, x.channels, -1, -1]);
    const filter = this.#constants.convolution(layer) as tfjs.Tensor4D;
    return this.#convolve(this.#tf.fused.conv2d, x, layer, filter, filter.shape[3], options);
  }

  depthwiseConv2d(x: EagerValue, layer: Layer, options?: ConvolutionOptions): EagerValue {
    checkLayer(layer, [x.channels, 1, -1, -1]);
    const filter = this.#constants.depthwise(layer) as tfjs.Tensor4D;
    return this.#convolve(this.#tf.fused.depthwiseConv2d, x, layer, filter, x.channels, options);
  }

  #convolve(
    operation: typeof tfjs.fused.conv2d | typeof tfjs.fused.depthwiseConv2d,
    x: EagerValue,
    layer: Layer,
    filter: tfjs.Tensor4D,
    outputChannels: number,
    { stride = 1, padding = 0, activation }: ConvolutionOptions = {},
  ): EagerValue {
    const image = x.tensor as tfjs.Tensor4D;
    this.#guard.reserve(convolvedSize(image, filter.shape[0], stride, padding) * outputChannels);
    const bias = this.#constants.bias(layer);
    return this.value(
      operation({
        x: image,
        filter,
        strides: stride,
        pad: explicit(padding),
        ...(bias === undefined ? {} : { bias }),
        activation: activation ?? ('linear' as const),
      }),
    );
  }

  maxPool2d(x: EagerValue, size: number, stride: number, padding: number): EagerValue {
    const image = x.tensor as tfjs.Tensor4D;
    if (this.#traits.poolsWithPadding || padding === 0) {
      this.#guard.reserve(convolvedSize(image, size, stride, padding) * x.channels);
      return this.value(this.#tf.maxPool(image, size, stride, explicit(padding)));
    }
    const edges = { top: padding, bottom: padding, left: padding, right: padding };
    const padded = this.pad(x, edges, Number.NEGATIVE_INFINITY);
    return this.value(this.#tf.maxPool(padded.tensor as tfjs.Tensor4D, size, stride, 'valid'));
  }

  globalAveragePool(x: EagerValue): EagerValue {
    return this.value(this.#tf.mean(x.tensor, [1, 2]));
  }

  depthToSpace(x: EagerValue, factor: number): EagerValue {
    checkDivisible(x, factor ** 2);
    this.#guard.reserve(2 * x.tensor.size);
    const tf = this.#tf;
    if (this.#traits.transposesFast) {
      return this.value(tf.depthToSpace(x.tensor as tfjs.Tensor4D, factor, 'NHWC'));
    }
    // [h, w, dy, (dx, c)] to [h, dy, w, (dx, c)]: whole rows move, so slicing by dy and joining again is copying.
    const [, height, width] = x.tensor.shape as [number, number, number, number];
    const channels = x.channels / factor ** 2;
    return this.value(
      tf.tidy(() => {
        const pixels = tf.reshape(x.tensor, [height * width, factor, factor * channels]);
        const rows = Array.from({ length: factor }, (_, dy) => {
          const part = tf.slice(pixels, [0, dy, 0], [height * width, 1, factor * channels]);
          return tf.reshape(part, [height, width * factor * channels]);
        });
        return tf.reshape(tf.concat(rows, 1), [1, height * factor, width * factor, channels]);
      }),
    );
  }

  spaceToDepth(x: EagerValue, factor: number): EagerValue {
    const tf = this.#tf;
    const [, tall, wide] = x.tensor.shape as [number, number, number, number];
    const [height, width] = [tall / factor, wide / factor];
    this.#guard.reserve(2 * x.tensor.size);
    // [h, dy, w, (dx, c)] to [h, w, dy, (dx, c)]: whole rows move, as in depthToSpace.
    return this.value(
      tf.tidy(() => {
        const bands = tf.reshape(x.tensor, [height, factor, wide * x.channels]);
        const rows = Array.from({ length: factor }, (_, dy) => {
          const part = tf.slice(bands, [0, dy, 0], [height, 1, wide * x.channels]);
          return tf.reshape(part, [height * width, factor * x.channels]);
        });
        return tf.reshape(tf.concat(rows, 1), [1, height, width, factor ** 2 * x.channels]);
      }),
    );
  }

  pad(x: EagerValue, edges: Edges, value = 0): EagerValue {
    const [, height, width] = x.tensor.shape as [number, number, number, number];
    const rows = height + edges.top + edges.bottom;
    this.#guard.reserve(rows * (width + edges.left + edges.right) * x.channels);
    const amounts: [number, number][] = [
      [0, 0],
      [edges.top, edges.bottom],
      [edges.left, edges.right],
      [0, 0],
    ];
    return this.value(this.#tf.pad(x.tensor, amounts, value));
  }

  cropLike(x: EagerValue, like: EagerValue): EagerValue {
    const [, height, width] = like.tensor.shape as [number, number, number, number];
    this.#guard.reserve(height * width * x.channels);
    return this.value(this.#tf.slice(x.tensor, [0, 0, 0, 0], [1, height, width, x.channels]));
  }

  padLike(x: EagerValue, like: EagerValue): EagerValue {
    const [, height, width] = x.tensor.shape as [number, number, number, number];
    const [, tall, wide] = like.tensor.shape as [number, number, number, number];
    return this.pad(x, { top: 0, bottom: tall - height, left: 0, right: wide - width });
  }

  spreadLike(x: EagerValue, like: EagerValue): EagerValue {
    const [, height, width] = like.tensor.shape as [number, number, number, number];
    this.#guard.reserve(height * width * x.channels);
    const tf = this.#tf;
    return this.value(
      tf.tidy(() => {
        const share = tf.reshape(tf.mul(x.tensor, 1 / (height * width)), [1, 1, x.channels]);
        return tf.reshape(tf.tile(share, [1, height * width, 1]), [1, height, width, x.channels]);
      }),
    );
  }

  toTokens(x: EagerValue): EagerValue {
    return this.value(this.#tf.reshape(x.tensor, [-1, x.channels]));
  }

  fromTokens(x: EagerValue, like: EagerValue): EagerValue {
    const [, height, width] = like.tensor.shape as [number, number, number, number];
    return this.value(this.#tf.reshape(x.tensor, [1, height, width, x.channels]));
  }

  splitHeads(x: EagerValue, size: number): EagerValue {
    checkDivisible(x, size);
    const parts = this.#tf.reshape(x.tensor, [-1, x.channels / size, size]);
    return this.value(this.#tf.transpose(parts, [1, 0, 2]));
  }

  mergeHeads(x: EagerValue): EagerValue {
    const [heads, count] = x.tensor.shape as [number, number, number];
    const turned = this.#tf.transpose(x.tensor, [1, 0, 2]);
    return this.value(this.#tf.reshape(turned, [count, heads * x.channels]));
  }

  linear(x: EagerValue, layer: Layer): EagerValue {
    checkLayer(layer, [-1, x.channels]);
    this.#guard.reserve((x.tensor.size / x.channels) * layer.weight.shape[0]!);
    // Not fused: the wasm backend's fused product adds the wrong bias in some layouts. Weights lie [in, out],
    // the only order in which it leaves its slow loop for XNNPACK.
    const product = this.#tf.matMul(
      x.tensor as tfjs.Tensor2D,
      this.#constants.matrix(layer) as tfjs.Tensor2D,
    );
    const bias = this.#constants.bias(layer);
    return this.value(bias === undefined ? product : this.#tf.add(product, bias));
  }

  matMul(a: EagerValue, b: EagerValue, transposeB = false): EagerValue {
    this.#guard.reserve((a.tensor.size / a.channels) * (transposeB ? b.tensor.shape.at(-2)! : b.channels));
    return this.value(this.#tf.matMul(a.tensor, b.tensor, false, transposeB));
  }

  layerNorm(x: EagerValue, layer: Layer, epsilon: number): EagerValue {
    checkLayer(layer, [x.channels]);
    const { mean, variance } = this.#tf.moments(x.tensor, -1, true);
    const inverse = this.#tf.rsqrt(this.#tf.add(variance, epsilon));
    const normal = this.#tf.mul(this.#tf.sub(x.tensor, mean), inverse);
    const scaled = this.#tf.mul(normal, this.#constants.vector(`${layer.name}.weight`, layer.weight));
    const bias = this.#constants.bias(layer);
    return this.value(bias === undefined ? scaled : this.#tf.add(scaled, bias));
  }

  softmax(x: EagerValue): EagerValue {
    return this.value(this.#tf.softmax(x.tensor));
  }

  add(a: EagerValue, b: EagerValue): EagerValue {
    return this.#binary('add', a, b);
  }

  subtract(a: EagerValue, b: EagerValue): EagerValue {
    return this.#binary('sub', a, b);
  }

  multiply(a: EagerValue, b: EagerValue): EagerValue {
    return this.#binary('mul', a, b);
  }

  scale(x: EagerValue, factor: number): EagerValue {
    this.#guard.reserve(x.tensor.size);
    return this.value(this.#tf.mul(x.tensor, factor));
  }

  scaleChannels(x: EagerValue, name: string, factors: Tensor): EagerValue {
    checkShape(name, factors, [x.channels]);
    this.#guard.reserve(x.tensor.size);
    return this.value(this.#tf.mul(x.tensor, this.#constants.vector(name, factors)));
  }

  shiftChannels(x: EagerValue, name: string, offsets: Tensor): EagerValue {
    checkShape(name, offsets, [x.channels]);
    this.#guard.reserve(x.tensor.size);
    return this.value(this.#tf.add(x.tensor, this.#constants.vector(name, offsets)));
  }

  relu(x: EagerValue): EagerValue {
    this.#guard.reserve(x.tensor.size);
    return this.value(this.#tf.relu(x.tensor));
  }

  clamp(x: EagerValue, limit: number): EagerValue {
    this.#guard.reserve(x.tensor.size);
    return this.value(this.#tf.clipByValue(x.tensor, -limit, limit));
  }

  gelu(x: EagerValue): EagerValue {
    // (1 + tanh(u)) / 2 = sigmoid(2u) saves two passes over memory.
    this.#guard.reserve(5 * x.tensor.size);
    const tf = this.#tf;
    return this.value(
      tf.tidy(() => {
        const square = tf.square(x.tensor);
        const slope = tf.add(tf.mul(square, 2 * SQRT_2_OVER_PI * 0.044715), 2 * SQRT_2_OVER_PI);
        return tf.mul(x.tensor, tf.sigmoid(tf.mul(x.tensor, slope)));
      }),
    );
  }

  hardSwish(x: EagerValue): EagerValue {
    this.#guard.reserve(4 * x.tensor.size);
    const tf = this.#tf;
    const gate = tf.clipByValue(tf.add(tf.mul(x.tensor, 1 / 6), 0.5), 0, 1);
    return this.value(tf.mul(x.tensor, gate));
  }

  sigmoid(x: EagerValue): EagerValue {
    this.#guard.reserve(x.tensor.size);
    return this.value(this.#tf.sigmoid(x.tensor));
  }

  maskPositive(x: EagerValue, by: EagerValue): EagerValue {
    checkSameChannels(x, by);
    this.#guard.reserve(3 * x.tensor.size);
    const tf = this.#tf;
    return this.value(tf.tidy(() => tf.where(tf.greater(by.tensor, 0), x.tensor, tf.zerosLike(x.tensor))));
  }

  round(x: EagerValue): EagerValue {
    this.#guard.reserve(x.tensor.size);
    return this.value(this.#tf.round(x.tensor));
  }

  split(x: EagerValue, sizes: readonly number[]): EagerValue[] {
    checkSplit(x, sizes);
    this.#guard.reserve(x.tensor.size);
    return this.#tf.split(x.tensor, [...sizes], x.tensor.rank - 1).map((part) => this.value(part));
  }

  concat(values: readonly EagerValue[]): EagerValue {
    const tensors = values.map((value) => value.tensor);
    this.#guard.reserve(tensors.reduce((sum, tensor) => sum + tensor.size, 0));
    return this.value(this.#tf.concat(tensors, tensors[0]!.rank - 1));
  }

  scope(part: () => EagerValue): EagerValue {
    return this.value(this.#tf.tidy(() => part().tensor));
  }

  #binary(operation: 'add' | 'sub' | 'mul', a: EagerValue, b: EagerValue): EagerValue {
    checkSameChannels(a, b);
    this.#guard.reserve(a.tensor.size);
    return this.value(this.#tf[operation](a.tensor, b.tensor));
  }
}

const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

/**
 * Padding as all libraries under TensorFlow.js take it: they refuse a plain number. Declarations of the fused
 * operations leave the explicit form out, though they take it as the plain ones do.
 */
function explicit(padding: number | 'same'): 'same' | 'valid' {
  if (padding === 'same') return 'same';
  if (padding === 0) return 'valid';
  const both: [number, number] = [padding, padding];
  const edges: tfjs.backend_util.ExplicitPadding = [[0, 0], both, both, [0, 0]];
  return edges as unknown as 'valid';
}

/** Pixels that come out of a convolution or pooling. */
function convolvedSize(
  image: tfjs.Tensor4D,
  kernel: number,
  stride: number,
  padding: number | 'same',
): number {
  const side = (extent: number) =>
    padding === 'same'
      ? Math.ceil(extent / stride)
      : Math.floor((extent + 2 * padding - kernel) / stride) + 1;
  return side(image.shape[1]) * side(image.shape[2]);
}
