import type { Tensor } from '../../tensor.js';
import { ProtobufWriter } from './protobuf-writer.js';

/** Attribute of a node: an integer, a list of integers, a binary32 number, or text. */
export type Attribute = number | readonly number[] | { float: number } | string;

/** Weights a graph refers to by path instead of holding them; onnxruntime takes them as they lie in memory. */
export interface ExternalTensor {
  path: string;
  data: Uint8Array;
}

/** Extents of a graph's input or output; a name stands for one that differs from run to run. */
export type SymbolicShape = readonly (number | string)[];

/** What a graph is written for. */
export interface GraphOptions {
  /** Whether weights lie in the model itself, as small as they are stored; outside of it as binary32 unless given. */
  readonly embedWeights?: boolean | undefined;
  /**
   * Largest magnitude of weights, where convolutions whose inputs the model has ranges for are to compute in integers of 8
   * bits: 127, or what the machine can do without loss. In floats unless given.
   */
  readonly largestWeight?: number | undefined;
  /** Facts about the model, for people and programs. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

// Numbers of fields and types are those of onnx.proto (IR version 10).
const IR_VERSION = 10;
/** First operator set with Gelu in its tanh form. */
export const OPSET_VERSION = 20;
const FLOAT = 1;
const UINT8 = 2;
const INT8 = 3;
const INT32 = 6;
const INT64 = 7;
const FLOAT16 = 10;
const EXTERNAL_LOCATION = 1;

/** Collects nodes and constants and writes them as an ONNX model. */
export class OnnxGraph {
  readonly #nodes: Uint8Array[] = [];
  readonly #initializers: Uint8Array[] = [];
  readonly #inputs: Uint8Array[] = [];
  readonly #outputs: Uint8Array[] = [];
  readonly #constants = new Map<string, string>();
  readonly #embeddedNames = new Set<string>();
  readonly #external: ExternalTensor[] = [];
  readonly #options: GraphOptions;
  #count = 0;

  constructor(options: GraphOptions = {}) {
    this.#options = options;
  }

  /**
   * Adds a node and returns the names of its outputs.
   *
   * @param outputs - Their names, or how many there are.
   */
  node(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    named: number | readonly string[] = 1,
  ): string[] {
    const outputs =
      typeof named === 'number' ? Array.from({ length: named }, () => `v${this.#count++}`) : [...named];
    const node = new ProtobufWriter();
    for (const name of inputs) node.text(1, name);
    for (const name of outputs) node.text(2, name);
    node.text(3, `${type}_${this.#nodes.length}`).text(4, type);
    for (const [name, value] of Object.entries(attributes)) {
      node.message(5, (attribute) => writeAttribute(attribute, name, value));
    }
    this.#nodes.push(node.finish());
    return outputs;
  }

