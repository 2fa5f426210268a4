import { stat } from 'node:fs/promises';
import { extname, join, parse, resolve, sep } from 'node:path';
import { UsageError } from '../../index.js';
import type { Input, Inputs } from '../expand-inputs.js';
import { toPath } from '../file-names.js';
import { STANDARD } from '../terminal.js';
import { checkHeadRoom } from './safetensors-shard.js';

/** Kinds of files that hold the arrays of many inputs. */
export type ShardFormat = 'safetensors' | 'npz';

/** A file for the arrays of several inputs. */
export interface PlannedShard {
  output: string;
  /** Its inputs, as places in the list of all. */
  first: number;
  last: number;
}

/** An input, what its array is called, and into which shard it goes. */
export interface ShardInput extends Input {
  /** Place among the inputs. */
  index: number;
  name: string;
  shard: PlannedShard;
}

/** Inputs and shards of a run. */
export interface ShardPlan {
  inputs: ShardInput[];
  shards: PlannedShard[];
  /** The folder, where shards are numbered in one. */
  folder: string | undefined;
}

/**
 * Decides, before any work, what goes into which shard: as many inputs as a shard takes, in their order. One that fails is
 * missing in its shard and moves no other one, so that names and places do not depend on what fails. A name is the path
 * below the directory an input was found in, or else the file's name, with slashes and without the extension.
 *
 * @param output - Value of `-o`: a folder for numbered shards, the working directory unless given, or one file.
 * @param most - Most inputs of a shard; may be infinite.
 * @throws UsageError `shard-stdout`, `shard-count`, `shard-name`, `shard-too-large`, `output-is-input`
 */
export async function planShards(
  { inputs }: Pick<Inputs, 'inputs'>,
  output: string | undefined,
  most: number,
  format: ShardFormat,
): Promise<ShardPlan> {
  if (output === STANDARD) {
    throw new UsageError(
      'shard-stdout',
      'a shard is not written from its first byte to its last; name a file with -o',
    );
  }
  const isFile = output !== undefined && extname(output) === `.${format}` && !(await isFolder(output));
  const size = Math.min(most, inputs.length);
  const count = Math.ceil(inputs.length / size);
  if (isFile && count > 1) {
    throw new UsageError(
      'shard-count',
      `${output} is one file, and ${inputs.length} inputs at ${most} a shard need ${count}; name a folder with -o, or give --shard all`,
    );
  }
  const folder = isFile ? undefined : (output ?? '.');
  const shards = Array.from({ length: count }, (_, number) => ({
    output: folder === undefined ? output! : join(folder, shardName(number, format)),
    first: number * size,
    last: Math.min(inputs.length, (number + 1) * size) - 1,
  }));
  const named = inputs.map((input, index) => {
    return { ...input, index, name: nameOf(input), shard: shards[Math.floor(index / size)]! };
  });
  checkNames(named);
  for (const { output, first, last } of shards) {
    if (format === 'safetensors') {
      checkHeadRoom(
        output,
        named.slice(first, last + 1).map(({ name }) => name),
      );
    }
  }
  return { inputs: named, shards, folder };
}

/** File name of a numbered shard. */
export function shardName(number: number, format: ShardFormat): string {
  return `features-${String(number).padStart(5, '0')}.${format}`;
}

async function isFolder(path: string): Promise<boolean> {
  const status = await stat(toPath(path)).catch(() => undefined);
  return status?.isDirectory() === true || path.endsWith('/') || path.endsWith(sep);
}

function nameOf({ path, relative }: Input): string {
  if (path === STANDARD) return 'stdin';
  const { dir, name } = parse(relative);
  // JSON and zip hold UTF-8: a byte of a name that is none becomes U+FFFD.
  return Buffer.from(join(dir, name).split(sep).join('/')).toString();
}

/** @throws UsageError `shard-name`, `output-is-input` */
function checkNames(inputs: readonly ShardInput[]): void {
  const owners = new Map<string, string>();
  const outputs = new Set(inputs.map(({ shard }) => resolve(shard.output)));
  for (const { path, name } of inputs) {
    const owner = owners.get(name);
    if (owner !== undefined) {
      throw new UsageError(
        'shard-name',
        `${owner} and ${path} would both be called ${name}; directories with -r and lists keep their folders in the names`,
      );
    }
    if (name === '__metadata__') {
      throw new UsageError('shard-name', `${path}: no array can be called ${name}; rename the file`);
    }
    owners.set(name, path);
    if (path !== STANDARD && outputs.has(resolve(path))) {
      throw new UsageError('output-is-input', `${path} would be overwritten by a shard; choose another -o`);
    }
  }
}
