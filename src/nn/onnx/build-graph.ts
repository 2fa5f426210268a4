import type { TensorMap } from '../../tensor.js';
import type { InputSpec, Named, Network } from '../backend.js';
import { mapNamed } from '../backend.js';
import { EightBits } from './eight-bits.js';
import { type ExternalTensor, type GraphOptions, OnnxGraph } from './graph.js';
import { GraphOps } from './graph-ops.js';

/** A network as an ONNX model. */
export interface BuiltGraph {
  readonly model: Uint8Array;
  /** Weights that it refers to; none where they lie in the model. */
  readonly external: readonly ExternalTensor[];
  readonly inputs: Named<InputSpec>;
  /** Names of its outputs. */
  readonly outputs: readonly string[];
}

/**
 * Writes a network with a model's tensors as an ONNX graph. Inputs and outputs have the network's names; images are
 * [1, height, width, channels] at both ends, with height and width free.
 *
 * @throws ModelError `missing-tensor`, `bad-tensor`
 */
export function buildGraph(network: Network, tensors: TensorMap, options: GraphOptions = {}): BuiltGraph {
  const inputs: Named<InputSpec> = network.inputs(tensors);
  const graph = new OnnxGraph(options);
  const { largestWeight } = options;
  const ops = new GraphOps(
    graph,
    largestWeight === undefined ? undefined : new EightBits(graph, tensors, largestWeight),
  );
  const values = mapNamed(inputs, ({ channels }, name) => ops.input(name, channels));
  const results = network.build(ops, values, tensors);
  for (const [name, value] of Object.entries(results)) ops.output(value, name);
  return { ...graph.finish(), inputs, outputs: Object.keys(results) };
}