  /** Declares an input or an output of the graph; all are float. */
  port(kind: 'input' | 'output', name: string, shape: SymbolicShape): void {
    const info = new ProtobufWriter().text(1, name).message(2, (type) =>
      type.message(1, (tensor) =>
        tensor.integer(1, FLOAT).message(2, (extents) => {
          for (const extent of shape) {
            extents.message(1, (dim) =>
              typeof extent === 'number' ? dim.integer(1, extent) : dim.text(2, extent),
            );
          }
        }),
      ),
    );
    (kind === 'input' ? this.#inputs : this.#outputs).push(info.finish());
  }

  /**
   * Adds a float constant and returns its name. The same name and shape are added once only, and the tensor's values are
   * then not asked for.
   *
   * @param shape - That of the tensor, or one with further dimensions of 1.
   */
  weight(name: string, shape: readonly number[], tensor: Tensor): string {
    if (this.#options.embedWeights === true) return this.#embedded(name, shape, tensor);
    return this.#once(`${name} ${shape.join('x')}`, (unique) => {
      const values = tensor.data;
      this.#external.push({
        path: unique,
        data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      });
      const location = { location: unique, offset: '0', length: String(values.byteLength) };
      const message = new ProtobufWriter().integers(1, shape).integer(2, FLOAT).text(8, unique);
      for (const [key, value] of Object.entries(location)) {
        message.message(13, (entry) => entry.text(1, key).text(2, value));
      }
      return message.integer(14, EXTERNAL_LOCATION);
    });
  }

  /** Integers as a constant inside the model; its type is that of the array. */
  packed(name: string, shape: readonly number[], values: Uint8Array | Int8Array | Int32Array): string {
    const type = values instanceof Int32Array ? INT32 : values instanceof Int8Array ? INT8 : UINT8;
    return this.#once(`packed ${name}`, (unique) => {
      const bytes =
        values instanceof Int32Array
          ? littleEndian(values)
          : new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      return new ProtobufWriter().integers(1, shape).integer(2, type).text(8, unique).bytes(9, bytes);
    });
  }

  /** A list of numbers as a constant inside the model. */
  numbers(name: string, values: Float32Array): string {
    return this.#once(`numbers ${name}`, (unique) =>
      new ProtobufWriter()
        .integers(1, [values.length])
        .integer(2, FLOAT)
        .text(8, unique)
        .bytes(9, littleEndian(values)),
    );
  }

  /** A list of 64-bit integers as a constant, for operators that take shapes as inputs. */
  integers(values: readonly number[]): string {
    const raw = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.#once(`int64 ${values.join(',')}`, (unique) =>
      new ProtobufWriter().integers(1, [values.length]).integer(2, INT64).text(8, unique).bytes(9, raw),
    );
  }

  /** A scalar constant. */
  scalar(value: number): string {
    const raw = new Uint8Array(Float32Array.of(value).buffer);
    return this.#once(`scalar ${value}`, (unique) =>
      new ProtobufWriter().integer(2, FLOAT).text(8, unique).bytes(9, raw),
    );
  }

  /** The model's bytes and the weights they refer to. */
  finish(): { model: Uint8Array; external: ExternalTensor[] } {
    const model = new ProtobufWriter()
      .integer(1, IR_VERSION)
      .text(2, 'dicm')
      .message(7, (graph) => {
        for (const node of this.#nodes) graph.bytes(1, node);
        graph.text(2, 'network');
        for (const initializer of this.#initializers) graph.bytes(5, initializer);
        for (const input of this.#inputs) graph.bytes(11, input);
        for (const output of this.#outputs) graph.bytes(12, output);
      })
      .message(8, (opset) => opset.text(1, '').integer(2, OPSET_VERSION));
    for (const [key, value] of Object.entries(this.#options.metadata ?? {})) {
      model.message(14, (entry) => entry.text(1, key).text(2, value));
    }
    return { model: model.finish(), external: this.#external };
  }

  /** A weight inside the model as it is stored, and what makes binary32 of it. */
  #embedded(tensorName: string, shape: readonly number[], tensor: Tensor): string {
    const key = `${tensorName} ${shape.join('x')}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    // The tensor's own name, where it is not taken by the same values in another shape.
    const name = this.#embeddedNames.has(tensorName) ? key : tensorName;
    this.#embeddedNames.add(name);
    const { stored } = tensor;
    let wide = name;
    if (stored === undefined) this.#raw(name, shape, FLOAT, littleEndian(tensor.data as Float32Array));
    else if (stored.type === 'f16') {
      this.#raw(name, shape, FLOAT16, stored.bytes);
      wide = this.node('Cast', [name], { to: FLOAT })[0]!;
    } else {
      this.#raw(name, shape, INT8, stored.bytes);
      this.#raw(`${name}_scale`, [stored.scale.length], FLOAT, littleEndian(stored.scale));
      wide = this.node('DequantizeLinear', [name, `${name}_scale`], { axis: 0 })[0]!;
    }
    this.#constants.set(key, wide);
    return wide;
  }

  #raw(name: string, shape: readonly number[], type: number, bytes: Uint8Array): void {
    const tensor = new ProtobufWriter().integers(1, shape).integer(2, type).text(8, name).bytes(9, bytes);
    this.#initializers.push(tensor.finish());
  }

  #once(key: string, write: (unique: string) => ProtobufWriter): string {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const unique = `c${this.#constants.size}`;
    this.#initializers.push(write(unique).finish());
    this.#constants.set(key, unique);
    return unique;
  }
}

/** Bytes of values in the order of the format, whatever the host's. */
function littleEndian(values: Float32Array | Int32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.byteLength));
  for (const [i, value] of values.entries()) {
    if (values instanceof Float32Array) view.setFloat32(4 * i, value, true);
    else view.setInt32(4 * i, value, true);
  }
  return new Uint8Array(view.buffer);
}

function writeAttribute(writer: ProtobufWriter, name: string, value: Attribute): void {
  writer.text(1, name);
  if (typeof value === 'number') writer.signed(3, value).integer(20, 2);
  else if (typeof value === 'string') writer.text(4, value).integer(20, 3);
  else if ('float' in value) writer.float(2, value.float).integer(20, 1);
  else writer.integers(8, value).integer(20, 7);
}
