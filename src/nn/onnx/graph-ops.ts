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
import type { EightBits } from './eight-bits.js';
import type { Attribute, OnnxGraph } from './graph.js';

/** A value of the graph under construction: images are [1, C, H, W], tokens [T, C], heads [heads, T, C]. */
export interface GraphValue extends Value {
  readonly name: string;
  readonly rank: 2 | 3 | 4;
  /** Of heads only. */
  readonly heads?: number | undefined;
}

/** Number of the element type binary32 in onnx.proto. */
const FLOAT = 1;

/** Ops that write an ONNX graph: each call adds the operator onnxruntime is fastest at. */
export class GraphOps implements Ops<GraphValue> {
  readonly #graph: OnnxGraph;
  readonly #eightBits: EightBits | undefined;

  /** @param eightBits - rounds what convolutions take; they compute in binary32 without it */
  constructor(graph: OnnxGraph, eightBits?: EightBits) {
    this.#graph = graph;
    this.#eightBits = eightBits;
  }

  /** Declares an input [1, height, width, channels] and turns it channel-first. */
  input(name: string, channels: number): GraphValue {
    this.#graph.port('input', name, [1, `${name}.height`, `${name}.width`, channels]);
    return this.#node('Transpose', [name], channels, 4, { perm: [0, 3, 1, 2] });
  }

  /** Declares an output: images channel-last, other values as they are. */
  output(x: GraphValue, name: string): void {
    if (x.rank === 4) {
      this.#graph.node('Transpose', [x.name], { perm: [0, 2, 3, 1] }, [name]);
      this.#graph.port('output', name, [1, `${name}.height`, `${name}.width`, x.channels]);
      return;
    }
    // An identity, because a graph's output may not be its input and may not be declared twice.
    this.#graph.node('Identity', [x.name], {}, [name]);
    const outer = x.rank === 2 ? [`${name}.count`] : [`${name}.heads`, `${name}.count`];
    // A product with transposed tokens has as many channels as those had rows, which only a run knows.
    this.#graph.port('output', name, [...outer, Number.isNaN(x.channels) ? `${name}.channels` : x.channels]);
  }

  conv2d(x: GraphValue, layer: Layer, options: ConvolutionOptions = {}): GraphValue {
    checkLayer(layer, [-1, x.channels, -1, -1]);
    return this.#convolution(x, layer, options, 1);
  }

  depthwiseConv2d(x: GraphValue, layer: Layer, options: ConvolutionOptions = {}): GraphValue {
    checkLayer(layer, [x.channels, 1, -1, -1]);
    return this.#convolution(x, layer, options, x.channels);
  }

