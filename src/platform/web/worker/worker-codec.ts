import type { CallHooks } from '../../../codec/call-hooks.js';
import { UsageError } from '../../../errors.js';
import type { Codec } from '../../../session/codec.js';
import { guardCalls } from '../../../session/guard-calls.js';
import type { OnDownload } from '../fetched-model.js';
import { absolute } from '../web-platform.js';
import { PLAIN_CALLS, type PlainCall, type Report, type StreamCall, type WorkerSetup } from './messages.js';
import { fromPlainError } from './plain-error.js';
import { openWorkerLink, type StartWorker, type WorkerLink } from './worker-link.js';

/** A call that waits for its answer, or for the next rows of one. */
interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  readonly onProgress: CallHooks['onProgress'];
}

/**
 * A codec whose work is done in a worker, so that the page stays free. Should the worker end, the calls that wait reject
 * with BackendError `worker-lost`, and the next call starts a new one.
 */
export function openWorkerCodec(start: StartWorker, setup: WorkerSetup, onDownload: OnDownload): Codec {
  const desk = new CallDesk(start, setup, onDownload);
  const calls = PLAIN_CALLS.map((call) => [
    call,
    (first?: unknown, options?: CallHooks) => desk.call(call, first, options).answer,
  ]);
  return guardCalls({
    ...(Object.fromEntries(calls) as Pick<Codec, PlainCall>),
    streamFeatures: (file, options) => desk.stream('streamFeatures', file, options),
    streamPicture: (file, options) => desk.stream('streamPicture', file, options),
    dispose: async () => desk.close(),
  });
}

/** Hands calls to a worker and answers back. */
class CallDesk {
  readonly #start: () => WorkerLink;
  readonly #onDownload: OnDownload;
  readonly #waiting = new Map<number, Waiting>();
  #link: WorkerLink | undefined;
  #lastId = 0;
  #isClosed = false;

  constructor(start: StartWorker, setup: WorkerSetup, onDownload: OnDownload) {
    this.#onDownload = onDownload;
    this.#start = () =>
      openWorkerLink(
        start,
        setup,
        (report) => this.#take(report),
        (error) => {
          this.#link = undefined;
          this.#rejectAll(error);
        },
      );
    // At once, so that it is there when the first call comes.
    this.#link = this.#start();
  }

  /** Sends a call. */
  call(
    call: PlainCall | StreamCall,
    first: unknown,
    { signal, onProgress, ...options }: CallHooks = {},
  ): { readonly id: number; readonly answer: Promise<unknown> } {
    if (this.#isClosed) throw new UsageError('disposed', 'the codec was disposed');
    signal?.throwIfAborted();
    this.#link ??= this.#start();
    this.#lastId++;
    const id = this.#lastId;
    const { input, transfer } = inputOf(first);
    const reportsProgress = onProgress !== undefined;
    this.#link.send({ type: 'call', id, call, args: [input, options], reportsProgress }, transfer);
    return { id, answer: this.#wait(id, signal, onProgress) };
  }

  /** {@link Codec.streamFeatures} and `streamPicture`: rows are asked for one piece after another. */
  async stream<K extends StreamCall>(
    call: K,
    file: Uint8Array,
    options: CallHooks = {},
  ): Promise<Awaited<ReturnType<Codec[K]>>> {
    const { id, answer } = this.call(call, file, options);
    const stream = (await answer) as object;
    return { ...stream, rows: this.#rows(id, options.signal) } as Awaited<ReturnType<Codec[K]>>;
  }

  async *#rows(id: number, signal: AbortSignal | undefined): AsyncGenerator<unknown, void, undefined> {
    const link = this.#link;
    try {
      for (;;) {
        signal?.throwIfAborted();
        if (link === undefined || link !== this.#link)
          throw new UsageError('disposed', 'the worker of this stream has ended');
        link.send({ type: 'pull', id });
        const rows = await this.#wait(id, signal, undefined);
        if (rows === undefined) return;
        yield rows;
      }
    } finally {
      if (link === this.#link) link?.send({ type: 'stop', id });
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#link?.end();
    this.#link = undefined;
    this.#rejectAll(new UsageError('disposed', 'the codec was disposed while it worked'));
  }

  #wait(id: number, signal: AbortSignal | undefined, onProgress: CallHooks['onProgress']): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#link?.send({ type: 'abort', id });
        settle(() => reject(signal!.reason));
      };
      const settle = (how: () => void) => {
        signal?.removeEventListener('abort', abort);
        this.#waiting.delete(id);
        how();
      };
      signal?.addEventListener('abort', abort);
      this.#waiting.set(id, {
        resolve: (value) => settle(() => resolve(value)),
        reject: (error) => settle(() => reject(error)),
        onProgress,
      });
    });
  }

  #take(report: Report): void {
    switch (report.type) {
      case 'result':
        this.#waiting.get(report.id)?.resolve(report.value);
        break;
      case 'rows':
        this.#waiting.get(report.id)?.resolve(report.rows);
        break;
      case 'error':
        this.#waiting.get(report.id)?.reject(fromPlainError(report.error));
        break;
      case 'progress':
        this.#waiting.get(report.id)?.onProgress?.(report.done, report.total);
        break;
      case 'download':
        this.#onDownload(report.progress);
        break;
    }
  }

  #rejectAll(error: Error): void {
    for (const { reject } of [...this.#waiting.values()]) reject(error);
  }
}

/** A picture or a file as it goes over: bytes as a copy, which is handed over, and addresses as the page means them. */
function inputOf(first: unknown): { input: unknown; transfer: Transferable[] } {
  if (typeof first === 'string') return { input: absolute(first), transfer: [] };
  if (!(first instanceof Uint8Array)) return { input: first, transfer: [] };
  const copy = first.slice();
  return { input: copy, transfer: [copy.buffer] };
}
