import { createServer, type Server } from 'node:http';
import { BackendError } from '../../errors.js';
import { importOptional } from '../../platform/node/optional-package.js';
import type { WorkStatus } from '../work-list.js';
import type { WorkerEvent } from './worker-events.js';

type PromClient = typeof import('prom-client');

/** Bounds of the buckets of seconds that an input takes. */
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** What a worker tells those who watch it. */
export interface WorkerMetrics {
  /** Counts an event. */
  count(event: WorkerEvent): void;
  /** Address at which it is told. */
  readonly address: string;
  close(): Promise<void>;
}

/** What metrics are made of. */
export interface MetricsOptions {
  readonly host: string;
  /** 0 takes one that is free. */
  readonly port: number;
  /** Asked when somebody looks. */
  readonly status: () => Promise<WorkStatus>;
  /** Whether the worker does what it is there for: it takes inputs, and its list answers. */
  readonly isHealthy: () => boolean;
}

/**
 * Serves `GET /metrics` for Prometheus and `GET /health`, which answers 200 while the worker works and 503 when it stops or its
 * list does not answer.
 *
 * @throws BackendError `missing-package`, `worker-failed` where the port is taken
 */
export async function serveMetrics(options: MetricsOptions): Promise<WorkerMetrics> {
  const prom = await importOptional<PromClient & { default?: PromClient }>(
    'prom-client',
    'Metrics of workers',
  );
  const counters = openCounters(prom.default ?? prom, options);
  const server = createServer(async (request, response) => {
    const answer = (status: number, type: string, text: string) => {
      response.writeHead(status, { 'content-type': type }).end(text);
    };
    try {
      if (request.method !== 'GET') answer(405, 'text/plain', 'only GET\n');
      else if (request.url === '/health') {
        answer(options.isHealthy() ? 200 : 503, 'text/plain', options.isHealthy() ? 'ok\n' : 'stopping\n');
      } else if (request.url === '/metrics') {
        answer(200, counters.registry.contentType, await counters.registry.metrics());
      } else answer(404, 'text/plain', '/metrics or /health\n');
    } catch (error) {
      answer(503, 'text/plain', `${(error as Error).message}\n`);
    }
  });
  const port = await listen(server, options);
  return {
    count: counters.count,
    address: `http://${options.host}:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function openCounters(prom: PromClient, { status }: MetricsOptions) {
  const registry = new prom.Registry();
  prom.collectDefaultMetrics({ register: registry, prefix: 'dicm_worker_' });
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new prom.Counter({ name: `dicm_${name}_total`, help, labelNames, registers });
  const done = counter('inputs_done', 'Inputs that are done', ['command']);
  const there = counter('inputs_there', 'Inputs whose output was there already', ['command']);
  const failed = counter('inputs_failed', 'Inputs that were tried in vain', ['command', 'code']);
  const parked = counter('inputs_parked', 'Inputs that were given up', ['command', 'code']);
  const ended = counter('processes_ended', 'Job processes that an input has ended', ['code']);
  const lost = counter('leases_lost', 'Items that took longer than their lease');
  const silent = counter('list_unreachable', 'Times that the work list did not answer');
  const bytesIn = counter('bytes_read', 'Bytes of sources');
  const bytesOut = counter('bytes_written', 'Bytes of outputs');
  const seconds = new prom.Histogram({
    ...{
      name: 'dicm_input_seconds',
      help: 'Time from reading an input to its output',
      labelNames: ['command'],
    },
    ...{ buckets: SECONDS, registers },
  });
  new prom.Gauge({
    ...{
      name: 'dicm_list_inputs',
      help: 'Inputs in the work list, by state',
      labelNames: ['state'],
      registers,
    },
    async collect() {
      const { workers: _, ...counts } = await status();
      for (const [state, inputs] of Object.entries(counts)) this.set({ state }, inputs);
    },
  });
  return {
    registry,
    count: (event: WorkerEvent): void => {
      if (event.event === 'done') {
        const { command } = event;
        (event.isThere ? there : done).inc({ command });
        bytesIn.inc(event.bytesIn);
        bytesOut.inc(event.bytesOut);
        seconds.observe({ command }, event.elapsedMs / 1000);
      } else if (event.event === 'failed') {
        const { command, code } = event;
        failed.inc({ command, code });
        if (event.isParked) parked.inc({ command, code });
      } else if (event.event === 'process-ended') ended.inc({ code: event.code });
      else if (event.event === 'lease-lost') lost.inc();
      else if (event.event === 'list-unreachable') silent.inc();
    },
  };
}

async function listen(server: Server, { host, port }: MetricsOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new BackendError('worker-failed', `${host}:${port} cannot be listened on: ${error.message}`));
    });
    server.listen(port, host, () => resolve((server.address() as { port: number }).port));
  });
}
