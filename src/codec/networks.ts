import type { Backend, CompiledNetwork, FeatureMap, Named, Network } from '../nn/backend.js';
import { TENSOR_USES, type TensorMap, type TensorUse } from '../tensor.js';

/** Networks of one model on one executor, each compiled when first needed. */
export interface Networks {
  /**
   * Runs a network. Runs are queued: an executor uses all its threads for one network, two at a time would only
   * get in each other's way.
   */
  run<I extends string, O extends string>(
    network: Network<I, O>,
    inputs: Named<FeatureMap, I>,
    signal?: AbortSignal,
  ): Promise<Named<FeatureMap, O>>;
  dispose(): Promise<void>;
}

/**
 * Prepares the networks of a model; nothing is compiled yet.
 *
 * @param tensorsFor - Gives the tensors of these uses at least; called before a network is compiled.
 * @param check - Throws where the model cannot be asked what a network is for.
 */
export function openNetworks(
  backend: Backend,
  tensorsFor: (uses: readonly TensorUse[]) => Promise<TensorMap>,
  check: (network: Network) => void = () => {},
): Networks {
  const compiled = new Map<Network, Promise<CompiledNetwork>>();
  let last: Promise<unknown> = Promise.resolve();

  const compile = (network: Network): Promise<CompiledNetwork> => {
    let ready = compiled.get(network);
    if (ready === undefined) {
      check(network);
      const { reads = TENSOR_USES } = network;
      ready = tensorsFor(reads).then((tensors) => backend.compile(network, tensors));
      compiled.set(network, ready);
      // Tensors that could not be had may be there the next time.
      ready.catch(() => compiled.delete(network));
    }
    return ready;
  };
  return {
    run: (network, inputs, signal) => {
      const result = last.then(async () => {
        signal?.throwIfAborted();
        return (await compile(network)).run(inputs);
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
