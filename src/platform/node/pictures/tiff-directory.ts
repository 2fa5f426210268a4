import type { PictureFile } from './picture-file.js';

/** The tags that are looked at (TIFF 6.0 and its supplements; DNG). */
export const TAG = {
  kind: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  stripOffsets: 273,
  samples: 277,
  rowsPerStrip: 278,
  stripSizes: 279,
  planar: 284,
  tileOffsets: 324,
  tileSizes: 325,
  subDirectories: 330,
  extraSamples: 338,
  sampleFormat: 339,
  dngVersion: 50706,
} as const;

/** What decoding needs; everything else in a directory describes the picture and can be left out. */
const NEEDED = new Set([
  ...[256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325],
  ...[332, 334, 338, 339, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532, 34675],
]);

/** Bytes of a value, by the number of its type. */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

/** More values than a pixel has samples, and than a picture within this library's limits has pieces, are not read. */
const [MOST_SAMPLES, MOST_PIECES] = [2 ** 10, 2 ** 24];

/** The first directory of a TIFF file. */
export interface TiffDirectory {
  /** Whether there is a tag. */
  has(tag: number): boolean;
  /**
   * Values of a tag that holds whole numbers; undefined where the tag is missing, or holds something else or more than
   * `most`, which is 1024 unless given.
   */
  numbers(tag: number, most?: number): Promise<number[] | undefined>;
  /** The first of them. */
  number(tag: number): Promise<number | undefined>;
  /**
   * The file with a directory behind it that has only what decoding needs, in order; takes the whole file.
   *
   * @param surplus - Whether one sample more than the colours is to be declared, if it is not.
   */
  plainCopy(surplus: boolean): Promise<Uint8Array>;
}

/**
 * Reads the first directory of a TIFF or BigTIFF file.
 *
 * @throws Error saying what is wrong, when it is not within the file
 */
export async function readTiffDirectory(file: PictureFile): Promise<TiffDirectory> {
  const little = file.head[0] === 0x49;
  const big = file.head[little ? 2 : 3] === 43;
  const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const readNumber = (bytes: Uint8Array, at: number, size: number): number => {
    const data = view(bytes);
    if (size === 1) return data.getUint8(at);
    if (size === 2) return data.getUint16(at, little);
    return size === 4 ? data.getUint32(at, little) : Number(data.getBigUint64(at, little));
  };
  const read = async (offset: number, length: number, what: string): Promise<Uint8Array> => {
    const bytes = await file.read(offset, length);
    if (bytes.length < length) {
      throw new Error(`${what} is at byte ${offset}, and the file has ${file.sizeBytes}: it was cut short`);
    }
    return bytes;
  };
  // Widths of the count of entries, of the count of values and of an offset; an entry ends with a value or its offset.
  const [countBytes, wide] = big ? [8, 8] : [2, 4];
  const entryBytes = 4 + 2 * wide;
  const start = readNumber(await read(big ? 8 : 4, wide, 'the offset of its directory'), 0, wide);
  const count = readNumber(await read(start, countBytes, 'its directory'), 0, countBytes);
  if (count > 0xffff) throw new Error(`its directory claims ${count} entries`);
  const bytes = await read(start + countBytes, count * entryBytes, 'its directory');
  const entries = new Map<number, Uint8Array>();
  for (let i = 0; i < count; i++) {
    const entry = bytes.subarray(i * entryBytes, (i + 1) * entryBytes);
    const tag = readNumber(entry, 0, 2);
    if (!entries.has(tag)) entries.set(tag, entry);
  }

  const numbers = async (tag: number, most = MOST_SAMPLES): Promise<number[] | undefined> => {
    const entry = entries.get(tag);
    if (entry === undefined) return undefined;
    const type = readNumber(entry, 2, 2);
    const size = [1, 3, 4, 16].includes(type) ? TYPE_BYTES[type]! : 0;
    const values = readNumber(entry, 4, wide);
    if (size === 0 || values > most) return undefined;
    const inside = values * size <= wide;
    const data = inside
      ? entry.subarray(4 + wide)
      : await read(readNumber(entry, 4 + wide, wide), values * size, `the list of tag ${tag}`);
    return Array.from({ length: values }, (_, i) => readNumber(data, i * size, size));
  };
  return {
    has: (tag) => entries.has(tag),
    numbers,
    number: async (tag) => (await numbers(tag))?.[0],
    plainCopy: async (surplus) => {
      const needed = [...entries].filter(([tag]) => NEEDED.has(tag));
      if (surplus && !entries.has(TAG.extraSamples)) {
        // One short of value 0, unspecified.
        const entry = view(new Uint8Array(entryBytes));
        entry.setUint16(0, TAG.extraSamples, little);
        entry.setUint16(2, 3, little);
        if (big) entry.setBigUint64(4, 1n, little);
        else entry.setUint32(4, 1, little);
        needed.push([TAG.extraSamples, new Uint8Array(entry.buffer)]);
      }
      const kept = needed.sort(([a], [b]) => a - b);
      const whole = await file.read(0, file.sizeBytes);
      // Directories begin at even offsets.
      const at = whole.length + (whole.length & 1);
      const copy = new Uint8Array(at + countBytes + kept.length * entryBytes + wide);
      copy.set(whole);
      const data = view(copy);
      if (big) {
        data.setBigUint64(8, BigInt(at), little);
        data.setBigUint64(at, BigInt(kept.length), little);
      } else {
        data.setUint32(4, at, little);
        data.setUint16(at, kept.length, little);
      }
      for (const [i, [, entry]] of kept.entries()) copy.set(entry, at + countBytes + i * entryBytes);
      return copy;
    },
  };
}

