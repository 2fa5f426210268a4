import { DicmError, FormatError, OutputError } from '../../errors.js';
import { type Maker, outputName, outputTag } from '../output-tag.js';
import type { OutputStore, Stores } from '../stores/store.js';
import type { Key, RunTask } from '../work-item.js';
import { type ProcessPool, STOPPED } from './process-pool.js';
import type { JobFailure } from './protocol.js';

/** What becomes of one input. */
export type KeyEnd =
  | {
      readonly record: Readonly<Record<string, unknown>>;
      readonly isThere: boolean;
      readonly bytesIn: number;
      readonly bytesOut: number;
    }
  | { readonly failure: JobFailure }
  | typeof STOPPED;

/** What inputs are worked on with. */
export interface KeyTools {
  readonly pool: ProcessPool;
  readonly stores: Stores;
  readonly maker: Maker;
  /** Time to read one source. */
  readonly readLimitMs: number;
  /** Aborted when nothing more is to be read: what is being read then fails. */
  readonly signal: AbortSignal;
}

/** Reads an input, works on it in a process of its own, and writes its output. Never rejects. */
export async function runKey(key: Key, task: RunTask, tools: KeyTools): Promise<KeyEnd> {
  try {
    const bytes = await readSource(key.source, tools);
    const output = task.output === null ? undefined : await tools.stores.openOutput(task.output);
    const name = outputName(key.name, outputTag(bytes, task, tools.maker), task.command);
    if (output !== undefined && (await output.has(name))) {
      return { ...(await recordOfExisting(key, task, output, name)), bytesIn: bytes.length, bytesOut: 0 };
    }
    const reply = await tools.pool.run({ command: task.command, options: task.options, bytes });
    if (reply === STOPPED || 'failure' in reply) return reply;
    const place = output && (await writeOutput(output, name, task, key, reply));
    const record = nameRecord(reply.record, task, key.source, place?.place);
    return { record, isThere: false, bytesIn: bytes.length, bytesOut: place?.bytes ?? 0 };
  } catch (error) {
    return { failure: asFailure(error) };
  }
}

/** Reads a source within the time for it. */
export async function readSource(
  source: string,
  { stores, readLimitMs, signal }: KeyTools,
): Promise<Uint8Array> {
  const timeLimit = AbortSignal.timeout(readLimitMs);
  try {
    const store = await stores.sourceOf(source);
    return await store.read(source, AbortSignal.any([timeLimit, signal]));
  } catch (error) {
    if (!timeLimit.aborted) throw error;
    const seconds = readLimitMs / 1000;
    throw new FormatError(
      'source-unreachable',
      `${source} could not be read within ${seconds} s`,
      {},
      {
        cause: error,
      },
    );
  }
}

/** What is said of an output that is there already: what an analysis wrote, or that there is nothing to do. */
async function recordOfExisting(key: Key, task: RunTask, output: OutputStore, name: string) {
  const place = output.placeOf(name);
  if (task.command === 'encode') {
    const reason = 'it is there already';
    return { record: { schema: 'dicm.skipped/1', file: key.source, output: place, reason }, isThere: true };
  }
  const record = JSON.parse(new TextDecoder().decode(await output.read(name))) as Record<string, unknown>;
  return { record: nameRecord(record, task, key.source, undefined), isThere: true };
}

async function writeOutput(
  output: OutputStore,
  name: string,
  task: RunTask,
  key: Key,
  reply: { readonly record: Readonly<Record<string, unknown>>; readonly output?: Uint8Array },
): Promise<{ place: string; bytes: number }> {
  const text = () =>
    new TextEncoder().encode(`${JSON.stringify(nameRecord(reply.record, task, key.source, undefined))}\n`);
  const bytes = reply.output ?? text();
  await output.create(name, bytes);
  return { place: output.placeOf(name), bytes: bytes.length };
}

/** A record with the names that people know instead of those of the job process. */
export function nameRecord(
  record: Readonly<Record<string, unknown>>,
  { command }: RunTask,
  source: string,
  place: string | undefined,
): Record<string, unknown> {
  if (command !== 'encode') return { ...record, file: source };
  return { ...record, input: source, output: place };
}

/** Outputs that cannot be written anywhere below a place: every further input would end alike. */
const FATAL_OUTPUT = ['disk-full', 'output-denied', 'output-no-folder'];

/** What every further input would meet too. */
const FATAL_CODES = ['missing-package', 'no-ranges', 'bad-precision'];

/** Errors of the input itself; those of the network may be gone with the next try. */
const FINAL = ['FormatError', 'ImageError', 'UnsupportedError', 'LimitError', 'ModelError', 'UsageError'];

/** Sorts an error by what another try could change. */
export function asFailure(error: unknown): JobFailure {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof DicmError)) return { code: 'internal-error', message, isFinal: false };
  const { code, name } = error;
  if (error instanceof OutputError && FATAL_OUTPUT.includes(code)) {
    return { code, message, isFinal: false, isFatal: true };
  }
  if (FATAL_CODES.includes(code)) return { code, message, isFinal: false, isFatal: true };
  return { code, message, isFinal: FINAL.includes(name) && code !== 'source-unreachable' };
}
