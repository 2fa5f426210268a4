import type { CallHooks } from '../../../codec/call-hooks.js';
import type { Codec, OpenModelOptions } from '../../../session/codec.js';
import { openCodec as openOn } from '../../../session/open-codec.js';
import { webPlatform } from '../web-platform.js';
import { type Report, type Request, transferablesOf, type WorkerSetup } from './messages.js';
import { toPlainError } from './plain-error.js';

/** What a worker uses of its global scope. */
export interface WorkerScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(report: Report, transfer?: Transferable[]): void;
}

type Call = Extract<Request, { type: 'call' }>;

/** Lets a codec in this worker do what a page asks. */
export function serveCodec(scope: WorkerScope): void {
  let server: CodecServer | undefined;
  scope.onmessage = ({ data: request }) => {
    if (request.type === 'open') {
      server = new CodecServer(scope, request.setup);
      holdLock(scope, request.lock);
    } else server!.take(request);
  };
}

/** Holds a lock to the end: who waits for it notices the end, for which browsers have no event. */
function holdLock(scope: WorkerScope, name: string): void {
  globalThis.navigator.locks?.request(name, () => {
    scope.postMessage({ type: 'alive' });
    return new Promise(() => {});
  });
}

class CodecServer {
  readonly #scope: WorkerScope;
  readonly #codec: Codec;
  readonly #running = new Map<number, AbortController>();
  readonly #streams = new Map<number, AsyncIterator<Float32Array | Uint8Array>>();

  constructor(scope: WorkerScope, { models, kernels, onnxruntime, ...options }: WorkerSetup) {
    this.#scope = scope;
    const platform = webPlatform({
      models,
      kernels,
      onnxruntime,
      onDownload: (progress) => this.#report({ type: 'download', progress }),
      // The page ends the worker, which breaks off everything.
      signal: new AbortController().signal,
    });
    this.#codec = openOn(platform, options);
  }

  take(request: Exclude<Request, { type: 'open' }>): void {
    switch (request.type) {
      case 'call':
        this.#answer(request);
        break;
      case 'abort':
        this.#running.get(request.id)?.abort();
        this.#stop(request.id);
        break;
      case 'pull':
        this.#pull(request.id);
        break;
      case 'stop':
        this.#stop(request.id);
        break;
    }
  }

  async #answer({ id, call, args, reportsProgress }: Call): Promise<void> {
    const running = new AbortController();
    this.#running.set(id, running);
    const onProgress = (done: number, total: number) => this.#report({ type: 'progress', id, done, total });
    const hooks = { signal: running.signal, ...(reportsProgress && { onProgress }) };
    try {
      const value = await this.#run(id, call, args, hooks);
      this.#report({ type: 'result', id, value });
    } catch (error) {
      this.#report({ type: 'error', id, error: toPlainError(error) });
    } finally {
      // A stream can be aborted until its end.
      if (!this.#streams.has(id)) this.#running.delete(id);
    }
  }

  async #run(
    id: number,
    call: Call['call'],
    [first, options]: readonly unknown[],
    hooks: CallHooks,
  ): Promise<unknown> {
    const all = { ...(options as object), ...hooks };
    if (call === 'streamFeatures' || call === 'streamPicture') {
      const { rows, ...stream } = await this.#codec[call](first as Uint8Array, all);
      hooks.signal?.throwIfAborted();
      this.#streams.set(id, rows[Symbol.asyncIterator]());
      return stream;
    }
    if (call === 'openModel') return this.#codec.openModel(first as OpenModelOptions);
    if (call === 'openBackend' || call === 'readVocabulary') return this.#codec[call]();
    const method = this.#codec[call] as (first: unknown, options: object) => Promise<unknown>;
    return method(first, all);
  }

  async #pull(id: number): Promise<void> {
    try {
      const { done, value } = (await this.#streams.get(id)?.next()) ?? { done: true };
      this.#report({ type: 'rows', id, rows: done ? undefined : value });
    } catch (error) {
      this.#report({ type: 'error', id, error: toPlainError(error) });
    }
  }

  async #stop(id: number): Promise<void> {
    const rows = this.#streams.get(id);
    if (rows === undefined) return;
    this.#streams.delete(id);
    this.#running.delete(id);
    await rows.return?.();
  }

  #report(report: Report): void {
    this.#scope.postMessage(report, transferablesOf(report));
  }
}
