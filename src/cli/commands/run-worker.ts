import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { openWorkList } from '../../fleet/open-work-list.js';
import type { JobRules } from '../../fleet/worker/job-process.js';
import { ProcessPool } from '../../fleet/worker/process-pool.js';
import { runWorker } from '../../fleet/worker/worker.js';
import { announceBackend, type Context, type RunAction, withCodec } from '../context.js';
import { EXIT, Interrupted } from '../exit-codes.js';
import { numberBetween, wholeNumber } from '../option-values.js';
import { openStores } from '../run/open-stores.js';
import { addLeases, addList, type LeaseFlags, type ListFlags } from '../run/run-options.js';
import { serveJobs } from '../run/serve-jobs.js';
import { type WatchFlags, watchWorker } from '../run/watch-worker.js';

interface WorkerFlags extends ListFlags, LeaseFlags, WatchFlags {
  timeLimit: number;
  memoryLimit?: number;
  grace: number;
  stay?: boolean;
  name?: string;
}

/** Time to read one input; a server that takes longer is asked again later. */
const READ_LIMIT_MS = 60_000;

/** Name of the command that job processes run; it is for the worker alone and not in the help. */
const PROCESS = 'process';

/** `127.0.0.1:9464`, or a port. */
function parsePlace(text: string): { host: string; port: number } {
  const [, host = '127.0.0.1', port] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    throw new InvalidArgumentError('It must be a port, or host:port, like 0.0.0.0:9464.');
  }
  return { host, port: Number(port) };
}

/** Adds `dicm run worker`. */
export function addRunWorker(group: Command, run: RunAction) {
  const worker = group
    .command('worker')
    .summary('work on a list')
    .description(
      'Work on a list until nothing is left in it. Each input is worked on in a process of its own, --jobs of them at a time\n' +
        '(default: one for each core). After SIGTERM or SIGINT it takes no more, ends what is in work, and hands back the rest.',
    );
  addLeases(addList(worker))
    .addOption(
      new Option('--time-limit <seconds>', 'time for one input, after which its process is ended')
        .argParser(numberBetween(0.1, 86_400))
        .default(120),
    )
    .option('--memory-limit <MB>', 'memory of one process, above which it is ended (Linux)', wholeNumber(1))
    .addOption(
      new Option('--grace <seconds>', 'time that inputs in work have to end after SIGTERM')
        .argParser(numberBetween(0, 86_400))
        .default(20),
    )
    .addOption(
      new Option(
        '--metrics <host:port>',
        'answer GET /metrics (Prometheus) and /health there; a port alone is one of this machine only',
      ).argParser(parsePlace),
    )
    .option('--stay', 'wait for more when the list is done')
    .option('--name <text>', 'what `dicm run status` calls it (default: host and process)')
    .addOption(
      new Option('--log <kind>', 'how it tells what it does, on stderr')
        .choices(['text', 'json'])
        .default('text'),
    )
    .action((_: unknown, command: Command) => run((context) => work(context, command.opts<WorkerFlags>())));
  group.command(PROCESS, { hidden: true }).action(() => run(serveJobs));
}

async function work(context: Context, flags: WorkerFlags): Promise<number> {
  const { signal, options } = context;
  const { name = `${hostname()}-${process.pid}` } = flags;
  const jobs = options.jobs ?? availableParallelism();
  const rules = { leaseMs: 1000 * flags.lease, tries: flags.tries, worker: name };
  const list = await openWorkList(flags.work, rules, false);
  try {
    // Here, so that a missing model or executor is one error and no input's.
    const maker = await withCodec(context, async (codec) => {
      await announceBackend(context, codec);
      return codec.openModel();
    });
    const graceMs = 1000 * flags.grace;
    signal.addEventListener('abort', () => {
      // What is written at the end takes its time too.
      if (signal.reason instanceof Interrupted) signal.reason.graceMs = graceMs + 10_000;
    });
    const { onEvent, close } = await watchWorker(context, flags, name, list);
    const pool = new ProcessPool(jobs, jobRules(context, flags), ({ code, message }) =>
      onEvent({ event: 'process-ended', code, message }),
    );
    try {
      await runWorker({
        ...{ list, rules, jobs, pool, maker, signal, graceMs, readLimitMs: READ_LIMIT_MS },
        stores: openStores(context),
        stay: flags.stay === true,
        onEvent,
      });
    } finally {
      await close();
    }
    return EXIT.ok;
  } finally {
    await list.close();
  }
}

function jobRules({ options }: Context, { timeLimit, memoryLimit }: WorkerFlags): JobRules {
  const { backend, model, threads = 1, precision = 'float', limit = {} } = options;
  const args = [
    ...['--backend', backend, '--threads', String(threads), '--precision', precision],
    ...(model === undefined ? [] : ['--model', model]),
    ...Object.entries(limit).flatMap(([name, value]) => ['--limit', `${name}=${value}`]),
    ...['run', PROCESS],
  ];
  return {
    timeLimitMs: 1000 * timeLimit,
    memoryLimitBytes: memoryLimit === undefined ? undefined : 1e6 * memoryLimit,
    // Of its own process group: an interruption at the keyboard is for the worker.
    start: () =>
      fork(programPath(), args, {
        detached: true,
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      }),
  };
}

/** The program, from the built files and from the sources. */
function programPath(): string {
  const places = ['../../../../bin/dicm.js', '../../../bin/dicm.js'];
  return places
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find((path) => existsSync(path))!;
}