  maxPool2d(x: GraphValue, size: number, stride: number, padding: number): GraphValue {
    return this.#node('MaxPool', [x.name], x.channels, 4, {
      kernel_shape: [size, size],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
    });
  }

  globalAveragePool(x: GraphValue): GraphValue {
    const pooled = this.#node('GlobalAveragePool', [x.name], x.channels, 4);
    return this.#node('Flatten', [pooled.name], x.channels, 2);
  }

  depthToSpace(x: GraphValue, factor: number): GraphValue {
    checkDivisible(x, factor ** 2);
    const channels = x.channels / factor ** 2;
    const size = this.#sizeOf(x);
    // DepthToSpace in its mode DCR, but as two transpositions that onnxruntime has fast kernels for: columns, then rows.
    const columns = this.#node('Transpose', [this.#reshape(x, [factor, factor, -1], 1, 3).name], 1, 3, {
      perm: [0, 2, 1],
    });
    const wide = this.#reshapeTo(columns, [factor, channels], this.#times(size, [1, factor]), channels);
    const rows = this.#node('Transpose', [wide.name], channels, 4, { perm: [1, 2, 0, 3] });
    return this.#reshapeTo(rows, [1, channels], this.#times(size, [factor, factor]), channels);
  }

  spaceToDepth(x: GraphValue, factor: number): GraphValue {
    return this.#node('SpaceToDepth', [x.name], x.channels * factor ** 2, 4, { blocksize: factor });
  }

  pad(x: GraphValue, edges: Edges, value = 0): GraphValue {
    const amounts = [0, 0, edges.top, edges.left, 0, 0, edges.bottom, edges.right];
    const inputs = [x.name, this.#graph.integers(amounts), this.#graph.scalar(value)];
    return this.#node('Pad', inputs, x.channels, 4, { mode: 'constant' });
  }

  cropLike(x: GraphValue, like: GraphValue): GraphValue {
    const inputs = [x.name, this.#graph.integers([0, 0]), this.#sizeOf(like), this.#graph.integers([2, 3])];
    return this.#node('Slice', inputs, x.channels, 4);
  }

  padLike(x: GraphValue, like: GraphValue): GraphValue {
    const [more] = this.#graph.node('Sub', [this.#sizeOf(like), this.#sizeOf(x)]);
    const amounts = [this.#graph.integers([0, 0, 0, 0, 0, 0]), more!];
    const [pads] = this.#graph.node('Concat', amounts, { axis: 0 });
    return this.#node('Pad', [x.name, pads!, this.#graph.scalar(0)], x.channels, 4, { mode: 'constant' });
  }

  spreadLike(x: GraphValue, like: GraphValue): GraphValue {
    const size = this.#sizeOf(like);
    const [pixels] = this.#graph.node('ReduceProd', [size], { keepdims: 0 });
    const [count] = this.#graph.node('Cast', [pixels!], { to: FLOAT });
    const share = this.#node('Div', [x.name, count!], x.channels, 2);
    const pixel = this.#reshape(share, [1, x.channels, 1, 1], x.channels, 4);
    const [shape] = this.#graph.node('Concat', [this.#graph.integers([1, x.channels]), size], { axis: 0 });
    return this.#node('Expand', [pixel.name, shape!], x.channels, 4);
  }

  toTokens(x: GraphValue): GraphValue {
    const flat = this.#reshape(x, [x.channels, -1], x.channels, 2);
    return this.#node('Transpose', [flat.name], x.channels, 2, { perm: [1, 0] });
  }

  fromTokens(x: GraphValue, like: GraphValue): GraphValue {
    const turned = this.#node('Transpose', [x.name], x.channels, 2, { perm: [1, 0] });
    return this.#reshapeTo(turned, [1, x.channels], this.#sizeOf(like), x.channels);
  }

  splitHeads(x: GraphValue, size: number): GraphValue {
    checkDivisible(x, size);
    const parts = this.#reshape(x, [-1, x.channels / size, size], size, 3);
    const heads = this.#node('Transpose', [parts.name], size, 3, { perm: [1, 0, 2] });
    return { ...heads, heads: x.channels / size };
  }

  mergeHeads(x: GraphValue): GraphValue {
    const turned = this.#node('Transpose', [x.name], x.channels, 3, { perm: [1, 0, 2] });
    return this.#reshape(turned, [0, -1], x.channels * (x.heads ?? 1), 2);
  }

  linear(x: GraphValue, layer: Layer): GraphValue {
    checkLayer(layer, [-1, x.channels]);
    const inputs = [x.name, ...this.#parameters(layer)];
    return this.#node('Gemm', inputs, layer.weight.shape[0]!, 2, { transB: 1 });
  }

  matMul(a: GraphValue, b: GraphValue, transposeB = false): GraphValue {
    if (!transposeB) return { ...this.#node('MatMul', [a.name, b.name], b.channels, a.rank), heads: b.heads };
    const [turned] = this.#graph.node('Transpose', [b.name], { perm: b.rank === 3 ? [0, 2, 1] : [1, 0] });
    return this.#node('MatMul', [a.name, turned!], Number.NaN, a.rank);
  }

  layerNorm(x: GraphValue, layer: Layer, epsilon: number): GraphValue {
    checkLayer(layer, [x.channels]);
    const inputs = [x.name, ...this.#parameters(layer)];
    return this.#node('LayerNormalization', inputs, x.channels, x.rank, {
      axis: -1,
      epsilon: { float: epsilon },
    });
  }

  softmax(x: GraphValue): GraphValue {
    return this.#node('Softmax', [x.name], x.channels, x.rank, { axis: -1 });
  }

  add(a: GraphValue, b: GraphValue): GraphValue {
    const [left, right] = [a, b].map((x) => ({ ...x, name: this.#eightBits?.known(x.name) ?? x.name }));
    return this.#binary('Add', left!, right!);
  }

  subtract(a: GraphValue, b: GraphValue): GraphValue {
    return this.#binary('Sub', a, b);
  }

  multiply(a: GraphValue, b: GraphValue): GraphValue {
    return this.#binary('Mul', a, b);
  }

  scale(x: GraphValue, factor: number): GraphValue {
    return this.#node('Mul', [x.name, this.#graph.scalar(factor)], x.channels, x.rank);
  }

  scaleChannels(x: GraphValue, name: string, factors: Tensor): GraphValue {
    return this.#node('Mul', [x.name, this.#perChannel(x, name, factors)], x.channels, x.rank);
  }

  shiftChannels(x: GraphValue, name: string, offsets: Tensor): GraphValue {
    return this.#node('Add', [x.name, this.#perChannel(x, name, offsets)], x.channels, x.rank);
  }

  relu(x: GraphValue): GraphValue {
    return this.#node('Relu', [x.name], x.channels, x.rank);
  }

  clamp(x: GraphValue, limit: number): GraphValue {
    const inputs = [x.name, this.#graph.scalar(-limit), this.#graph.scalar(limit)];
    return this.#node('Clip', inputs, x.channels, x.rank);
  }

  gelu(x: GraphValue): GraphValue {
    return this.#node('Gelu', [x.name], x.channels, x.rank, { approximate: 'tanh' });
  }

  hardSwish(x: GraphValue): GraphValue {
    return this.#node('HardSwish', [x.name], x.channels, x.rank);
  }

  sigmoid(x: GraphValue): GraphValue {
    return this.#node('Sigmoid', [x.name], x.channels, x.rank);
  }

  maskPositive(x: GraphValue, by: GraphValue): GraphValue {
    checkSameChannels(x, by);
    const zero = this.#graph.scalar(0);
    const [isPositive] = this.#graph.node('Greater', [by.name, zero]);
    return this.#node('Where', [isPositive!, x.name, zero], x.channels, x.rank);
  }

  round(x: GraphValue): GraphValue {
    return this.#node('Round', [x.name], x.channels, x.rank);
  }

  split(x: GraphValue, sizes: readonly number[]): GraphValue[] {
    checkSplit(x, sizes);
    const inputs = [x.name, this.#graph.integers(sizes)];
    const axis = channelAxis(x);
    const names = this.#graph.node('Split', inputs, { axis }, sizes.length);
    return names.map((name, i) => ({ name, channels: sizes[i]!, rank: x.rank }));
  }

  concat(values: readonly GraphValue[]): GraphValue {
    const [first] = values;
    const channels = values.reduce((sum, value) => sum + value.channels, 0);
    const names = values.map((value) => value.name);
    return this.#node('Concat', names, channels, first!.rank, { axis: channelAxis(first!) });
  }

  scope(part: () => GraphValue): GraphValue {
    return part();
  }

  #binary(type: string, a: GraphValue, b: GraphValue): GraphValue {
    checkSameChannels(a, b);
    return this.#node(type, [a.name, b.name], a.channels, a.rank);
  }

  #convolution(x: GraphValue, layer: Layer, options: ConvolutionOptions, group: number): GraphValue {
    const [channels, , height, width] = layer.weight.shape as [number, number, number, number];
    const { stride = 1, padding = 0 } = options;
    const edges: Record<string, Attribute> =
      padding === 'same' ? { auto_pad: 'SAME_UPPER' } : { pads: [padding, padding, padding, padding] };
    const rounded = this.#eightBits?.operands(x.name, layer);
    const out = this.#node('Conv', rounded ?? [x.name, ...this.#parameters(layer)], channels, 4, {
      kernel_shape: [height, width],
      strides: [stride, stride],
      group,
      ...edges,
    });
    this.#eightBits?.roundResult(out.name, layer);
    return options.activation === 'relu' ? this.relu(out) : out;
  }

  #parameters(layer: Layer): string[] {
    const { name, weight, bias } = layer;
    const names = [this.#constant(`${name}.weight`, weight, weight.shape)];
    if (bias !== undefined) names.push(this.#constant(`${name}.bias`, bias, bias.shape));
    return names;
  }

  #perChannel(x: GraphValue, name: string, tensor: Tensor): string {
    checkShape(name, tensor, [x.channels]);
    return this.#constant(name, tensor, x.rank === 4 ? [x.channels, 1, 1] : [x.channels]);
  }

  #constant(name: string, tensor: Tensor, shape: readonly number[]): string {
    return this.#graph.weight(name, shape, tensor);
  }

  /** Height and width of an image, known when the graph runs. */
  #sizeOf(image: GraphValue): string {
    return this.#graph.node('Shape', [image.name], { start: 2, end: 4 })[0]!;
  }

  #reshape(x: GraphValue, shape: readonly number[], channels: number, rank: 2 | 3 | 4): GraphValue {
    return this.#node('Reshape', [x.name, this.#graph.integers(shape)], channels, rank);
  }

  /** Extents, each times its factor. */
  #times(size: string, factors: readonly [number, number]): string {
    return this.#graph.node('Mul', [size, this.#graph.integers(factors)])[0]!;
  }

  /** To rank 4: two extents that are known, then those of `size`. */
  #reshapeTo(x: GraphValue, known: readonly [number, number], size: string, channels: number): GraphValue {
    const [shape] = this.#graph.node('Concat', [this.#graph.integers(known), size], { axis: 0 });
    return this.#node('Reshape', [x.name, shape!], channels, 4);
  }

  #node(
    type: string,
    inputs: readonly string[],
    channels: number,
    rank: 2 | 3 | 4,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): GraphValue {
    const [name] = this.#graph.node(type, inputs, attributes);
    return { name: name!, channels, rank };
  }
}

function channelAxis(x: GraphValue): number {
  return x.rank === 4 ? 1 : x.rank - 1;
}
