import type { RunTask } from '../work-item.js';

/** What a job process is asked to do with one input. */
export interface JobRequest {
  readonly command: RunTask['command'];
  readonly options: RunTask['options'];
  /** The photograph, or the .dicm file. */
  readonly bytes: Uint8Array;
}

/** Why an input was tried in vain. */
export interface JobFailure {
  /** Of the error, or `process-died`, `time-limit`, `memory-limit`. */
  readonly code: string;
  readonly message: string;
  /** Whether another try would end alike. */
  readonly isFinal: boolean;
  /** Whether every further input would end alike here: the worker has to stop. */
  readonly isFatal?: boolean;
}

/** What became of it. */
export type JobReply =
  | {
      /** The result, in the keys of the command's JSON; names are those of the process. */
      readonly record: Readonly<Record<string, unknown>>;
      /** The .dicm file that was made. */
      readonly output?: Uint8Array;
    }
  | { readonly failure: JobFailure };

/** What a job process says when it can take requests. */
export const READY = 'ready';
