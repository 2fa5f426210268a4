import { availableParallelism } from 'node:os';
import type { BackendChoice, Codec, Precision } from '../index.js';
import type { Limits } from '../limits.js';
import type { JobStreams } from './jobs/job.js';
import { Reporter } from './reporter.js';
import type { Terminal } from './terminal.js';

/** Options that every command takes. */
export interface GlobalOptions {
  backend: BackendChoice;
  model?: string;
  jobs?: number;
  threads?: number;
  precision?: Precision;
  limit?: Partial<Limits>;
  json?: boolean;
  quiet?: boolean;
  verbose?: boolean;
}

/** What a command works with. */
export interface Context {
  terminal: Terminal;
  reporter: Reporter;
  options: GlobalOptions;
  /** Aborted when the user interrupts. */
  signal: AbortSignal;
}

/** Runs what a command does and keeps its exit code. */
export type RunAction = (action: (context: Context) => Promise<number>) => Promise<void>;

/** Files in flight at a time unless `--jobs` says otherwise: enough to keep entropy coding and networks busy. */
const MOST_DEFAULT_JOBS = 4;

/** Builds a command's context from its options. */
export function openContext(terminal: Terminal, signal: AbortSignal, options: GlobalOptions): Context {
  const { json = false, quiet = false, verbose = false } = options;
  return { terminal, signal, options, reporter: new Reporter(terminal, { json, quiet, verbose }) };
}

/** Number of files in flight. */
export function jobsOf({ options }: Context): number {
  return options.jobs ?? Math.min(MOST_DEFAULT_JOBS, Math.max(2, availableParallelism()));
}

/** What jobs read from and write to. */
export function streamsOf({ terminal, options, signal }: Context): JobStreams {
  return { stdin: terminal.stdin, stdout: terminal.stdout, limits: options.limit, signal };
}

/** Opens a codec as the options say, hands it to `use`, and closes it whatever happens. */
export async function withCodec<R>(context: Context, use: (codec: Codec) => Promise<R>): Promise<R> {
  const { backend, model, threads, precision, limit } = context.options;
  // Only here: commands without a codec start without the library.
  const { openCodec } = await import('../index.js');
  const codec = await openCodec({ backend, model, threads, precision, limits: limit });
  try {
    return await use(codec);
  } finally {
    await codec.dispose();
  }
}

/** Opens the executor before any file, so that its absence is one error, and says with `-v` why it was chosen. */
export async function announceBackend({ reporter }: Context, codec: Codec): Promise<string> {
  const { name, version, device, passedOver } = await codec.openBackend();
  for (const { backend, reason } of passedOver) reporter.explain(`backend ${backend} passed over: ${reason}`);
  reporter.explain(`backend ${name} ${version}, ${device}`);
  return name;
}
