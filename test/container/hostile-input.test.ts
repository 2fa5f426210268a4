import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openPrefix } from '../../src/container/open-prefix.js';
import { LAYER_NAMES } from '../../src/container/profiles.js';
import { readDicm } from '../../src/container/read-dicm.js';
import { readInfo } from '../../src/container/read-info.js';
import { indexTiles, readTile } from '../../src/container/tile-index.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import { DicmError, FormatError, LimitError, UnsupportedError } from '../../src/errors.js';
import { countingSource, layeredFile, sampleFile } from './samples.js';

const ONE_TILE = writeDicm(sampleFile());
const FOUR_TILES = writeDicm({
  ...sampleFile({ width: 600, height: 513, sourceWidth: 70000, sourceHeight: 60000 }, 9),
  ancillary: [
    { tag: 2, name: 'icc', data: Uint8Array.from([1, 2, 3]) },
    { tag: 0x33, name: '0x33', data: new Uint8Array(150) },
  ],
});

const TWO_LAYERS = writeDicm({
  ...layeredFile({}, {}, 12),
  ancillary: [{ tag: 3, name: 'exif', data: Uint8Array.from([1, 2, 3]) }],
});

/** Bytes before the first tile of `ONE_TILE`. */
const HEADER_END = 22;

function refusalOf(bytes: Uint8Array): DicmError | undefined {
  try {
    readDicm(bytes);
  } catch (error) {
    const named =
      error instanceof FormatError || error instanceof UnsupportedError || error instanceof LimitError;
    if (!named) throw error;
    expect(() => readInfo(bytes)).toThrow(error.constructor as new () => Error);
    return error as DicmError;
  }
  return undefined;
}

function withChecksum(bytes: Uint8Array): Uint8Array {
  const sealed = bytes.slice();
  const end = bytes.length - 4;
  new DataView(sealed.buffer).setUint32(end, crc32(sealed.subarray(0, end)));
  return sealed;
}

describe.each([
  ['one tile', ONE_TILE],
  ['four tiles and metadata', FOUR_TILES],
  ['two layers and metadata', TWO_LAYERS],
])('a file of %s', (_name, original) => {
  test('is refused after every change of a single byte', () => {
    for (let offset = 0; offset < original.length; offset++) {
      const damaged = original.slice();
      for (let value = 0; value < 256; value++) {
        if (value === original[offset]) continue;
        damaged[offset] = value;
        const refusal = refusalOf(damaged);
        expect(refusal, `byte ${offset} = ${value}`).toBeDefined();
        // Damage is reported as damage; only a version byte can look like a newer file.
        if (offset !== 5) expect(refusal).toBeInstanceOf(FormatError);
      }
    }
  });

  test('is refused, and as cut short, after every truncation', () => {
    const { sections } = readInfo(original);
    // Four bytes behind a whole section after the tiles may as well be a checksum that does not hold.
    const ambiguous = sections.filter(({ tag }) => tag !== 'tile').map(({ offset }) => offset + 4);
    for (let length = 0; length < original.length; length++) {
      const refusal = refusalOf(original.subarray(0, length));
      expect(refusal, `${length} bytes`).toBeInstanceOf(FormatError);
      expect(refusal?.code, `${length} bytes`).toBe(
        ambiguous.includes(length) ? 'crc-mismatch' : 'truncated',
      );
    }
  });

  test('is refused with any bytes after it, and the message says how many', () => {
    for (const tail of [[0], [0x0a], [0x81, 2, 0, 0], [...original], Array(1000).fill(0)]) {
      expect(refusalOf(Uint8Array.from([...original, ...tail]))).toMatchObject({
        code: 'trailing-bytes',
        offset: original.length,
        message: expect.stringContaining(`${tail.length} byte`),
      });
    }
  });

  test('is refused when two bytes change places', () => {
    for (let offset = 0; offset + 1 < original.length; offset++) {
      if (original[offset] === original[offset + 1]) continue;
      const damaged = original.slice();
      damaged[offset] = original[offset + 1]!;
      damaged[offset + 1] = original[offset]!;
      expect(refusalOf(damaged), `bytes ${offset} and ${offset + 1}`).toBeDefined();
    }
  });
});

const MUTATIONS = 10_000;

test('10,000 mutations of the header with a checksum that holds: named errors or a consistent file, bounded memory', () => {
  const change = fc.tuple(fc.integer({ min: 5, max: HEADER_END + 5 }), fc.nat(255));
  const outcomes = new Map<string, number>();
  const before = process.memoryUsage().arrayBuffers;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
      const mutated = ONE_TILE.slice();
      for (const [offset, value] of changes) mutated[offset] = value;
      const bytes = withChecksum(mutated);
      const refusal = refusalOf(bytes);
      const outcome = refusal?.code ?? 'opens';
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (refusal !== undefined) return;
      const file = readDicm(bytes);
      expect(file.tiles).toHaveLength(readInfo(bytes).tileColumns * readInfo(bytes).tileRows);
      for (const tile of file.tiles) expect(tile.bytes.buffer).toBe(bytes.buffer);
    }),
    { numRuns: MUTATIONS },
  );
  // Generous, but far below what a header of this file can declare.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200e6);
  // The mutations reach beyond the first check: several kinds of refusal, and files that open.
  for (const code of [
    'opens',
    'newer-version',
    'reserved-bits',
    'not-canonical',
    'missing-tile',
    'bad-length',
  ]) {
    expect(outcomes.get(code) ?? 0, code).toBeGreaterThan(0);
  }
});

