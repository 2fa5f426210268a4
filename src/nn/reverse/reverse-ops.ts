import type { Tensor } from '../../tensor.js';
import type { Layer } from '../layer.js';
import type { ConvolutionOptions, Edges, Ops, Value } from '../ops.js';
import { convolutionGradient, depthwiseGradient } from './convolution-gradient.js';
import { geluSlope } from './gelu-slope.js';
import { rearrangedLayer } from './rearranged-layer.js';

/** A value of a network that is being recorded. */
export interface Recorded<V extends Value> extends Value {
  readonly value: V;
}

/** One operation that was recorded. */
interface Step<V extends Value> {
  readonly inputs: readonly Recorded<V>[];
  readonly outputs: readonly Recorded<V>[];
  /** Gradients with respect to the inputs, of those with respect to the outputs. */
  readonly pull: (gradients: readonly V[]) => readonly V[];
}

/**
 * Reverse mode: a network that is built with these operations is built with those of an executor, and recorded; then
 * {@link ReverseOps.gradient} goes back through the record and writes the vector-Jacobian product of every operation in
 * the executor's own operations. So a network and the gradient of what it says are one more network, and there is no
 * second definition of either.
 *
 * Recorded is what leads from dequantised latents to the answers of heads. Operations of the encoder alone (pooling by
 * maxima, attention, rounding) have no gradient here and throw RangeError.
 */
export class ReverseOps<V extends Value> implements Ops<Recorded<V>> {
  readonly #ops: Ops<V>;
  readonly #steps: Step<V>[] = [];

  constructor(ops: Ops<V>) {
    this.#ops = ops;
  }

  /** Takes a value of the executor into the network. */
  input(value: V): Recorded<V> {
    return { value, channels: value.channels };
  }

  /**
   * The gradient with respect to one input, of a scalar of which the gradients with respect to outputs are given.
   *
   * @param outputs - Values of the recorded network, each with the gradient with respect to it, of the same shape.
   * @throws RangeError when no output depends on the input
   */
  gradient(input: Recorded<V>, outputs: readonly (readonly [output: Recorded<V>, gradient: V])[]): V {
    const known = new Map<Recorded<V>, V>();
    const add = (to: Recorded<V>, gradient: V) => {
      const sum = known.get(to);
      known.set(to, sum === undefined ? gradient : this.#ops.add(sum, gradient));
    };
    for (const [output, gradient] of outputs) add(output, gradient);
    for (const { inputs, outputs: made, pull } of this.#steps.toReversed()) {
      if (!made.some((output) => known.has(output))) continue;
      const gradients = made.map((output) => known.get(output) ?? this.#ops.scale(output.value, 0));
      for (const [i, gradient] of pull(gradients).entries()) add(inputs[i]!, gradient);
      for (const output of made) known.delete(output);
    }
    const found = known.get(input);
    if (found === undefined) throw new RangeError('the outputs do not depend on the input');
    return found;
  }

  conv2d(x: Recorded<V>, layer: Layer, options: ConvolutionOptions = {}): Recorded<V> {
    const y = this.#ops.conv2d(x.value, layer, options);
    return this.#record([x], y, (g) => [
      convolutionGradient(this.#ops, this.#beforeActivation(g, y, options), layer, options, x.value),
    ]);
  }

  depthwiseConv2d(x: Recorded<V>, layer: Layer, options: ConvolutionOptions = {}): Recorded<V> {
    const y = this.#ops.depthwiseConv2d(x.value, layer, options);
    return this.#record([x], y, (g) => [
      depthwiseGradient(this.#ops, this.#beforeActivation(g, y, options), layer, options),
    ]);
  }

  maxPool2d(x: Recorded<V>, size: number, stride: number, padding: number): Recorded<V> {
    return this.#record([x], this.#ops.maxPool2d(x.value, size, stride, padding), noGradient('maxPool2d'));
  }

  globalAveragePool(x: Recorded<V>): Recorded<V> {
    const mean = this.#ops.globalAveragePool(x.value);
    return this.#record([x], mean, (g) => [this.#ops.spreadLike(g, x.value)]);
  }

