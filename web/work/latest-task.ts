import { isAbort } from '../state/describe-failure.js';

/** Work of which only the newest matters. */
export interface LatestTask {
  /**
   * Stops what runs and then begins `work`; what was to begin in between never does.
   *
   * @param work - Its signal says that something newer has come.
   */
  start(work: (signal: AbortSignal) => Promise<void>): void;
}

/**
 * Runs one piece of work at a time, the newest: a slider asks for more files than can be made while it moves.
 *
 * @param onError - Called with what a piece of work failed with, unless it was stopped.
 */
export function openLatestTask(onError: (error: unknown) => void): LatestTask {
  let running: Promise<void> = Promise.resolve();
  let stop = new AbortController();
  return {
    start: (work) => {
      stop.abort();
      stop = new AbortController();
      const { signal } = stop;
      running = running.then(async () => {
        if (signal.aborted) return;
        try {
          await work(signal);
        } catch (error) {
          if (!signal.aborted && !isAbort(error)) onError(error);
        }
      });
    },
  };
}
