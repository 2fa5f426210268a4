import { BatchSummary, type JobBytes } from './batch-summary.js';
import { type Context, jobsOf, streamsOf } from './context.js';
import type { Skipped } from './existing-outputs.js';
import { describeFailure, EXIT, Interrupted } from './exit-codes.js';
import { countKinds, type Inputs } from './expand-inputs.js';
import type { JobContext } from './jobs/job.js';
import { runInputs } from './jobs/run-inputs.js';
import { openProgress } from './progress.js';
import type { Reporter } from './reporter.js';

/** One job for many inputs. */
export interface Batch<I, R> {
  inputs: readonly I[];
  /** How many inputs were left out already, to be counted as skipped. */
  leftOut?: number;
  /** What was named by the user: of what is open, or more than one input, a closing line tells what became of it. */
  given: Pick<Inputs, 'isOpen' | 'passedOver'>;
  /** What happens to them, for the progress bars: `encoding`. None are drawn unless given. */
  verb?: string;
  /** Inputs in work at a time, where `--jobs` and its default do not decide. */
  jobs?: number;
  /** Name of an input in error messages and on its bar. */
  nameOf(input: I): string;
  /** Says of an input why nothing is to be done about it; `undefined` where something is. */
  skip?(input: I): Promise<Skipped | undefined>;
  work(input: I, job: Omit<JobContext, 'codec'>): Promise<R>;
  report(result: R): void;
  /** What was read and written. */
  bytesOf?(result: R): JobBytes;
  /** Reports a failure in another way than the reporter's; returns whether it did. */
  reportFailure?(input: I, error: unknown): boolean;
  /** Called when an input is reported, whatever became of it, in the order of the inputs; a failure ends the run. */
  onReported?(input: I): Promise<void>;
  /** Whether a failure ends the run, because every further input would fail too. */
  isFatal?(error: unknown): boolean;
}

/**
 * Runs the job of a command over its inputs, with progress bars, with reports in the order of the inputs, and with a
 * closing line.
 *
 * @returns Exit code: that of the failure when there was one input, 1 when any of several failed.
 */
export async function runBatch<I, R>(context: Context, batch: Batch<I, R>): Promise<number> {
  const { reporter, signal } = context;
  const { inputs, leftOut = 0, given, verb, nameOf } = batch;
  const streams = streamsOf(context);
  const summary = new BatchSummary(inputs.length + leftOut, leftOut);
  const progress = verb === undefined ? undefined : await openProgress(context, verb, inputs.length);
  const close = () => {
    progress?.stop();
    if (given.isOpen || inputs.length > 1) reporter.summarise(summary.describe());
    reportPassedOver(reporter, given.passedOver);
  };
  try {
    const end = await runInputs<I, { skipped: Skipped } | { result: R }>(inputs, {
      jobs: batch.jobs ?? jobsOf(context),
      signal,
      work: async (input) => {
        const skipped = await batch.skip?.(input);
        if (skipped !== undefined) return { skipped };
        const onProgress = (done: number, total: number) => progress?.tiles(nameOf(input), done, total);
        return { result: await batch.work(input, { ...streams, onProgress }) };
      },
      report: async (input, outcome) => {
        if ('skipped' in outcome) {
          summary.skipped++;
          reportSkipped(reporter, nameOf(input), outcome.skipped);
        } else {
          summary.add(batch.bytesOf?.(outcome.result));
          batch.report(outcome.result);
        }
        await batch.onReported?.(input);
      },
      reportFailure: async (input, error) => {
        summary.failed++;
        if (batch.reportFailure?.(input, error) !== true) reporter.fail(nameOf(input), error);
        await batch.onReported?.(input);
      },
      isFatal: batch.isFatal,
      onDone: () => progress?.fileDone(),
    });
    close();
    if (end.failures === 0) return EXIT.ok;
    return end.inputs === 1 ? describeFailure(end.lastFailure).exitCode : EXIT.someFailed;
  } catch (error) {
    // A reader that has gone away is told nothing more.
    if (error instanceof Interrupted) close();
    throw error;
  } finally {
    progress?.stop();
  }
}

function reportSkipped(reporter: Reporter, file: string, { output, reason }: Skipped): void {
  if (reporter.options.json) reporter.json({ schema: 'dicm.skipped/1', file, output, reason });
  reporter.explain(`${file} -> ${output}  skipped: ${reason}`);
}

function reportPassedOver(reporter: Reporter, passedOver: Inputs['passedOver']): void {
  if (passedOver.length === 0) return;
  for (const { path, kind } of passedOver) reporter.explain(`passed over: ${path} (${kind})`);
  const hint = reporter.options.verbose ? '' : '; -v names them';
  reporter.summarise(`passed over in directories: ${countKinds(passedOver)}${hint}`);
}
