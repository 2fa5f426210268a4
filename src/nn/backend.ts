import { type BackendAttempt, BackendError, UsageError } from '../errors.js';
import { nameShortage } from '../shortage.js';
import type { TensorMap, TensorUse } from '../tensor.js';
import type { Ops, Value } from './ops.js';

/** Executors by the name the command line uses. */
export type BackendName = 'tensorflow' | 'onnx' | 'wasm';

/** An executor, or the first that works in the order tensorflow with a GPU, onnx, wasm. */
export type BackendChoice = BackendName | 'auto';

/** In what tail and heads compute: binary32, or integers of 8 bits. */
export type Precision = 'float' | 'int8';

/** A dense float array [height, width, channels], channels innermost: what goes into a network and comes out. */
export interface FeatureMap {
  readonly data: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Values or arrays by the name of the input or output they stand for. */
export type Named<T, N extends string = string> = Readonly<Record<N, T>>;

/** What a network accepts as one of its inputs. */
export interface InputSpec {
  readonly channels: number;
  /** Height and width must be multiples of this, in pixels of the input. */
  readonly multiple: number;
  /** Smallest height and width the network works for; `multiple` both unless given. */
  readonly smallest?: readonly [height: number, width: number];
}

/** A network: named values out of named values, with the model's tensors as constants. */
export interface Network<I extends string = string, O extends string = string> {
  /** What the network accepts with the tensors of a model. */
  inputs(tensors: TensorMap): Named<InputSpec, I>;
  /** What the tensors it takes are for, where they come from a released model; of any use unless given. */
  readonly reads?: readonly TensorUse[];
  /** Whether what comes out is answers (no features, no vectors), which may be computed in 8 bits where that is asked for; no unless given. */
  readonly answers?: true;
  /** Must do the same on every call. */
  build<V extends Value>(ops: Ops<V>, inputs: Named<V, I>, tensors: TensorMap): Named<V, O>;
}

/** A network made ready on an executor. Height and width are free from run to run. */
export interface CompiledNetwork<I extends string = string, O extends string = string> {
  /**
   * Runs the network once. Tokens come out with height 1.
   *
   * @throws UsageError `bad-input` for inputs that do not fit the network's specification
   * @throws BackendError `backend-memory` when the executor cannot hold the values
   * @throws BackendError `backend-failed` when the executor reports an error
   */
  run(inputs: Named<FeatureMap, I>): Promise<Named<FeatureMap, O>>;
  /** Releases the network's weights. */
  dispose(): Promise<void>;
}

/** Settings common to all executors. */
export interface BackendOptions {
  /** CPU threads for one network; the executor's own choice unless given. */
  threads?: number;
  /**
   * Execution providers for onnxruntime, first choice first, for example `['cuda']`; the CPU unless given here or
   * in `$DICM_ONNX_PROVIDERS` (separated by commas). What a provider cannot run goes to the CPU.
   */
  onnxProviders?: readonly string[];
  /** In what networks that give answers compute where the model has ranges for it; `float` unless given. */
  precision?: Precision;
}

/** An open executor. */
export interface Backend {
  readonly name: BackendName;
  /** Version of the library behind it. */
  readonly version: string;
  /** Where it computes, for people: `CPU, 1 thread`, `GPU`. */
  readonly device: string;
  /**
   * Makes a network ready. Fails here, not at the first run, when tensors are missing or do not fit.
   *
   * @throws ModelError `missing-tensor`, `bad-tensor`
   * @throws BackendError `backend-failed`
   */
  compile<I extends string, O extends string>(
    network: Network<I, O>,
    tensors: TensorMap,
  ): Promise<CompiledNetwork<I, O>>;
  dispose(): Promise<void>;
}

/** An executor with the reasons why those before it in the order were passed over. */
export interface OpenedBackend extends Backend {
  readonly passedOver: readonly BackendAttempt[];
}

/** What `dicm doctor` says about one executor. */
export interface BackendProbe {
  readonly name: BackendName;
  /** Whether it can be used. */
  readonly ok: boolean;
  /** Why not; or where it computes. */
  readonly reason: string;
  /** Of the library behind it, when it loads. */
  readonly version?: string;
}

/**
 * Compares inputs with what a network was compiled for.
 *
 * @throws UsageError `bad-input`
 */
export function checkInputs(specs: Named<InputSpec>, inputs: Named<FeatureMap>): void {
  const given = Object.keys(inputs);
  const wanted = Object.keys(specs);
  if (given.length !== wanted.length || !wanted.every((name) => Object.hasOwn(inputs, name))) {
    throw new UsageError('bad-input', `the network takes ${wanted.join(', ')}, not ${given.join(', ')}`);
  }
  for (const [name, spec] of Object.entries(specs)) {
    const { data, height, width, channels } = inputs[name]!;
    const isSize = (n: number) => Number.isInteger(n) && n > 0 && n % spec.multiple === 0;
    if (!isSize(height) || !isSize(width)) {
      throw new UsageError(
        'bad-input',
        `${name} is ${width} x ${height}; both must be positive multiples of ${spec.multiple}`,
      );
    }
    if (channels !== spec.channels) {
      throw new UsageError('bad-input', `${name} has ${channels} channels, not ${spec.channels}`);
    }
    if (data.length !== height * width * channels) {
      throw new UsageError(
        'bad-input',
        `${name} holds ${data.length} values for ${height} x ${width} x ${channels}`,
      );
    }
  }
}

/** Applies a function to every value, in the order of the names. */
export function mapNamed<T, R, N extends string>(
  values: Named<T, N>,
  apply: (value: T, name: N) => R,
): Record<N, R> {
  const names = Object.keys(values) as N[];
  return Object.fromEntries(names.map((name) => [name, apply(values[name], name)])) as Record<N, R>;
}

/**
 * The error for an executor that could not do its work: for want of memory, or for the reason it gives.
 *
 * @param what - `onnxruntime could not run the network`.
 */
export function executorFailure(what: string, cause: unknown): BackendError {
  if (nameShortage(cause) === cause) {
    return new BackendError('backend-failed', `${what}: ${firstLine(cause)}`, [], { cause });
  }
  const reason = `${what} for want of memory: ${firstLine(cause)}; ${lessForExecutor}`;
  return new BackendError('backend-memory', reason, [], { cause });
}

/** What to do about an executor without enough memory. */
export const lessForExecutor =
  'fit the picture to fewer pixels (`maxSide`, `--max-side`), take fewer files at a time (`--jobs 1`), or choose another executor ' +
  '(`--backend`)';

/** First line of what was thrown; native libraries put advice and stack traces after it. */
export function firstLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.trim().split('\n', 1)[0]!.trim();
}
