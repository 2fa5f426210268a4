import type { Codec, CodecOptions } from '../../../session/codec.js';
import type { DownloadProgress } from '../fetched-model.js';
import type { ExecutorPlaces } from '../open-backend.js';

/** Calls of a codec that answer row by row. */
export type StreamCall = 'streamFeatures' | 'streamPicture';

/** Calls of a codec that one message answers: all that compute, but for those that answer row by row. */
export type PlainCall = Exclude<keyof Codec, 'dispose' | StreamCall>;

/** The same as values. */
export const PLAIN_CALLS = Object.keys({
  openBackend: true,
  openModel: true,
  readVocabulary: true,
  encode: true,
  decodeFeatures: true,
  decodePicture: true,
  decodeLatents: true,
  classify: true,
  detect: true,
  segment: true,
  embed: true,
  analyze: true,
  analyzePixels: true,
  analyzePicture: true,
  verify: true,
  measureBits: true,
} satisfies Record<PlainCall, true>) as PlainCall[];

/** What a codec in a worker is opened with: addresses mean the same there as in the page. */
export interface WorkerSetup extends CodecOptions, ExecutorPlaces {
  readonly models: readonly string[];
}

/** What a page asks of the worker. */
export type Request =
  /** Comes first. The worker holds the lock of this name as long as it lives. */
  | { readonly type: 'open'; readonly setup: WorkerSetup; readonly lock: string }
  | {
      readonly type: 'call';
      readonly id: number;
      readonly call: PlainCall | StreamCall;
      /** Picture or file, and options without hooks. */
      readonly args: readonly unknown[];
      readonly reportsProgress: boolean;
    }
  | { readonly type: 'abort'; readonly id: number }
  /** The next rows of a stream, or no more of them. */
  | { readonly type: 'pull'; readonly id: number }
  | { readonly type: 'stop'; readonly id: number };

/** What the worker says. */
export type Report =
  /** It holds its lock. */
  | { readonly type: 'alive' }
  /** The answer to a call; of a stream, without its rows. */
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: PlainError }
  | { readonly type: 'progress'; readonly id: number; readonly done: number; readonly total: number }
  | { readonly type: 'download'; readonly progress: DownloadProgress }
  /** Rows of a stream; none at its end. */
  | { readonly type: 'rows'; readonly id: number; readonly rows: Float32Array | Uint8Array | undefined };

/** An error as a message carries it. */
export interface PlainError {
  readonly message: string;
  readonly stack: string | undefined;
  /** What it has besides: name, code, evidence. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * The memory of the arrays in a value, to hand over instead of copying. Only where an array is all of its memory: the rest
 * may be someone else's.
 */
export function transferablesOf(value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer && value.byteLength === value.buffer.byteLength) {
      found.add(value.buffer);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) transferablesOf(part, found);
  }
  return [...found];
}
