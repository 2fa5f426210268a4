import { ModelError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import type { Layer } from './layer.js';

/**
 * A value inside a network. What it holds belongs to the executor; networks know its channels only, because
 * height and width differ from run to run. Three kinds exist, and operations say which they take:
 * an *image* [height, width, channels], *tokens* [count, channels], and *heads* [heads, count, channels].
 */
export interface Value {
  readonly channels: number;
}

/** Zero padding of convolutions: pixels at every edge, or as much as makes out = ceil(in / stride). */
export type Padding = number | 'same';

/** How a convolution steps and what follows it. */
export interface ConvolutionOptions {
  /** Step in both directions; 1 unless given. */
  stride?: number;
  /**
   * 0 unless given. `same` pads ceil(in / stride) * stride + kernel - stride - in pixels in all, an odd one at
   * the bottom and right.
   */
  padding?: Padding;
  /** Activation in the same pass; none unless given. */
  activation?: 'relu';
}

/** Pixels to add at the edges of an image. */
export interface Edges {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/**
 * The operations networks are written in. Every executor implements all of them with the same result up to
 * rounding (1e-4 relative over a whole network). One picture at a time: there is no batch dimension.
 *
 * Weights are in PyTorch's order, see {@link Layer}; memory layout of values is the executor's secret. All
 * operations throw ModelError `bad-tensor` for a layer that does not fit its input.
 */
export interface Ops<V extends Value> {
  /** Convolution of an image, weight [out, channels, k, k]. */
  conv2d(x: V, layer: Layer, options?: ConvolutionOptions): V;
  /** Convolution of each channel on its own, weight [channels, 1, k, k]. */
  depthwiseConv2d(x: V, layer: Layer, options?: ConvolutionOptions): V;
  /** Largest value of each window; padding never wins. */
  maxPool2d(x: V, size: number, stride: number, padding: number): V;
  /** Mean over all pixels of an image: tokens [1, channels]. */
  globalAveragePool(x: V): V;
  /** [h, w, f*f*c] to [f*h, f*w, c]; input channels are ordered (dy, dx, c), as ONNX's DCR mode and TensorFlow do. */
  depthToSpace(x: V, factor: number): V;
  /** Inverse of {@link depthToSpace}: [f*h, f*w, c] to [h, w, f*f*c]. */
  spaceToDepth(x: V, factor: number): V;
  /** Image with constant pixels added at the edges. */
  pad(x: V, edges: Edges, value?: number): V;
  /** Image cut at the bottom and right to the height and width of `like`. */
  cropLike(x: V, like: V): V;
  /** Image with zeros added at the bottom and right up to the height and width of `like`, which is no smaller. */
  padLike(x: V, like: V): V;
  /** Tokens [1, channels] shared out equally over an image as large as `like`: every pixel is x / (height * width). */
  spreadLike(x: V, like: V): V;

  /** Image to tokens in raster order. */
  toTokens(x: V): V;
  /** Tokens back to an image of the height and width of `like`. */
  fromTokens(x: V, like: V): V;
  /** Tokens to heads of `size` channels each, first head first. */
  splitHeads(x: V, size: number): V;
  /** Inverse of {@link splitHeads}. */
  mergeHeads(x: V): V;
  /** Matrix product with each token, weight [out, channels]. */
  linear(x: V, layer: Layer): V;
  /** Matrix product within each head: a [n, k] times b [k, m], or b [m, k] with `transposeB`. */
  matMul(a: V, b: V, transposeB?: boolean): V;
  /** Zero mean and unit variance over the channels of each token, then weight and bias per channel. */
  layerNorm(x: V, layer: Layer, epsilon: number): V;
  /** Softmax over the channels of tokens or heads. */
  softmax(x: V): V;

  /** Sum of two values of the same shape. */
  add(a: V, b: V): V;
  /** Difference of two values of the same shape. */
  subtract(a: V, b: V): V;
  /** Product, element by element, of two values of the same shape. */
  multiply(a: V, b: V): V;
  /** Product with a number. */
  scale(x: V, factor: number): V;
  /** Product with one number a channel; `name` identifies the constant. */
  scaleChannels(x: V, name: string, factors: Tensor): V;
  /** Sum with one number a channel; `name` identifies the constant. */
  shiftChannels(x: V, name: string, offsets: Tensor): V;

  /** max(x, 0). */
  relu(x: V): V;
  /** min(max(x, -limit), limit). */
  clamp(x: V, limit: number): V;
  /** GELU in its tanh form: x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))). */
  gelu(x: V): V;
  /** x * min(max(x/6 + 1/2, 0), 1). */
  hardSwish(x: V): V;
  /** 1 / (1 + e^-x). */
  sigmoid(x: V): V;
  /** x where `by`, of the same shape, is above 0, and 0 elsewhere. */
  maskPositive(x: V, by: V): V;
  /** Nearest integer, ties to even. */
  round(x: V): V;

  /** Parts of the channels, in order; sizes sum to the channels. */
  split(x: V, sizes: readonly number[]): V[];
  /** Channels of all values after one another; images or tokens of the same size. */
  concat(values: readonly V[]): V;

  /** Runs a part of a network; intermediate values in it may be released when it returns. */
  scope(part: () => V): V;
}

/**
 * Checks operands of an element-by-element operation.
 *
 * @throws ModelError `bad-tensor`: the model's layers do not fit together
 */
export function checkSameChannels(a: Value, b: Value): void {
  if (!Object.is(a.channels, b.channels)) {
    throw new ModelError('bad-tensor', `the model joins ${a.channels} channels with ${b.channels}`);
  }
}

/**
 * Checks that channels divide evenly, as splitting into heads and rearranging into space need.
 *
 * @throws ModelError `bad-tensor`
 */
export function checkDivisible(x: Value, divisor: number): void {
  if (x.channels % divisor !== 0) {
    throw new ModelError('bad-tensor', `the model divides ${x.channels} channels by ${divisor}`);
  }
}

/**
 * Checks the sizes of a split.
 *
 * @throws ModelError `bad-tensor`
 */
export function checkSplit(x: Value, sizes: readonly number[]): void {
  if (sizes.reduce((a, b) => a + b, 0) !== x.channels || sizes.some((n) => !Number.isInteger(n) || n < 1)) {
    throw new ModelError('bad-tensor', `the model splits ${x.channels} channels into ${sizes.join(' + ')}`);
  }
}
