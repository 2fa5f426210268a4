import type * as tfjs from '@tensorflow/tfjs-core';
import { BackendError, DicmError } from '../../errors.js';
import type { TensorMap } from '../../tensor.js';
import {
  type Backend,
  type CompiledNetwork,
  checkInputs,
  executorFailure,
  type FeatureMap,
  type InputSpec,
  mapNamed,
  type Named,
  type Network,
} from '../backend.js';
import { ConstantStore } from './constant-store.js';
import { type EagerEngine, MemoryGuard, withEngine } from './eager-engine.js';
import { EagerOps } from './eager-ops.js';

/** Networks run operation by operation with TensorFlow.js. */
export class EagerBackend implements Backend {
  readonly name: 'tensorflow' | 'wasm';
  readonly version: string;
  readonly device: string;
  readonly #engine: EagerEngine;
  readonly #networks = new Set<EagerNetwork>();

  constructor(engine: EagerEngine) {
    this.#engine = engine;
    this.name = engine.name;
    this.version = engine.version;
    this.device = engine.device;
  }

  async compile<I extends string, O extends string>(
    network: Network<I, O>,
    tensors: TensorMap,
  ): Promise<CompiledNetwork<I, O>> {
    const compiled = new EagerNetwork(this.#engine, network, tensors, (it) => this.#networks.delete(it));
    this.#networks.add(compiled);
    try {
      // The smallest input there is uploads all weights and finds every layer that does not fit.
      await compiled.run(mapNamed(compiled.inputs, smallestInput));
    } catch (error) {
      await compiled.dispose();
      throw error;
    }
    return compiled;
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.#networks].map((network) => network.dispose()));
  }
}

class EagerNetwork implements CompiledNetwork {
  readonly #engine: EagerEngine;
  readonly #network: Network;
  readonly #tensors: TensorMap;
  readonly inputs: Named<InputSpec>;
  readonly #constants: ConstantStore;
  readonly #ops: EagerOps;
  readonly #onDispose: (network: EagerNetwork) => void;
  #disposed = false;

  constructor(
    engine: EagerEngine,
    network: Network,
    tensors: TensorMap,
    onDispose: (network: EagerNetwork) => void,
  ) {
    const { tf } = engine;
    this.#engine = engine;
    this.#network = network;
    this.#tensors = tensors;
    this.inputs = network.inputs(tensors);
    this.#onDispose = onDispose;
    this.#constants = new ConstantStore(tf);
    const guard = new MemoryGuard(() => tf.memory().numBytes, engine.memoryLimitBytes);
    this.#ops = new EagerOps(tf, this.#constants, guard, engine);
  }

  async run(inputs: Named<FeatureMap>): Promise<Named<FeatureMap>> {
    checkInputs(this.inputs, inputs);
    const { tf } = this.#engine;
    return withEngine(this.#engine, async () => {
      if (this.#disposed) throw new BackendError('backend-disposed', 'the network has been disposed of');
      let outputs: tfjs.NamedTensorMap = {};
      try {
        outputs = tf.tidy(() => {
          const values = mapNamed(inputs, ({ data, height, width, channels }) =>
            this.#ops.value(tf.tensor4d(data, [1, height, width, channels])),
          );
          return mapNamed(this.#network.build(this.#ops, values, this.#tensors), ({ tensor }) => tensor);
        });
        const results: Record<string, FeatureMap> = {};
        for (const [name, tensor] of Object.entries(outputs)) results[name] = await read(tensor);
        return results;
      } catch (cause) {
        if (cause instanceof DicmError) throw cause;
        throw executorFailure(`${this.#engine.name} could not run the network`, cause);
      } finally {
        tf.dispose(outputs);
      }
    });
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#onDispose(this);
    await withEngine(this.#engine, () => this.#constants.dispose());
  }
}

function smallestInput({ channels, multiple, smallest = [multiple, multiple] }: InputSpec): FeatureMap {
  const [height, width] = smallest;
  return { data: new Float32Array(height * width * channels), height, width, channels };
}

/** Not synchronously: an executor on another device may have nothing yet to read, and gives that without an error. */
async function read(tensor: tfjs.Tensor): Promise<FeatureMap> {
  const data = (await tensor.data()) as Float32Array;
  const [height = 1, width = 1, channels = 1] =
    tensor.rank === 2 ? [1, ...tensor.shape] : tensor.shape.slice(-3);
  return { data, height, width, channels };
}