/**
 * Looks whether a file is large enough for pixels that are not compressed.
 *
 * @returns That it is not, in words.
 */
export async function shortOfPixels(
  directory: TiffDirectory,
  sizeBytes: number,
): Promise<string | undefined> {
  const [compression = 1, width = 0, height = 0] = await Promise.all(
    [TAG.compression, TAG.width, TAG.height].map((tag) => directory.number(tag)),
  );
  const bits = Math.min(...((await directory.numbers(TAG.bits)) ?? [1]));
  const needed = height * Math.ceil((width * ((await directory.number(TAG.samples)) ?? 1) * bits) / 8);
  // YCbCr has fewer samples than pixels.
  if (compression !== 1 || (await directory.number(TAG.photometric)) === 6 || needed <= sizeBytes)
    return undefined;
  return (
    (await missingPieces(directory, sizeBytes)) ??
    `its ${width} x ${height} pixels take ${needed} bytes, and the file has ${sizeBytes}`
  );
}

/**
 * Looks whether every strip or tile lies in the file.
 *
 * @returns What is missing, in words.
 */
export async function missingPieces(
  directory: TiffDirectory,
  sizeBytes: number,
): Promise<string | undefined> {
  const tiled = directory.has(TAG.tileOffsets);
  const piece = tiled ? 'tile' : 'strip';
  const offsets = await directory.numbers(tiled ? TAG.tileOffsets : TAG.stripOffsets, MOST_PIECES);
  const sizes = await directory.numbers(tiled ? TAG.tileSizes : TAG.stripSizes, MOST_PIECES);
  if (offsets === undefined || sizes === undefined) return undefined;
  const missing = offsets.flatMap((offset, i) => {
    const size = sizes[i] ?? 0;
    return offset === 0 || size === 0 || offset + size > sizeBytes ? [i + 1] : [];
  });
  if (missing.length === 0) return undefined;
  const first = `${piece} ${missing[0]}`;
  return missing.length === 1
    ? `${first} of ${offsets.length} is not whole in the file`
    : `${missing.length} of ${offsets.length} ${piece}s are not whole in the file, the first is ${first}`;
}