  depthToSpace(x: Recorded<V>, factor: number): Recorded<V> {
    const y = this.#ops.depthToSpace(x.value, factor);
    return this.#record([x], y, (g) => [this.#ops.spaceToDepth(g, factor)]);
  }

  spaceToDepth(x: Recorded<V>, factor: number): Recorded<V> {
    const y = this.#ops.spaceToDepth(x.value, factor);
    return this.#record([x], y, (g) => [this.#ops.depthToSpace(g, factor)]);
  }

  pad(x: Recorded<V>, edges: Edges, value = 0): Recorded<V> {
    return this.#record([x], this.#ops.pad(x.value, edges, value), noGradient('pad'));
  }

  cropLike(x: Recorded<V>, like: Recorded<V>): Recorded<V> {
    const y = this.#ops.cropLike(x.value, like.value);
    return this.#record([x], y, (g) => [this.#ops.padLike(g, x.value)]);
  }

  padLike(x: Recorded<V>, like: Recorded<V>): Recorded<V> {
    const y = this.#ops.padLike(x.value, like.value);
    return this.#record([x], y, (g) => [this.#ops.cropLike(g, x.value)]);
  }

  spreadLike(x: Recorded<V>, like: Recorded<V>): Recorded<V> {
    const y = this.#ops.spreadLike(x.value, like.value);
    return this.#record([x], y, (g) => [this.#ops.globalAveragePool(g)]);
  }

  toTokens(x: Recorded<V>): Recorded<V> {
    const y = this.#ops.toTokens(x.value);
    return this.#record([x], y, (g) => [this.#ops.fromTokens(g, x.value)]);
  }

  fromTokens(x: Recorded<V>, like: Recorded<V>): Recorded<V> {
    const y = this.#ops.fromTokens(x.value, like.value);
    return this.#record([x], y, (g) => [this.#ops.toTokens(g)]);
  }

  splitHeads(x: Recorded<V>, size: number): Recorded<V> {
    return this.#record([x], this.#ops.splitHeads(x.value, size), (g) => [this.#ops.mergeHeads(g)]);
  }

  mergeHeads(x: Recorded<V>): Recorded<V> {
    const y = this.#ops.mergeHeads(x.value);
    return this.#record([x], y, (g) => [this.#ops.splitHeads(g, x.channels)]);
  }

  linear(x: Recorded<V>, layer: Layer): Recorded<V> {
    const [out, inner] = layer.weight.shape as [number, number];
    const transposed = rearrangedLayer(layer, 'transposed', [inner, out], (from, to) => {
      for (let i = 0, at = 0; i < inner; i++) {
        for (let o = 0; o < out; o++, at++) to[at] = from[o * inner + i]!;
      }
    });
    const y = this.#ops.linear(x.value, layer);
    return this.#record([x], y, (g) => [this.#ops.linear(g, transposed)]);
  }

  matMul(a: Recorded<V>, b: Recorded<V>, transposeB = false): Recorded<V> {
    const y = this.#ops.matMul(a.value, b.value, transposeB);
    return this.#record([a, b], y, noGradient('matMul'));
  }

  layerNorm(x: Recorded<V>, layer: Layer, epsilon: number): Recorded<V> {
    return this.#record([x], this.#ops.layerNorm(x.value, layer, epsilon), noGradient('layerNorm'));
  }

  softmax(x: Recorded<V>): Recorded<V> {
    return this.#record([x], this.#ops.softmax(x.value), noGradient('softmax'));
  }

  add(a: Recorded<V>, b: Recorded<V>): Recorded<V> {
    return this.#record([a, b], this.#ops.add(a.value, b.value), (g) => [g, g]);
  }

  subtract(a: Recorded<V>, b: Recorded<V>): Recorded<V> {
    const y = this.#ops.subtract(a.value, b.value);
    return this.#record([a, b], y, (g) => [g, this.#ops.scale(g, -1)]);
  }

