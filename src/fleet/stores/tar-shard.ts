import { FormatError } from '../../errors.js';
import { importOptional } from '../../platform/node/optional-package.js';

type TarStream = typeof import('tar-stream');

/** A file in a shard. */
export interface TarMember {
  /** Path in the shard. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const PURPOSE = 'Shards in tar files';

/** Whether a source is a shard. */
export function isShardName(name: string): boolean {
  return /\.tar$/i.test(name);
}

/** The sample that a file belongs to, as WebDataset has it: everything before the first dot of its name. */
export function sampleOf(name: string): string {
  const file = name.slice(name.lastIndexOf('/') + 1);
  const dot = file.indexOf('.', 1);
  return dot === -1 ? name : name.slice(0, name.length - file.length + dot);
}

/**
 * Reads the files of a shard, in their order.
 *
 * @throws FormatError `bad-shard`; BackendError `missing-package`
 */
export async function readShard(source: string, shard: Uint8Array): Promise<TarMember[]> {
  const { extract } = await importOptional<TarStream>('tar-stream', PURPOSE);
  const members: TarMember[] = [];
  const reader = extract();
  reader.end(Buffer.from(shard.buffer, shard.byteOffset, shard.byteLength));
  try {
    for await (const entry of reader) {
      const pieces: Uint8Array[] = [];
      for await (const piece of entry) pieces.push(piece as Uint8Array);
      if (entry.header.type === 'file')
        members.push({ name: entry.header.name, bytes: Buffer.concat(pieces) });
    }
  } catch (error) {
    throw new FormatError(
      'bad-shard',
      `${source} is no tar file, or damaged: ${(error as Error).message}`,
      {},
      {
        cause: error,
      },
    );
  }
  return members;
}

/** Writes a shard. The same files give the same bytes: nothing says when or by whom it was made. */
export async function writeShard(members: Iterable<TarMember>): Promise<Uint8Array> {
  const { pack } = await importOptional<TarStream>('tar-stream', PURPOSE);
  const writer = pack();
  for (const { name, bytes } of members) {
    writer.entry({ name, size: bytes.length, mode: 0o644, mtime: new Date(0) }, Buffer.from(bytes));
  }
  writer.finalize();
  const pieces: Uint8Array[] = [];
  for await (const piece of writer) pieces.push(piece as Uint8Array);
  return new Uint8Array(Buffer.concat(pieces));
}
