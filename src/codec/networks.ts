import { classifier, features, latentInputs } from '../networks/classifier.js';
import { encoder, encoderInputs } from '../networks/encoder.js';
import type { Backend, CompiledNetwork, FeatureMap, InputSpec, NetworkFunction } from '../nn/backend.js';
import type { TensorMap } from '../tensor.js';

/** The networks the codec runs. */
export type NetworkName = 'encoder' | 'features' | 'classifier';

/** Networks of one model on one executor, each compiled when first needed. */
export interface Networks {
  /**
   * Runs a network. Runs are queued: an executor uses all its threads for one network, two at a time would only
   * get in each other's way.
   */
  run(name: NetworkName, input: FeatureMap, signal?: AbortSignal): Promise<FeatureMap[]>;
  dispose(): Promise<void>;
}

/** Prepares the networks of a model; nothing is compiled yet. */
export function openNetworks(backend: Backend, tensors: TensorMap): Networks {
  const compiled = new Map<NetworkName, Promise<CompiledNetwork>>();
  let last: Promise<unknown> = Promise.resolve();

  const compile = (name: NetworkName): Promise<CompiledNetwork> => {
    let network = compiled.get(name);
    if (network === undefined) {
      const [build, inputs] = networkNamed(name, tensors);
      network = backend.compile(build, tensors, inputs);
      compiled.set(name, network);
    }
    return network;
  };
  return {
    run: (name, input, signal) => {
      const result = last.then(async () => {
        signal?.throwIfAborted();
        return (await compile(name)).run([input]);
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

function networkNamed(name: NetworkName, tensors: TensorMap): [NetworkFunction, readonly InputSpec[]] {
  if (name === 'encoder') return [encoder, encoderInputs];
  return [name === 'features' ? features : classifier, latentInputs(tensors)];
}
