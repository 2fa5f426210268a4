import { BackendError, OutputError } from '../../errors.js';

/** What to do with each input, and where results go. */
export interface RunOptions<I, R> {
  /** Inputs in work at a time. */
  jobs: number;
  /**
   * Most inputs that are taken and not yet reported: those in work, and those that are done and wait for an earlier
   * one. Eight for each job unless given.
   */
  window?: number;
  /** Ends the run: no further input is taken, and the run rejects with the signal's reason. */
  signal: AbortSignal;
  work(input: I): Promise<R>;
  /** Takes the results one at a time, in the order of the inputs. */
  report(input: I, result: R): void | Promise<void>;
  /** Takes what went wrong with one input, in its place among the results. */
  reportFailure(input: I, error: unknown): void | Promise<void>;
  /** Whether a failure ends the run, besides those that always do: every further input would fail in the same way. */
  isFatal?: ((error: unknown) => boolean) | undefined;
  /** Called as each input ends, in order of completion. */
  onDone?(): void;
}

/** How a run ended. */
export interface RunEnd {
  /** Inputs there were. */
  inputs: number;
  failures: number;
  /** What failed last; undefined where nothing did. */
  lastFailure: unknown;
}

const WINDOW_PER_JOB = 8;

/**
 * Works on several inputs at a time and reports in their order. Inputs may come as they are found: the next one is
 * asked for only when a job is free for it and the window has room, so that neither a slow first input nor an
 * endless source makes results pile up.
 *
 * A failure belongs to its input and the others go on, except where they could not end better: no executor, stdout
 * gone, interrupted. The run then takes no further input, waits for those in work, closes the source and rejects. So
 * it does when the source itself fails.
 */
export async function runInputs<I, R>(
  inputs: Iterable<I> | AsyncIterable<I>,
  options: RunOptions<I, R>,
): Promise<RunEnd> {
  const { jobs, window = WINDOW_PER_JOB * jobs, signal } = options;
  const source = openSource(inputs, signal);
  const finished = new Map<number, () => void | Promise<void>>();
  const end: RunEnd = { inputs: 0, failures: 0, lastFailure: undefined };
  let [inWork, reported] = [0, 0];
  let reporting = Promise.resolve();
  const fatal = { hasCome: false, error: undefined as unknown };
  let wake = () => {};
  /** Resolves with the next change; only the loop below waits. */
  const changed = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  const giveUp = (error: unknown) => {
    if (fatal.hasCome) return;
    Object.assign(fatal, { hasCome: true, error: signal.aborted ? signal.reason : error });
    source.giveUp();
  };
  const reportReady = async () => {
    for (let report = finished.get(reported); report !== undefined; report = finished.get(reported)) {
      finished.delete(reported);
      await report();
      reported++;
      wake();
    }
  };
  const finish = (index: number, report: () => void | Promise<void>) => {
    finished.set(index, report);
    reporting = reporting.then(reportReady).catch(giveUp);
    options.onDone?.();
  };
  const start = async (index: number, input: I) => {
    try {
      const result = await options.work(input);
      finish(index, () => options.report(input, result));
    } catch (error) {
      if (signal.aborted || isFatal(error) || options.isFatal?.(error)) giveUp(error);
      else {
        end.failures++;
        end.lastFailure = error;
        finish(index, () => options.reportFailure(input, error));
      }
    } finally {
      inWork--;
      wake();
    }
  };

  try {
    while (!fatal.hasCome) {
      if (inWork === jobs || end.inputs - reported === window) {
        await changed();
        continue;
      }
      const next = await source.next();
      if (next === undefined) break;
      inWork++;
      void start(end.inputs++, next.value);
    }
  } catch (error) {
    giveUp(error);
  }
  while (inWork > 0) await changed();
  await reporting;
  if (!fatal.hasCome) return end;
  await source.close();
  throw fatal.error;
}

/** A source of inputs that can be given up while it is being waited for. */
function openSource<I>(inputs: Iterable<I> | AsyncIterable<I>, signal: AbortSignal) {
  const isLive = Symbol.asyncIterator in inputs;
  const iterator = isLive ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
  let state: 'idle' | 'waiting' | 'over' = 'idle';
  let giveUp = () => {};
  const givenUp = new Promise<undefined>((resolve) => {
    giveUp = () => resolve(undefined);
  });
  const ask = async () => {
    state = 'waiting';
    try {
      const next = await iterator.next();
      state = next.done ? 'over' : 'idle';
      return next;
    } catch (error) {
      state = 'over';
      throw error;
    }
  };
  const askOrGiveUp = async () => {
    signal.throwIfAborted();
    signal.addEventListener('abort', giveUp, { once: true });
    const next = await Promise.race([ask(), givenUp]);
    signal.removeEventListener('abort', giveUp);
    return next;
  };
  return {
    giveUp,
    /** The next input; `undefined` after the last one, or when given up. @throws The reason of an abort. */
    next: async (): Promise<{ value: I } | undefined> => {
      // A list says at once whether there is more: an abort changes nothing where everything is done already.
      const next = await (isLive ? askOrGiveUp() : ask());
      if (next?.done) return undefined;
      signal.throwIfAborted();
      return next && { value: next.value };
    },
    /** Lets the source free what it holds; one that is still being waited for would not answer. */
    close: async (): Promise<void> => {
      if (state === 'over') return;
      const isWaiting = state === 'waiting';
      const closing = (async () => iterator.return?.())().catch(() => undefined);
      if (!isWaiting) await closing;
    },
  };
}

/** Whether every further input would fail in the same way. */
function isFatal(error: unknown): boolean {
  if (error instanceof BackendError) return error.attempts.length > 0 || error.code === 'no-image-library';
  return error instanceof OutputError && error.code === 'output-closed';
}