  multiply(a: Recorded<V>, b: Recorded<V>): Recorded<V> {
    const { multiply } = bound(this.#ops);
    return this.#record([a, b], multiply(a.value, b.value), (g) => [
      multiply(g, b.value),
      multiply(g, a.value),
    ]);
  }

  scale(x: Recorded<V>, factor: number): Recorded<V> {
    return this.#record([x], this.#ops.scale(x.value, factor), (g) => [this.#ops.scale(g, factor)]);
  }

  scaleChannels(x: Recorded<V>, name: string, factors: Tensor): Recorded<V> {
    const scaled = (value: V) => this.#ops.scaleChannels(value, name, factors);
    return this.#record([x], scaled(x.value), (g) => [scaled(g)]);
  }

  shiftChannels(x: Recorded<V>, name: string, offsets: Tensor): Recorded<V> {
    return this.#record([x], this.#ops.shiftChannels(x.value, name, offsets), (g) => [g]);
  }

  relu(x: Recorded<V>): Recorded<V> {
    const y = this.#ops.relu(x.value);
    return this.#record([x], y, (g) => [this.#ops.maskPositive(g, y)]);
  }

  clamp(x: Recorded<V>, limit: number): Recorded<V> {
    const data = new Float32Array(x.channels).fill(limit);
    const edge: Tensor = { dtype: 'f32', shape: [x.channels], data };
    const ops = this.#ops;
    const within = (g: V, value: V) =>
      ops.maskPositive(g, ops.shiftChannels(value, `limit ${limit} ${x.channels}`, edge));
    return this.#record([x], ops.clamp(x.value, limit), (g) => [
      within(within(g, x.value), ops.scale(x.value, -1)),
    ]);
  }

  gelu(x: Recorded<V>): Recorded<V> {
    const ops = this.#ops;
    return this.#record([x], ops.gelu(x.value), (g) => [
      ops.scope(() => ops.multiply(g, geluSlope(ops, x.value))),
    ]);
  }

  hardSwish(x: Recorded<V>): Recorded<V> {
    return this.#record([x], this.#ops.hardSwish(x.value), noGradient('hardSwish'));
  }

  sigmoid(x: Recorded<V>): Recorded<V> {
    const y = this.#ops.sigmoid(x.value);
    const { multiply, subtract } = bound(this.#ops);
    return this.#record([x], y, (g) => [multiply(g, subtract(y, multiply(y, y)))]);
  }

  maskPositive(x: Recorded<V>, by: Recorded<V>): Recorded<V> {
    const y = this.#ops.maskPositive(x.value, by.value);
    return this.#record([x], y, (g) => [this.#ops.maskPositive(g, by.value)]);
  }

  round(x: Recorded<V>): Recorded<V> {
    return this.#record([x], this.#ops.round(x.value), noGradient('round'));
  }

  split(x: Recorded<V>, sizes: readonly number[]): Recorded<V>[] {
    const outputs = this.#ops.split(x.value, sizes).map((value) => this.input(value));
    this.#steps.push({ inputs: [x], outputs, pull: (parts) => [this.#ops.concat(parts)] });
    return outputs;
  }

  concat(values: readonly Recorded<V>[]): Recorded<V> {
    const y = this.#ops.concat(values.map(({ value }) => value));
    const sizes = values.map(({ channels }) => channels);
    return this.#record(values, y, (g) => this.#ops.split(g, sizes));
  }

  /** What a part computes is asked for again on the way back, so nothing in it may be released. */
  scope(part: () => Recorded<V>): Recorded<V> {
    return part();
  }

  #record(inputs: readonly Recorded<V>[], value: V, pull: (gradient: V) => readonly V[]): Recorded<V> {
    const output = this.input(value);
    this.#steps.push({ inputs, outputs: [output], pull: ([gradient]) => pull(gradient!) });
    return output;
  }

  #beforeActivation(gradient: V, output: V, { activation }: ConvolutionOptions): V {
    return activation === 'relu' ? this.#ops.maskPositive(gradient, output) : gradient;
  }
}

function noGradient(operation: string): () => never {
  return () => {
    throw new RangeError(`${operation} has no gradient here: no network behind the latents uses it`);
  };
}

function bound<V extends Value>(ops: Ops<V>): Pick<Ops<V>, 'multiply' | 'subtract'> {
  return { multiply: (a, b) => ops.multiply(a, b), subtract: (a, b) => ops.subtract(a, b) };
}