test.each([
  ['several sections', FOUR_TILES],
  ['two layers', TWO_LAYERS],
])('10,000 mutations of a file of %s, checksum mended or not', (_name, original) => {
  const change = fc.tuple(fc.nat(original.length - 5), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.boolean(), (changes, mended) => {
      const mutated = original.slice();
      for (const [offset, value] of changes) mutated[offset] = value;
      const same = Buffer.compare(mutated, original) === 0;
      const bytes = mended ? withChecksum(mutated) : mutated;
      const refusal = refusalOf(bytes);
      if (!mended) expect(refusal === undefined).toBe(same);
      // What opens is written again without a loss.
      if (refusal === undefined) expect(readDicm(writeDicm(readDicm(bytes)))).toEqual(readDicm(bytes));
    }),
    { numRuns: MUTATIONS },
  );
});

test('10,000 mutations behind a first layer that holds: layers refused by name or read, and every kind of it', () => {
  const start = readInfo(TWO_LAYERS).prefixBytes!;
  const change = fc.tuple(fc.integer({ min: start, max: start + 20 }), fc.nat(255));
  const outcomes = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const mutated = TWO_LAYERS.slice();
      for (const [offset, value] of changes) mutated[offset] = value;
      const bytes = withChecksum(mutated);
      const outcome = refusalOf(bytes)?.code ?? (readDicm(bytes).layers === undefined ? 'skipped' : 'read');
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      expect(openPrefix(bytes).prefixBytes).toBe(start);
    }),
    { numRuns: MUTATIONS },
  );
  for (const code of [
    'read',
    'skipped',
    'bad-length',
    'duplicate-section',
    'unknown-section',
    'reserved-bits',
  ]) {
    expect(outcomes.get(code) ?? 0, code).toBeGreaterThan(0);
  }
});

test('a layer of as many tiles as the limit allows is read without a copy, in linear time', () => {
  const file = layeredFile({}, { width: (2 ** 14 - 1) * 512, height: 512 }, 0);
  const bytes = writeDicm(file);
  const { layers } = readDicm(bytes, { maxPixels: Infinity });
  expect(layers![0]!.tiles).toHaveLength(2 ** 14 - 1);
  expect(layers![0]!.tiles.every((tile) => tile.bytes.buffer === bytes.buffer)).toBe(true);
});

test('arbitrary bytes behind a signature are never a crash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (rest, mended) => {
      const bytes = Uint8Array.from([0x8e, 0x64, 0x0d, 0x0a, 0x0a, 0x10, ...rest]);
      refusalOf(mended && bytes.length >= 10 ? withChecksum(bytes) : bytes);
    }),
    { numRuns: 5000 },
  );
});

test.each([undefined, null, 'text', new ArrayBuffer(40), [0x8e, 0x64]])('%j is no bytes', (value) => {
  expect(() => readDicm(value as unknown as Uint8Array)).toThrow(
    expect.objectContaining({ name: 'UsageError', code: 'not-bytes' }),
  );
});

describe('lengths that lie', () => {
  const LENGTH_OFFSET = HEADER_END + 1;

  test('every other length of the tile is refused or leaves bytes that are', () => {
    for (let length = 0; length < 128; length++) {
      if (length === ONE_TILE[LENGTH_OFFSET]) continue;
      const lying = ONE_TILE.slice();
      lying[LENGTH_OFFSET] = length;
      expect(refusalOf(withChecksum(lying)), `length ${length}`).toBeDefined();
    }
  });

  test('a length of 4 GiB costs no memory', () => {
    const lying = withChecksum(
      Uint8Array.from([...ONE_TILE.subarray(0, LENGTH_OFFSET), 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0]),
    );
    const before = process.memoryUsage();
    expect(refusalOf(lying)).toMatchObject({ code: 'bad-length', section: expect.stringContaining('tile') });
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(1e6);
  });
});

test('a file of as many tiles as the limit allows is read without a copy', () => {
  const bytes = writeDicm(sampleFile({ width: 2 ** 14 * 512, height: 512, sourceWidth: 1 }, 0));
  // A reader that is quadratic in the number of sections would take minutes here, and run into the time limit.
  const { tiles } = readDicm(bytes, { maxPixels: Infinity });
  expect(tiles).toHaveLength(2 ** 14);
  expect(tiles.every((tile) => tile.bytes.buffer === bytes.buffer)).toBe(true);
});

test('10,000 damaged files read in ranges: a named error or places, and never a read outside the file or of more than it takes', async () => {
  const original = writeDicm(layeredFile({ width: 600 }));
  const change = fc.tuple(fc.nat(original.length - 1), fc.nat(255));
  let indexed = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.nat(original.length),
      async (changes, cut) => {
        const bytes = original.slice(0, cut % 3 === 0 ? cut : undefined);
        for (const [offset, value] of changes) if (offset < bytes.length) bytes[offset] = value;
        for (const layer of LAYER_NAMES) {
          const source = countingSource(bytes);
          try {
            const index = await indexTiles(source, layer);
            indexed++;
            for (const [i, tile] of index.tiles.entries()) {
              await readTile(source, index, i).catch((error: unknown) =>
                expect(error).toBeInstanceOf(DicmError),
              );
              expect(tile.bytes).toBeGreaterThanOrEqual(2);
            }
          } catch (error) {
            expect(error).toBeInstanceOf(DicmError);
          }
          expect(source.reads.length).toBeLessThan(300);
        }
      },
    ),
    { numRuns: 10_000 },
  );
  expect(indexed).toBeGreaterThan(1000);
});
