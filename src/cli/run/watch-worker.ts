import type { WorkList } from '../../fleet/work-list.js';
import { serveMetrics } from '../../fleet/worker/metrics.js';
import type { WorkerEvent } from '../../fleet/worker/worker-events.js';
import type { Context } from '../context.js';
import { type LogKind, logWorker } from './worker-log.js';

/** How a worker tells what it does. */
export interface WatchFlags {
  log: LogKind;
  metrics?: { host: string; port: number };
}

/** Opens the log of a worker and, where they are wanted, its metrics. */
export async function watchWorker(
  context: Context,
  flags: WatchFlags,
  name: string,
  list: WorkList,
): Promise<{ onEvent: (event: WorkerEvent) => void; close: () => Promise<void> }> {
  const health = { isStopping: false, isListSilent: false };
  const metrics =
    flags.metrics &&
    (await serveMetrics({
      ...flags.metrics,
      status: () => list.status(),
      isHealthy: () => !health.isStopping && !health.isListSilent,
    }));
  if (metrics !== undefined) context.reporter.summarise(`metrics at ${metrics.address}/metrics`);
  const log = logWorker(context, flags.log, name);
  return {
    onEvent: (event) => {
      health.isStopping ||= event.event === 'stopping';
      health.isListSilent = event.event === 'list-unreachable';
      metrics?.count(event);
      log(event);
    },
    close: async () => metrics?.close(),
  };
}
