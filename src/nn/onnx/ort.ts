/**
 * The part of onnxruntime-node and onnxruntime-web this project uses. Declared here because the packages are optional: the
 * project must compile where they could not be installed.
 */
export interface OrtModule {
  readonly env: { logLevel?: string; versions: { node?: string; web?: string; common?: string } };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(model: Uint8Array, options: OrtSessionOptions): Promise<OrtSession>;
  };
  /** Of the package for Node alone. */
  listSupportedBackends?(): { name: string; bundled: boolean }[];
}

/** A dense float tensor on the host. */
export interface OrtTensor {
  readonly data: unknown;
  readonly dims: readonly number[];
  dispose(): void;
}

/** Options of a session; see onnxruntime-common. */
export interface OrtSessionOptions {
  executionProviders?: readonly string[];
  graphOptimizationLevel?: 'disabled' | 'basic' | 'extended' | 'layout' | 'all';
  intraOpNumThreads?: number;
  logSeverityLevel?: number;
  /** Configuration entries by the dots in their names: `session.force_spinning_stop` and its like. */
  extra?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  externalData?: readonly { path: string; data: Uint8Array }[];
}

/** What goes into a graph or comes out of it; extents that are open have names. */
export interface OrtValueInfo {
  readonly name: string;
  readonly shape?: readonly (number | string)[];
}

/** A graph made ready. */
export interface OrtSession {
  readonly inputMetadata: readonly OrtValueInfo[];
  readonly outputMetadata: readonly OrtValueInfo[];
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    options?: { logSeverityLevel?: number },
  ): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}
