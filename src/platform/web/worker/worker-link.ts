import { BackendError } from '../../../errors.js';
import type { Report, Request, WorkerSetup } from './messages.js';

/** Starts a worker that runs `dicm/browser/worker`. */
export type StartWorker = () => Worker;

/** A worker as long as it lives. */
export interface WorkerLink {
  /** Sends a request; memory of arrays that are listed goes over instead of being copied. */
  send(request: Request, transfer?: Transferable[]): void;
  /** Ends the worker. */
  end(): void;
}

/**
 * Starts a worker and opens a codec in it.
 *
 * @param onLost - called once, when the worker ends and nobody has ended it
 */
export function openWorkerLink(
  start: StartWorker,
  setup: WorkerSetup,
  onReport: (report: Report) => void,
  onLost: (error: BackendError) => void,
): WorkerLink {
  const worker = start();
  const lock = `dicm-worker-${crypto.randomUUID?.() ?? Math.random()}`;
  const waiting = new AbortController();
  let isOver = false;
  let isAlive = false;
  const end = () => {
    isOver = true;
    waiting.abort();
    worker.terminate();
  };
  const lose = (reason: string) => {
    if (isOver) return;
    end();
    onLost(new BackendError('worker-lost', reason));
  };
  const watch = () => {
    isAlive = true;
    navigator.locks
      ?.request(lock, { signal: waiting.signal }, () => lose('the worker that the codec ran in has ended'))
      .catch(() => {});
  };
  worker.onmessage = ({ data: report }: MessageEvent<Report>) => {
    if (isOver) return;
    if (report.type === 'alive') watch();
    else onReport(report);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    const said = event.message ? `: ${event.message}` : '';
    lose(
      isAlive
        ? `the worker that the codec ran in has failed${said}`
        : `the worker of the codec could not be started${said}; is its script where the page looks for it, and does the content security policy allow it (worker-src)?`,
    );
  };
  worker.onmessageerror = () => lose('a message of the worker that the codec ran in cannot be read');
  worker.postMessage({ type: 'open', setup, lock } satisfies Request);
  return {
    send: (request, transfer = []) => worker.postMessage(request, transfer),
    end,
  };
}
