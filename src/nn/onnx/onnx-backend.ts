import { BackendError } from '../../errors.js';
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
  type Precision,
} from '../backend.js';
import { buildGraph } from './build-graph.js';
import { LARGEST_WEIGHTS, largestSums, ones, onesTensors, sumsAreWhole } from './largest-weight.js';
import type { OrtModule, OrtSession, OrtTensor } from './ort.js';

/** The only severity that the runtime logs: what is not thrown. */
const FATAL = 4;

/** Networks as ONNX graphs, run by onnxruntime. Graphs are built in memory and never touch the disk. */
export class OnnxBackend implements Backend {
  readonly name = 'onnx';
  readonly version: string;
  readonly device: string;
  readonly #ort: OrtModule;
  readonly #providers: readonly string[];
  readonly #threads: number | undefined;
  readonly #precision: Precision;
  readonly #networks = new Set<OnnxNetwork>();
  /** Of networks in 8 bits. */
  #largestWeight: Promise<number> | undefined;

  /** @param providers - onnxruntime's execution providers, first choice first */
  constructor(
    ort: OrtModule,
    providers: readonly string[],
    threads: number | undefined,
    precision: Precision = 'float',
  ) {
    this.#ort = ort;
    this.#providers = providers;
    this.#threads = threads;
    this.#precision = precision;
    this.version = ort.env.versions.node ?? ort.env.versions.web ?? ort.env.versions.common ?? 'unknown';
    const places = providers.map((name) => (name === 'cpu' || name === 'wasm' ? 'CPU' : name)).join(', ');
    const shares = threads === undefined ? [] : [`${threads} ${threads === 1 ? 'thread' : 'threads'}`];
    this.device = [places, ...shares, ...(precision === 'int8' ? ['int8'] : [])].join(', ');
  }

  async compile<I extends string, O extends string>(
    network: Network<I, O>,
    tensors: TensorMap,
  ): Promise<CompiledNetwork<I, O>> {
    if (this.#precision === 'float' || network.answers !== true) return this.#open(network, tensors);
    this.#largestWeight ??= this.#findLargestWeight();
    return this.#open(network, tensors, await this.#largestWeight);
  }

  /** Tries with a small network whether this machine can do with weights of 8 bits; else they have 7. */
  async #findLargestWeight(): Promise<number> {
    const { whole, halved } = LARGEST_WEIGHTS;
    const trial = await this.#open(largestSums, onesTensors, whole);
    const { mean } = await trial.run({ ones });
    await trial.dispose();
    return sumsAreWhole(mean.data) ? whole : halved;
  }

  async #open<I extends string, O extends string>(
    network: Network<I, O>,
    tensors: TensorMap,
    largestWeight?: number,
  ): Promise<CompiledNetwork<I, O>> {
    const { model, external, inputs, outputs } = buildGraph(network, tensors, { largestWeight });
    let session: OrtSession;
    try {
      session = await this.#ort.InferenceSession.create(model, {
        executionProviders: this.#providers,
        graphOptimizationLevel: 'all',
        // Warnings concern graph rewriting, which nobody at a terminal can act on; errors are thrown, and need no second voice.
        logSeverityLevel: FATAL,
        externalData: external,
        // Every session has threads of its own. Left spinning after a run they take the cores from the next session.
        extra: { session: { force_spinning_stop: '1' } },
        ...(this.#threads === undefined ? {} : { intraOpNumThreads: this.#threads }),
      });
    } catch (cause) {
      throw executorFailure('onnxruntime refused the network', cause);
    }
    const compiled = new OnnxNetwork(this.#ort, session, inputs, outputs, (it) => this.#networks.delete(it));
    this.#networks.add(compiled);
    return compiled;
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.#networks].map((network) => network.dispose()));
  }
}

class OnnxNetwork implements CompiledNetwork {
  readonly #ort: OrtModule;
  readonly #session: OrtSession;
  readonly #inputs: Named<InputSpec>;
  readonly #outputs: readonly string[];
  readonly #onDispose: (network: OnnxNetwork) => void;
  #disposed = false;

  constructor(
    ort: OrtModule,
    session: OrtSession,
    inputs: Named<InputSpec>,
    outputs: readonly string[],
    onDispose: (network: OnnxNetwork) => void,
  ) {
    this.#ort = ort;
    this.#session = session;
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#onDispose = onDispose;
  }

  async run(inputs: Named<FeatureMap>): Promise<Named<FeatureMap>> {
    if (this.#disposed) throw new BackendError('backend-disposed', 'the network has been disposed of');
    checkInputs(this.#inputs, inputs);
    const feeds: Named<OrtTensor> = mapNamed(
      inputs,
      ({ data, height, width, channels }) =>
        new this.#ort.Tensor('float32', data, [1, height, width, channels]),
    );
    let results: Readonly<Record<string, OrtTensor>>;
    try {
      results = await this.#session.run(feeds, { logSeverityLevel: FATAL });
    } catch (cause) {
      throw executorFailure('onnxruntime could not run the network', cause);
    }
    const maps = this.#outputs.map((name): [string, FeatureMap] => {
      const { data, dims } = results[name]!;
      const [height = 1, width = 1, channels = 1] = dims.length === 2 ? [1, ...dims] : dims.slice(-3);
      return [name, { data: data as Float32Array, height, width, channels }];
    });
    return Object.fromEntries(maps);
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#onDispose(this);
    await this.#session.release();
  }
}
