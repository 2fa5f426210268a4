import { createHash } from 'node:crypto';

/** What can be done with an input: encode a photograph, or ask a .dicm file. */
export type RunCommand = 'encode' | 'classify' | 'detect' | 'segment' | 'all' | 'embed' | 'index';

/** What is to be done with inputs. It stands in the list, so that workers have no options of their own for it. */
export interface RunTask {
  readonly command: RunCommand;
  /** Options of the job, as JSON keeps them. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Folder or address below which outputs are written; null where results are all there is. */
  readonly output: string | null;
}

/** One input of a task. */
export interface Key {
  /** Absolute path or address. */
  readonly source: string;
  /** What outputs are called by: the path below the folder that was added, without its extension, `/` between folders. */
  readonly name: string;
}

/** What is leased at once: a shard of inputs of one task. */
export interface WorkItem {
  readonly task: RunTask;
  readonly keys: readonly Key[];
}

/** An item, or a part of one, in the state in which it goes back to the list. */
export interface Piece {
  readonly keys: readonly Key[];
  /** How often it was tried in vain. */
  readonly tries: number;
  /** Why it is given up; it waits for its next try unless given. */
  readonly parked?: string | undefined;
  /** Why it was last tried in vain. */
  readonly reason?: string | undefined;
}

/** What became of one input in vain. */
export interface KeyFailure {
  readonly key: Key;
  /** In words, with the code of the error. */
  readonly reason: string;
  /** Whether another try would end alike: the input itself is wrong. */
  readonly isFinal: boolean;
}

/** Inputs an item has unless told otherwise: about a second of work, and little to try again when a machine goes away. */
export const SHARD_KEYS = 32;

/** Identity of a task: the same options give the same one. */
export function taskId(task: RunTask): string {
  return digest(JSON.stringify([task.command, sortedJson(task.options), task.output]));
}

/** Identity of an item: adding it again is adding nothing. */
export function itemId({ task, keys }: WorkItem): string {
  return digest(JSON.stringify([taskId(task), keys.map(({ source, name }) => [source, name])]));
}

/** Cuts inputs into items. */
export async function* shardKeys(
  task: RunTask,
  keys: Iterable<Key> | AsyncIterable<Key>,
  size: number,
): AsyncGenerator<WorkItem, void, undefined> {
  let shard: Key[] = [];
  for await (const key of keys) {
    shard.push(key);
    if (shard.length < size) continue;
    yield { task, keys: shard };
    shard = [];
  }
  if (shard.length > 0) yield { task, keys: shard };
}

/**
 * What goes back to the list of inputs that failed: each by itself, so that the next try finds out which of them it is, and
 * parked where that has been tried often enough.
 *
 * @param tries - How often the item was tried in vain before.
 * @param most - Tries after which an input is given up.
 */
export function piecesOfFailures(failures: readonly KeyFailure[], tries: number, most: number): Piece[] {
  return failures.map(({ key, reason, isFinal }) => {
    const isParked = isFinal || tries + 1 >= most;
    return { keys: [key], tries: tries + 1, ...(isParked ? { parked: reason } : { reason }) };
  });
}

/** What goes back to the list of an item whose worker is gone: which of its inputs is to blame, if any, nobody knows. */
export function piecesOfLoss(keys: readonly Key[], tries: number, most: number): Piece[] {
  const reason = `its worker went away (${tries + 1} of ${most} tries)`;
  return piecesOfFailures(
    keys.map((key) => ({ key, reason, isFinal: false })),
    tries,
    most,
  );
}

/** JSON with the names of objects in order, so that equal values are equal texts. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, held: unknown) =>
    typeof held === 'object' && held !== null && !Array.isArray(held)
      ? Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1)))
      : held,
  );
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
