import { encoder, encoderInputs } from '../networks/encoder.js';
import { features, latentInputs } from '../networks/features.js';
import { type TaskInput, type TaskSelection, taskInputs, taskNetwork } from '../networks/task-network.js';
import type { Backend, CompiledNetwork, FeatureMap, InputSpec, NetworkFunction } from '../nn/backend.js';
import type { TensorMap } from '../tensor.js';

/** A task network by what it reads and what it says. */
export interface TaskNetworkChoice {
  readonly from: TaskInput;
  readonly selection: TaskSelection;
}

/** The networks the codec runs. */
export type NetworkChoice = 'encoder' | 'features' | TaskNetworkChoice;

/** Networks of one model on one executor, each compiled when first needed. */
export interface Networks {
  /**
   * Runs a network. Runs are queued: an executor uses all its threads for one network, two at a time would only
   * get in each other's way.
   */
  run(choice: NetworkChoice, input: FeatureMap, signal?: AbortSignal): Promise<FeatureMap[]>;
  dispose(): Promise<void>;
}

/** Prepares the networks of a model; nothing is compiled yet. */
export function openNetworks(backend: Backend, tensors: TensorMap): Networks {
  const compiled = new Map<string, Promise<CompiledNetwork>>();
  let last: Promise<unknown> = Promise.resolve();

  const compile = (choice: NetworkChoice): Promise<CompiledNetwork> => {
    const key = JSON.stringify(choice);
    let network = compiled.get(key);
    if (network === undefined) {
      const [build, inputs] = networkOf(choice, tensors);
      network = backend.compile(build, tensors, inputs);
      compiled.set(key, network);
    }
    return network;
  };
  return {
    run: (choice, input, signal) => {
      const result = last.then(async () => {
        signal?.throwIfAborted();
        return (await compile(choice)).run([input]);
      });
      last = result.catch(() => undefined);
      return result;
    },
    dispose: async () => {
      await last;
      const networks = await Promise.allSettled(compiled.values());
      compiled.clear();
      for (const network of networks) if (network.status === 'fulfilled') await network.value.dispose();
    },
  };
}

function networkOf(choice: NetworkChoice, tensors: TensorMap): [NetworkFunction, readonly InputSpec[]] {
  if (choice === 'encoder') return [encoder, encoderInputs];
  if (choice === 'features') return [features, latentInputs(tensors)];
  return [taskNetwork(choice.from, choice.selection), taskInputs(choice.from, tensors)];
}
