import { beforeAll, describe, expect, test } from 'vitest';
import type { DicmFile } from '../../src/container/dicm-file.js';
import { readDicm } from '../../src/container/read-dicm.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import type { Codec, Features } from '../../src/index.js';
import { openTiny, photo } from './helpers.js';

let codec: Codec;
let bytes: Uint8Array;
let file: DicmFile;

// Three by two tiles; the photograph is as large as the coded picture.
beforeAll(async () => {
  codec = await openTiny();
  bytes = (await codec.encode(await photo(1330, 790), { maxSide: 'none', quality: 5 })).bytes;
  file = readDicm(bytes);
});

/** The file with the payloads of all tiles but some destroyed, and a checksum that holds. */
function withOnly(kept: readonly number[]): Uint8Array {
  const tiles = file.tiles.map((tile, i) => (kept.includes(i) ? tile : { ...tile, check: tile.check ^ 1 }));
  return writeDicm({ ...file, tiles });
}

function crop({ data, width, channels }: Features, x: number, y: number, w: number, h: number) {
  const rows = Array.from({ length: h }, (_, row) => {
    const from = ((y + row) * width + x) * channels;
    return data.subarray(from, from + w * channels);
  });
  return Buffer.concat(rows.map((row) => Buffer.from(row.buffer, row.byteOffset, row.byteLength)));
}

describe('features of a region', () => {
  let whole: Features;
  beforeAll(async () => {
    whole = await codec.decodeFeatures(bytes);
    expect(whole.area).toEqual({ x: 0, y: 0, width: 1330, height: 790 });
  });

  test.each([
    ['inside a tile', [100, 60, 200, 130], [96, 48, 208, 144]],
    ['one pixel', [700, 700, 1, 1], [688, 688, 16, 16]],
    ['over two tiles', [500, 16, 32, 16], [496, 16, 48, 16]],
    ['over four tiles', [300, 400, 900, 300], [288, 400, 912, 304]],
    ['at the right and the bottom', [1320, 780, 10, 10], [1312, 768, 18, 22]],
    ['larger than the picture', [-50, -50, 5000, 5000], [0, 0, 1330, 790]],
    ['with fractions', [15.9, 15.9, 0.2, 0.2], [0, 0, 32, 32]],
  ] as const)('%s are those of the whole picture', async (_what, [x, y, width, height], expected) => {
    const part = await codec.decodeFeatures(bytes, { region: { x, y, width, height } });
    const [left, top, coded, rows] = expected;
    expect(part.area).toEqual({ x: left, y: top, width: coded, height: rows });
    expect([part.height, part.width]).toEqual([4 * Math.ceil(rows / 16), 4 * Math.ceil(coded / 16)]);
    const own = Buffer.from(part.data.buffer, part.data.byteOffset, part.data.byteLength);
    expect(own.equals(crop(whole, left / 4, top / 4, part.width, part.height))).toBe(true);
  });

  test('touch no other tile', async () => {
    const region = { x: 520, y: 10, width: 600, height: 400 };
    const steps: number[][] = [];
    const onProgress = (...step: number[]) => steps.push(step);
    await codec.decodeFeatures(withOnly([1, 2]), { region, onProgress });
    expect(steps).toEqual([
      [1, 2],
      [2, 2],
    ]);
    await expect(codec.decodeFeatures(withOnly([1]), { region })).rejects.toMatchObject({
      code: 'integer-mismatch',
      message: expect.stringContaining('tile 2'),
    });
  });
});

describe('answers about a region', () => {
  test('that is a tile are those of a file of that tile', async () => {
    const alone = writeDicm({
      header: { ...file.header, width: 512, height: 512, sourceWidth: 512, sourceHeight: 512 },
      tiles: [file.tiles[1]!],
      ancillary: [],
    });
    const tasks = ['classify', 'embed', 'segment'] as const;
    const detect = { minScore: 0.05 };
    const region = { x: 512, y: 0, width: 512, height: 512 };
    const part = await codec.analyze(withOnly([1]), { tasks, detect, region });
    const other = await codec.analyze(alone, { tasks, detect });
    expect(part.predictions).toEqual(other.predictions);
    expect(part.embedding).toEqual(other.embedding);
    // Boxes and masks are in pixels of the whole photograph.
    expect([part.width, part.height]).toEqual([1330, 790]);
    expect(part.detections!.length).toBeGreaterThan(0);
    const moved = other.detections!.map(({ box, ...rest }) => ({ ...rest, box: { ...box, x: box.x + 512 } }));
    for (const [i, { box, label, score }] of part.detections!.entries()) {
      expect({ label, score }).toEqual({ label: moved[i]!.label, score: moved[i]!.score });
      for (const edge of ['x', 'y', 'width', 'height'] as const) {
        expect(box[edge]).toBeCloseTo(moved[i]!.box[edge], 3);
      }
    }
    for (const detection of part.detections!) {
      expect('mask' in detection && detection.mask.size).toEqual([790, 1330]);
    }
  });

  test('over several tiles take the windows of the region', async () => {
    const region = { x: 256, y: 128, width: 1000, height: 500 };
    const { detections } = await codec.analyze(bytes, {
      tasks: ['detect'],
      region,
      detect: { minScore: 0.05 },
    });
    expect(detections!.length).toBeGreaterThan(0);
    for (const { box } of detections!) {
      expect(box.x).toBeGreaterThanOrEqual(256);
      expect(box.y).toBeGreaterThanOrEqual(128);
      expect(box.x + box.width).toBeLessThanOrEqual(256 + 1008);
      expect(box.y + box.height).toBeLessThanOrEqual(128 + 512);
    }
  });
});

test.each([
  [0, 0, 0, 10],
  [0, 0, 10, -1],
  [1330, 0, 5, 5],
  [-10, 0, 10, 10],
  [Number.NaN, 0, 5, 5],
  [0, 0, 5, Number.NaN],
])('a region %d,%d,%d,%d holds no pixel', async (x, y, width, height) => {
  const region = { x, y, width, height };
  const refusal = { name: 'UsageError', code: 'bad-region' };
  await expect(codec.decodeFeatures(bytes, { region })).rejects.toMatchObject(refusal);
  await expect(codec.classify(bytes)).resolves.toBeDefined();
  await expect(codec.analyze(bytes, { tasks: ['embed'], region })).rejects.toMatchObject(refusal);
});
