import { crc32 } from 'node:zlib';
import { type ArrayInfo, arrayBytes, npyHead } from '../array-files.js';
import type { WriteAt } from '../write-output.js';
import type { ShardMetadata, ShardWriter } from './shard-writer.js';

// A .npz file is a zip archive of .npy files. Records and fields have the names of the specification of zip (PKWARE's
// APPNOTE.TXT, 4.3 to 4.5). Entries are stored as they are: features hardly get smaller, and stored ones are read fast.

const VERSION = 45;
/** Names are UTF-8. */
const FLAGS = 0x0800;
/** 1 January 1980: the same arrays give the same bytes. */
const DATE = 0x21;
const MADE_BY_UNIX = 3 << 8;
const REGULAR_FILE = 0o100644 * 2 ** 16;
/** Where the CRC stands in the local header. */
const CRC_OFFSET = 14;
/** In place of numbers that stand in the zip64 extra field. */
const LARGE_16 = 0xffff;
const LARGE_32 = 0xffffffff;

/** A file of the archive. */
interface Entry {
  name: Buffer;
  crc: number;
  size: number;
  /** Of its local header, in the archive. */
  offset: number;
}

/** Opens a .npz shard, which `numpy.load` opens. The archive's comment is the metadata as JSON. */
export function openNpzShard(write: WriteAt, _: readonly string[], metadata: ShardMetadata): ShardWriter {
  const entries: Entry[] = [];
  let current: Entry = { name: Buffer.alloc(0), crc: 0, size: 0, offset: 0 };
  let [begun, at] = [0, 0];
  const append = async (bytes: Uint8Array) => {
    await write(bytes, at);
    at += bytes.length;
    current.crc = crc32(bytes, current.crc);
  };
  return {
    async begin(array: ArrayInfo) {
      const head = npyHead(array);
      const size = head.length + arrayBytes(array);
      current = { name: Buffer.from(`${array.name}.npy`), crc: 0, size, offset: begun };
      const header = localHeader(current);
      await write(header, begun);
      at = begun + header.length;
      await append(head);
    },
    append,
    async end() {
      await write(numbers([4, current.crc]), current.offset + CRC_OFFSET);
      entries.push(current);
      begun = at;
    },
    async finish() {
      const directory = Buffer.concat(entries.map(directoryEntry));
      const tail = Buffer.concat([
        directory,
        ...endRecords(entries.length, directory.length, begun, Buffer.from(JSON.stringify(metadata))),
      ]);
      await write(tail, begun);
      return begun + tail.length;
    },
  };
}

function localHeader({ name, crc, size }: Entry): Buffer {
  const isLarge = size >= LARGE_32;
  const extra = isLarge ? numbers([2, 1], [2, 16], [8, size], [8, size]) : Buffer.alloc(0);
  const shown = isLarge ? LARGE_32 : size;
  const fixed = numbers(
    [4, 0x04034b50],
    [2, VERSION],
    [2, FLAGS],
    [2, 0],
    [2, 0],
    [2, DATE],
    [4, crc],
    [4, shown],
    [4, shown],
    [2, name.length],
    [2, extra.length],
  );
  return Buffer.concat([fixed, name, extra]);
}

function directoryEntry({ name, crc, size, offset }: Entry): Buffer {
  const isLarge = size >= LARGE_32 || offset >= LARGE_32;
  const extra = isLarge ? numbers([2, 1], [2, 24], [8, size], [8, size], [8, offset]) : Buffer.alloc(0);
  const shown = isLarge ? LARGE_32 : size;
  const fixed = numbers(
    [4, 0x02014b50],
    [2, MADE_BY_UNIX | VERSION],
    [2, VERSION],
    [2, FLAGS],
    [2, 0],
    [2, 0],
    [2, DATE],
    [4, crc],
    [4, shown],
    [4, shown],
    [2, name.length],
    [2, extra.length],
    [2, 0],
    [2, 0],
    [2, 0],
    [4, REGULAR_FILE],
    [4, isLarge ? LARGE_32 : offset],
  );
  return Buffer.concat([fixed, name, extra]);
}

/** What ends an archive; many entries and large offsets need the records of zip64. */
function endRecords(
  count: number,
  directoryBytes: number,
  directoryOffset: number,
  comment: Buffer,
): Buffer[] {
  const isLarge = count >= LARGE_16 || directoryBytes >= LARGE_32 || directoryOffset >= LARGE_32;
  const zip64 = [
    numbers(
      [4, 0x06064b50],
      [8, 44],
      [2, MADE_BY_UNIX | VERSION],
      [2, VERSION],
      [4, 0],
      [4, 0],
      [8, count],
      [8, count],
      [8, directoryBytes],
      [8, directoryOffset],
    ),
    numbers([4, 0x07064b50], [4, 0], [8, directoryOffset + directoryBytes], [4, 1]),
  ];
  const end = numbers(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, isLarge ? LARGE_16 : count],
    [2, isLarge ? LARGE_16 : count],
    [4, isLarge ? LARGE_32 : directoryBytes],
    [4, isLarge ? LARGE_32 : directoryOffset],
    [2, comment.length],
  );
  return [...(isLarge ? zip64 : []), end, comment];
}

/** Little-endian numbers of 2, 4 or 8 bytes. */
function numbers(...fields: readonly (readonly [bytes: 2 | 4 | 8, value: number])[]): Buffer {
  const buffer = Buffer.alloc(fields.reduce((sum, [bytes]) => sum + bytes, 0));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 8) buffer.writeBigUInt64LE(BigInt(value), at);
    else buffer.writeUIntLE(value, at, bytes);
    at += bytes;
  }
  return buffer;
}
