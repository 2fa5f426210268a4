import { ModelError } from '../../errors.js';
import type { Tensor, TensorMap } from '../../tensor.js';
import { checkShape, type Layer, tensorNamed } from '../layer.js';
import type { OnnxGraph } from './graph.js';

/** Before the names of layers whose values a model has ranges of. */
const RANGES = 'ranges.';
/** Steps of a range of values. */
const STEPS = 255;
/** Largest magnitude of a bias, which leaves as much for the sum that it is added to. */
const LARGEST_BIAS = 2 ** 30;

/** A value in rounded form: its name in the graph, and how far neighbouring integers lie apart. */
interface RoundedValue {
  readonly name: string;
  readonly step: number;
}

/** What a model says between which values a layer's input lies, and its result where that is rounded too. */
interface Range {
  readonly low: number;
  readonly high: number;
}

/**
 * Rounds what convolutions take to integers of 8 bits: values to 256 steps of the range that the model states, weights to
 * steps of the largest one of their output channel, on either side of 0. In the graph that is quantisation and its inverse around a
 * convolution of floats, which onnxruntime computes as one of integers (its QDQ form). Layers without ranges stay as they are.
 */
export class EightBits {
  readonly #graph: OnnxGraph;
  readonly #tensors: TensorMap;
  readonly #largestWeight: number;
  /** Rounded values, by the names of the values. */
  readonly #rounded = new Map<string, RoundedValue>();

  constructor(graph: OnnxGraph, tensors: TensorMap, largestWeight: number) {
    this.#graph = graph;
    this.#tensors = tensors;
    this.#largestWeight = largestWeight;
  }

  /** Name of a value's rounded form, where something has rounded it. */
  known(value: string): string | undefined {
    return this.#rounded.get(value)?.name;
  }

  /** Input, weight and bias of a convolution in rounded form; undefined where the model has no range for it. */
  operands(value: string, layer: Layer): string[] | undefined {
    const range = this.#rangeOf(layer, 0);
    if (range === undefined) return undefined;
    const { name, weight, bias } = layer;
    const input = this.#round(value, range);
    const biases = bias?.data as Float32Array | undefined;
    const { integers, steps } = roundWeights(weight, this.#largestWeight, input.step, biases);
    const stored = this.#graph.packed(`${name}.weight`, weight.shape, integers);
    const scale = this.#graph.numbers(`${name}.weight step`, steps);
    const operands = [input.name, this.#graph.node('DequantizeLinear', [stored, scale], { axis: 0 })[0]!];
    if (bias !== undefined && biases !== undefined) {
      // In the steps of the products, whose sums it is added to.
      const products = steps.map((each) => each * input.step);
      const sums = Int32Array.from(biases, (b, i) => Math.round(b / products[i]!));
      const inputs = [
        this.#graph.packed(`${name}.bias`, bias.shape, sums),
        this.#graph.numbers(`${name}.bias step`, products),
      ];
      operands.push(this.#graph.node('DequantizeLinear', inputs, { axis: 0 })[0]!);
    }
    return operands;
  }

  /** Rounds what a layer gives, where the model has a range for it: sums of two such are then computed in integers too. */
  roundResult(value: string, layer: Layer): void {
    const range = this.#rangeOf(layer, 2);
    if (range !== undefined) this.#round(value, range);
  }

  /** A value that two layers take is rounded once, by the range of the first. */
  #round(value: string, range: Range): RoundedValue {
    const known = this.#rounded.get(value);
    if (known !== undefined) return known;
    // As binary32, in which it is written.
    const step = Math.fround((range.high - range.low) / STEPS);
    const zero = Math.round(-range.low / step);
    const inputs = [this.#graph.scalar(step), this.#graph.packed(`zero ${zero}`, [], Uint8Array.of(zero))];
    const [integers] = this.#graph.node('QuantizeLinear', [value, ...inputs]);
    const [name] = this.#graph.node('DequantizeLinear', [integers!, ...inputs]);
    const rounded = { name: name!, step };
    this.#rounded.set(value, rounded);
    return rounded;
  }

  /** @param from - where in the layer's ranges the one that is wanted begins */
  #rangeOf({ name }: Layer, from: number): Range | undefined {
    const key = `${RANGES}${name}`;
    if (!this.#tensors.has(key)) return undefined;
    const tensor = tensorNamed(this.#tensors, key);
    checkShape(key, tensor, [-1]);
    const [low, high] = (tensor.data as Float32Array).slice(from, from + 2);
    if (low === undefined || high === undefined) return undefined;
    if (!(low <= 0 && high >= 0 && high > low && Number.isFinite(high - low))) {
      throw new ModelError('bad-tensor', `${key} is ${low} to ${high}, which is no range around 0`);
    }
    return { low, high };
  }
}

/**
 * Weights as integers, and the step of each output channel.
 *
 * @param inputStep - of what the weights are multiplied with
 * @param biases - of the channels; in steps of the products they must fit sums of 32 bits
 */
function roundWeights(
  weight: Tensor,
  largestWeight: number,
  inputStep: number,
  biases: Float32Array | undefined,
): { integers: Int8Array; steps: Float32Array } {
  const [values, channels] = [weight.data as Float32Array, weight.shape[0]!];
  const each = values.length / channels;
  const integers = new Int8Array(values.length);
  const steps = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    const part = values.subarray(channel * each, (channel + 1) * each);
    const largest = part.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // A channel of zeros has any step, and one of hardly more than zeros is all bias.
    const smallest = Math.abs(biases?.[channel] ?? 0) / (LARGEST_BIAS * inputStep);
    const step = Math.fround(Math.max((largest || 1) / largestWeight, smallest));
    steps[channel] = step;
    for (let i = 0; i < each; i++) integers[channel * each + i] = Math.round(part[i]! / step);
  }
  return { integers, steps };
}
