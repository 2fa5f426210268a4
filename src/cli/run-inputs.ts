import { BackendError, OutputError } from '../errors.js';
import type { Context } from './context.js';
import { describeFailure, EXIT } from './exit-codes.js';

/** Does the work for one input; what it returns prints the result. */
export type Work<I> = (input: I, signal: AbortSignal) => Promise<() => void>;

/** How a batch runs. */
export interface RunOptions<I> {
  /** Inputs in flight at a time. */
  jobs: number;
  /** Name of an input in error messages. */
  nameOf(input: I): string;
  /** Called as each input ends, in order of completion. */
  onDone?(): void;
  /** Reports a failure in another way than the reporter's; returns whether it did. */
  onFailure?(input: I, error: unknown): boolean;
}

/**
 * Works on several inputs at a time and reports in their order. A failure belongs to its input and the others
 * go on, except where they could not end better: no executor, stdout gone, interrupted.
 *
 * @returns Exit code: that of the failure when there was one input, 1 when any of several failed.
 */
export async function runInputs<I>(
  context: Context,
  inputs: readonly I[],
  work: Work<I>,
  options: RunOptions<I>,
): Promise<number> {
  const { reporter, signal } = context;
  const reports: (() => void)[] = [];
  let [next, reported, failures, lastExitCode] = [0, 0, 0, EXIT.ok as number];
  let fatal: unknown;

  const settle = (index: number, report: () => void) => {
    reports[index] = report;
    while (reports[reported] !== undefined) reports[reported++]!();
    options.onDone?.();
  };
  const worker = async () => {
    while (next < inputs.length && fatal === undefined) {
      const index = next++;
      const input = inputs[index]!;
      try {
        signal.throwIfAborted();
        settle(index, await work(input, signal));
      } catch (error) {
        if (signal.aborted || isFatal(error)) {
          fatal ??= signal.aborted ? signal.reason : error;
          return;
        }
        failures++;
        lastExitCode = describeFailure(error).exitCode;
        settle(index, () => {
          if (options.onFailure?.(input, error) !== true) reporter.fail(options.nameOf(input), error);
        });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.jobs, inputs.length) }, worker));
  if (fatal !== undefined) throw fatal;
  if (failures === 0) return EXIT.ok;
  return inputs.length === 1 ? lastExitCode : EXIT.someFailed;
}

/** Whether every further input would fail in the same way. */
function isFatal(error: unknown): boolean {
  if (error instanceof BackendError) return error.attempts.length > 0;
  return error instanceof OutputError && error.code === 'output-closed';
}
