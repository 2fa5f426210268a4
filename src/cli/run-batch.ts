import { type Context, jobsOf, streamsOf } from './context.js';
import { describeFailure, EXIT } from './exit-codes.js';
import type { JobContext } from './jobs/job.js';
import { runInputs } from './jobs/run-inputs.js';
import { openProgress } from './progress.js';

/** One job for many inputs. */
export interface Batch<I, R> {
  inputs: readonly I[];
  /** What happens to them, for the progress bars: `encoding`. None are drawn unless given. */
  verb?: string;
  /** Inputs in work at a time, where `--jobs` and its default do not decide. */
  jobs?: number;
  /** Name of an input in error messages and on its bar. */
  nameOf(input: I): string;
  work(input: I, job: Omit<JobContext, 'codec'>): Promise<R>;
  report(result: R): void;
  /** Reports a failure in another way than the reporter's; returns whether it did. */
  reportFailure?(input: I, error: unknown): boolean;
}

/**
 * Runs the job of a command over its inputs, with progress bars and with reports in the order of the inputs.
 *
 * @returns Exit code: that of the failure when there was one input, 1 when any of several failed.
 */
export async function runBatch<I, R>(context: Context, batch: Batch<I, R>): Promise<number> {
  const { reporter, signal } = context;
  const { inputs, verb, nameOf } = batch;
  const streams = streamsOf(context);
  const progress = verb === undefined ? undefined : await openProgress(context, verb, inputs.length);
  try {
    const end = await runInputs(inputs, {
      jobs: batch.jobs ?? jobsOf(context),
      signal,
      work: (input) => {
        const onProgress = (done: number, total: number) => progress?.tiles(nameOf(input), done, total);
        return batch.work(input, { ...streams, onProgress });
      },
      report: (_, result) => batch.report(result),
      reportFailure: (input, error) => {
        if (batch.reportFailure?.(input, error) !== true) reporter.fail(nameOf(input), error);
      },
      onDone: () => progress?.fileDone(),
    });
    if (end.failures === 0) return EXIT.ok;
    return end.inputs === 1 ? describeFailure(end.lastFailure).exitCode : EXIT.someFailed;
  } finally {
    progress?.stop();
  }
}
