import { UsageError } from '../../index.js';
import { type ArrayInfo, joinSafetensorsHead, safetensorsEntry } from '../array-files.js';
import type { WriteAt } from '../write-output.js';
import type { CodedSize, ShardMetadata, ShardWriter } from './shard-writer.js';

/** Readers of the format refuse a longer head. */
const MAX_HEAD_BYTES = 100_000_000;

/** The longest number that an extent is, and an offset. */
const LONGEST_EXTENT = 0xffffffff;
const LONGEST_OFFSET = Number.MAX_SAFE_INTEGER;

/**
 * Opens a .safetensors shard. Its head comes first and tells sizes and places of all arrays, which are known last: it gets
 * room for the longest that it can become, in front of the arrays, and is written at the end with spaces behind it, which
 * the format allows. So no array is held or copied. The metadata `codedSizes` is JSON, from names to [width, height].
 */
export function openSafetensorsShard(
  write: WriteAt,
  names: readonly string[],
  metadata: ShardMetadata,
): ShardWriter {
  const headBytes = Math.ceil(headRoom(names, { ...metadata }) / 8) * 8;
  const entries: string[] = [];
  const sizes: [name: string, size: CodedSize][] = [];
  let current: ArrayInfo | undefined;
  let [begun, at] = [0, 0];
  return {
    async begin(array) {
      current = array;
      at = begun;
    },
    async append(bytes) {
      await write(bytes, headBytes + at);
      at += bytes.length;
    },
    async end(codedSize) {
      entries.push(safetensorsEntry(current!, [begun, at]));
      sizes.push([current!.name, codedSize]);
      begun = at;
    },
    async finish() {
      const codedSizes = sizesAsJson(sizes);
      await write(joinSafetensorsHead(entries, { ...metadata, codedSizes }, headBytes), 0);
      return headBytes + begun;
    },
  };
}

/** @throws UsageError `shard-too-large` where the names alone make a head that no reader takes */
export function checkHeadRoom(output: string, names: readonly string[]): void {
  if (headRoom(names, {}) > MAX_HEAD_BYTES) {
    throw new UsageError(
      'shard-too-large',
      `${output} would hold ${names.length} names, more than readers of .safetensors take; give a smaller --shard, or write .npz`,
    );
  }
}

/** Bytes of the longest head that arrays of these names can have. */
function headRoom(names: readonly string[], metadata: Record<string, string>): number {
  const shape = [LONGEST_EXTENT, LONGEST_EXTENT, LONGEST_EXTENT];
  let room = joinSafetensorsHead([], { ...metadata, codedSizes: '{}' }).length;
  for (const name of names) {
    const entry = safetensorsEntry({ name, type: 'float32', shape }, [LONGEST_OFFSET, LONGEST_OFFSET]);
    const size = JSON.stringify(sizesAsJson([[name, [LONGEST_EXTENT, LONGEST_EXTENT]]]));
    // A comma before the entry; the size brings quotes and braces along that stand for its comma.
    room += 1 + Buffer.byteLength(entry) + Buffer.byteLength(size);
  }
  return room;
}

/** An object as JSON; what a file is called may be any key. */
function sizesAsJson(sizes: readonly (readonly [string, CodedSize])[]): string {
  return `{${sizes.map(([name, size]) => `${JSON.stringify(name)}:${JSON.stringify(size)}`).join(',')}}`;
}
