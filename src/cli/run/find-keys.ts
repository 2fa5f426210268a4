import { extname, join, resolve, sep } from 'node:path';
import { isTableName, readTable } from '../../fleet/stores/read-table.js';
import { isShardName } from '../../fleet/stores/tar-shard.js';
import type { Key } from '../../fleet/work-item.js';
import { UsageError } from '../../index.js';
import { isAddress, isBucket } from '../addresses.js';
import { type Context, streamsOf } from '../context.js';
import type { PassedOver } from '../expand-inputs.js';
import { findInputs, type InputFlags, withoutRoot } from '../input-options.js';
import { readTextFile } from '../read-input.js';
import { STANDARD } from '../terminal.js';
import { openBuckets } from './open-stores.js';

/** Where the inputs of a work list come from. */
export interface KeyFlags extends InputFlags {
  /** Of a list that is a table. */
  column?: string;
}

/** Inputs of a work list, as they are found. */
export interface FoundKeys {
  readonly keys: AsyncIterable<Key>;
  readonly passedOver: readonly PassedOver[];
}

/**
 * Finds the inputs of a work list: those that any command takes, addresses, all below a prefix of a bucket, and the rows of a
 * table.
 *
 * @param accept - Which files of a directory or a bucket count, by name; shards always do.
 * @throws UsageError `no-stream`, and as `findInputs`; FormatError `bad-table`, `source-unreachable`
 */
export async function findKeys(
  context: Context,
  patterns: readonly string[],
  flags: KeyFlags,
  accept: (name: string) => boolean,
): Promise<FoundKeys> {
  const buckets = patterns.filter(isBucket);
  const others = patterns.filter((pattern) => !isBucket(pattern));
  const counts = (name: string) => accept(name) || isShardName(name);
  const { filesFrom } = flags;
  const isTable = filesFrom !== undefined && isTableName(filesFrom);
  if (flags.column !== undefined && !isTable) {
    throw new UsageError(
      'option-needs-other',
      '--column is for a --files-from that is a table; give that too',
    );
  }
  const rows = isTable
    ? await readTable(filesFrom, await readTextFile(streamsOf(context), filesFrom), flags.column)
    : [];
  const isEmpty = buckets.length + rows.length === 0;
  const { inputs, passedOver } =
    others.length > 0 || isEmpty || (filesFrom !== undefined && !isTable)
      ? await findInputs(context, others, isTable ? { ...flags, filesFrom: undefined } : flags, counts)
      : { inputs: [], passedOver: [] };
  if (inputs.some(({ path }) => path === STANDARD)) {
    throw new UsageError('no-stream', 'stdin is no input that workers can read; name a file');
  }
  async function* all(): AsyncGenerator<Key, void, undefined> {
    for (const { path, relative } of inputs) yield keyOf(path, relative);
    for (const row of rows) yield keyOf(row, withoutRoot(row));
    for (const bucket of buckets) yield* keysBelow(context, bucket, counts);
  }
  return { keys: all(), passedOver };
}

/** All objects below a prefix, called by what comes after it; an object that is named itself counts whatever it is. */
async function* keysBelow(context: Context, prefix: string, counts: (name: string) => boolean) {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const store = await openBuckets(context);
  for await (const source of store.list(prefix)) {
    if (source !== prefix && !counts(source)) continue;
    yield { source, name: withoutExtension(withoutRoot(source.slice(folder.length))) };
  }
}

/** Workers may run elsewhere: paths are whole. */
function keyOf(path: string, relative: string): Key {
  if (isAddress(path)) return { source: path, name: nameOfAddress(path) };
  return { source: resolve(path), name: withoutExtension(relative) };
}

/** `https://host/a/b.jpg?size=3` is called `host/a/b`. */
function nameOfAddress(address: string): string {
  const { host, pathname } = new URL(address);
  return withoutExtension(withoutRoot(join(host.replaceAll(':', '_'), pathname)));
}

function withoutExtension(name: string): string {
  return name
    .slice(0, name.length - extname(name).length)
    .split(sep)
    .join('/');
}
