import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { ImageError } from '../../../src/errors.js';
import type { Picture } from '../../../src/image/picture.js';
import { loadPicture } from '../../../src/platform/node/pictures/load-picture.js';
import { writeTiff } from './tiff.js';

const ROOT = resolve(import.meta.dirname, '../../..');
const CASES = join(ROOT, 'fixtures/cases');
const whole = { maxSide: 'none' } as const;
const tolerant = { maxSide: 'none', tolerateDamage: true } as const;

const [WIDTH, HEIGHT] = [256, 192];
let raw: Buffer;
/** A photograph, in which every block differs. */
const photo = (): Sharp => sharp(raw, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
beforeAll(async () => {
  raw = await sharp(join(ROOT, 'fixtures/images/rocket.jpg'))
    .resize(WIDTH, HEIGHT, { fit: 'fill' })
    .raw()
    .toBuffer();
});

const jpeg = () => photo().jpeg({ quality: 90, optimiseCoding: false });
const progressive = () => photo().jpeg({ quality: 90, progressive: true });
const tiled = (compression: 'lzw' | 'deflate' | 'jpeg') => () =>
  photo().tiff({ compression, tile: true, tileWidth: 64, tileHeight: 64 });
const strips = (compression: 'lzw' | 'deflate') => () => photo().tiff({ compression });

async function refusal(input: Uint8Array | string): Promise<ImageError> {
  const error = await loadPicture(input, whole).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ImageError);
  expect(error).toMatchObject({ code: 'bad-image', exitCode: 3 });
  return error as ImageError;
}

/** Bytes with a part of them replaced, or taken out with `with_` undefined. */
function change(bytes: Uint8Array, from: number, length: number, to?: (i: number) => number): Uint8Array {
  const at = Math.floor(bytes.length * from);
  if (to === undefined) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
  const copy = bytes.slice();
  for (let i = 0; i < length; i++) copy[at + i] = to(i);
  return copy;
}

/** Rows of a picture that are, within the losses of coding, those of another. */
function sameRows(a: Picture, b: Picture): number {
  let row = 0;
  const same = (y: number) => {
    for (let i = y * a.width * 3; i < (y + 1) * a.width * 3; i++) {
      if (Math.abs(a.data[i]! - b.data[i]!) > 2) return false;
    }
    return true;
  };
  while (row < a.height && same(row)) row++;
  return row;
}

describe('a picture that is not all there is refused, and says what is damaged', () => {
  test.each([
    ['tiled-second-tile-missing.tif', /tile 2 of 2 is not whole in the file/],
    ['strips-second-strip-missing.tif', /strip 2 of 2 is not whole in the file/],
    ['png-cut.png', /it ends in the chunk "IDAT" at byte 33/],
  ])('%s', async (name, reason) => {
    const { message } = await refusal(join(CASES, name));
    expect(message).toMatch(reason);
    expect(message).toContain(name);
    expect(message).toContain('--tolerate-damage');
  });

  test.each([
    ['JPEG', jpeg],
    ['progressive JPEG', progressive],
    ['PNG', () => photo().png()],
    ['interlaced PNG', () => photo().png({ progressive: true })],
    ['palette PNG', () => photo().png({ palette: true })],
    ['WebP', () => photo().webp()],
    ['lossless WebP', () => photo().webp({ lossless: true })],
    ['GIF', () => photo().gif()],
    ['AVIF', () => photo().avif({ effort: 0 })],
    ['TIFF in strips', strips('lzw')],
    ['TIFF in tiles', tiled('deflate')],
  ])('%s that is cut', async (_, make) => {
    const bytes = await make().toBuffer();
    expect((await loadPicture(bytes, whole)).notes).toEqual([]);
    for (const share of [0.3, 0.6, 0.9]) await refusal(bytes.subarray(0, Math.floor(bytes.length * share)));
  });

  test.each([
    ['JPEG', jpeg],
    ['progressive JPEG', progressive],
    ['PNG', () => photo().png()],
    ['GIF', () => photo().gif()],
    ['AVIF', () => photo().avif({ effort: 0 })],
    ['TIFF in LZW strips', strips('lzw')],
    ['TIFF in LZW tiles', tiled('lzw')],
    ['TIFF in deflate tiles', tiled('deflate')],
    ['TIFF in JPEG tiles', tiled('jpeg')],
  ])('%s with zeros in the middle', async (_, make) => {
    const bytes = await make().toBuffer();
    const { message } = await refusal(
      change(bytes, 0.45, Math.max(64, Math.round(bytes.length * 0.1)), () => 0),
    );
    expect(message).toMatch(/damaged: \S+|cannot be decoded: \S+/);
  });

  test('a TIFF tile of no bytes, as sparse writers leave it', async () => {
    const piece = new Uint8Array(256).fill(90);
    const parts = {
      ...{ width: 32, height: 16, photometric: 1, bits: 8, samples: 1 },
      tile: { width: 16, height: 16 },
    };
    expect((await loadPicture(writeTiff({ ...parts, pieces: [piece, piece] }), whole)).data[3 * 20]).toBe(90);
    const { message } = await refusal(writeTiff({ ...parts, pieces: [piece, new Uint8Array(0)] }));
    expect(message).toContain('tile 2 of 2 is not whole');
  });

  test('a TIFF that claims more pixels than it has bytes for', async () => {
    const parts = { width: 60_000, height: 17_000, photometric: 5, bits: 8, samples: 4 };
    // Reading it would take minutes; the limits let it through.
    await expect(
      loadPicture(writeTiff({ ...parts, pieces: [new Uint8Array(32)] }), { maxSide: 50 }),
    ).rejects.toMatchObject({
      code: 'bad-image',
      message: expect.stringContaining('60000 x 17000 pixels take 4080000000 bytes'),
    });
  });

  test('a missing tile is not hidden by an oddity of the directory', async () => {
    const piece = new Uint8Array(256).fill(90);
    const tiff = writeTiff({
      ...{ width: 32, height: 16, photometric: 1, bits: 8, samples: 1 },
      tile: { width: 16, height: 16 },
      pieces: [piece, new Uint8Array(0)],
      order: (tags) => [...tags].reverse(),
    });
    expect((await refusal(tiff)).message).toContain('tile 2 of 2');
  });
});

describe('damage in the middle of a JPEG', () => {
  // Bytes from a fixed sequence, so that it is the same damage every time.
  const noise = (seed: number) => (i: number) => Math.imul(seed * 2654435761 + i, 40503) >>> 24;

  test.each([0.25, 0.4, 0.5, 0.65, 0.8])('100 other bytes from %f of the file on', async (from) => {
    const bytes = change(await jpeg().toBuffer(), from, 100, noise(Math.round(from * 100)));
    const { message } = await refusal(bytes);
    expect(message).toMatch(/after (\d+ % of the picture|the last block)/);
  });

  test.each([0, 5, 255])('a scan of %i components', async (count) => {
    const bytes = await jpeg().toBuffer();
    bytes[bytes.indexOf(Buffer.from([0xff, 0xda])) + 4] = count;
    await refusal(bytes);
  });

  test('bytes that are missing, which the image library says nothing about', async () => {
    const bytes = change(await jpeg().toBuffer(), 0.5, 40);
    expect((await refusal(bytes)).message).toMatch(/damaged: .*(% of the picture|last block)/);
  });

  test('with restart markers, between which damage ends', async () => {
    const bytes = new Uint8Array(await readFile(join(CASES, 'restart-markers.jpg')));
    expect((await loadPicture(bytes, whole)).notes).toEqual([]);
    const third = Buffer.from(bytes).indexOf(Buffer.from([0xff, 0xd2]));
    const { message } = await refusal(change(bytes, (third + 30) / bytes.length, 40, noise(3)));
    // Six rows of MCUs: damage in the fourth is found before the picture is over.
    expect(Number(/after (\d+) % of the picture/.exec(message)?.[1])).toBeLessThanOrEqual(67);
  });

  test('a progressive file without its last scans but with an end marker is coarser, and says so', async () => {
    const bytes = await progressive().toBuffer();
    const lastScan = bytes.lastIndexOf(Buffer.from([0xff, 0xda]));
    const ended = Buffer.concat([bytes.subarray(0, lastScan), Buffer.from([0xff, 0xd9])]);
    expect((await loadPicture(ended, whole)).notes).toEqual([
      'the last scans are not in the JPEG: the picture is coarser than it was made',
    ]);
    // Without the marker nobody meant it to end there.
    expect((await refusal(bytes.subarray(0, lastScan))).message).toContain('it ends before its last scans');
  });
});

describe('a JPEG that lacks only its end marker has every pixel', () => {
  const note = 'the end marker of the JPEG is missing; every pixel is there';

  test('a file of another encoder', async () => {
    const cut = await loadPicture(join(CASES, 'jpeg-without-end-marker.jpg'), whole);
    expect(cut.notes).toEqual([note]);
    expect(cut.data).toEqual((await loadPicture(join(CASES, 'ok.jpg'), whole)).data);
  });

  test.each([
    ['sequential', jpeg],
    ['progressive', progressive],
    ['grey', () => photo().greyscale().jpeg()],
    ['without subsampling', () => photo().jpeg({ chromaSubsampling: '4:4:4' })],
  ])('%s', async (_, make) => {
    const bytes = await make().toBuffer();
    for (const missing of [1, 2]) {
      const cut = await loadPicture(bytes.subarray(0, bytes.length - missing), whole);
      expect(cut.notes).toEqual([note]);
      expect(cut.data).toEqual((await loadPicture(bytes, whole)).data);
    }
    // With one byte of the picture missing as well it is damaged.
    await refusal(bytes.subarray(0, bytes.length - 4));
  });
});

describe('what every viewer opens is not damaged', () => {
  const insert = (bytes: Buffer, at: number, ...parts: (number[] | string)[]) =>
    Buffer.concat([
      bytes.subarray(0, at),
      ...parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))),
      bytes.subarray(at),
    ]);
  const sameAs = async (bytes: Uint8Array, original: Uint8Array): Promise<readonly string[]> => {
    const [picture, truth] = [await loadPicture(bytes, whole), await loadPicture(original, whole)];
    expect(picture.data).toEqual(truth.data);
    return picture.notes;
  };

  test.each([
    ['sequential', jpeg],
    ['progressive', progressive],
  ])('bytes before a marker of a %s JPEG', async (_, make) => {
    const bytes = await make().toBuffer();
    const table = bytes.indexOf(Buffer.from([0xff, 0xdb]));
    const notes = await sameAs(insert(bytes, table, [1, 2, 3]), bytes);
    expect(notes).toEqual([
      expect.stringMatching(/3 extraneous bytes before marker.*does not concern pixels/),
    ]);
  });

  test('an Adobe segment of an unknown kind', async () => {
    const bytes = await jpeg().toBuffer();
    const odd = insert(bytes, 2, [0xff, 0xee, 0, 14], 'Adobe', [0, 100, 0, 0, 0, 0, 7]);
    expect(await sameAs(odd, bytes)).toEqual([expect.stringContaining('does not concern pixels')]);
  });

  test('zeros and fill bytes before the end marker, and anything after it', async () => {
    const bytes = await jpeg().toBuffer();
    expect(await sameAs(insert(bytes, bytes.length - 2, [0, 0, 0, 0, 255, 255]), bytes)).toEqual([]);
    expect(await sameAs(Buffer.concat([bytes, Buffer.from('thumbnail'.repeat(50))]), bytes)).toEqual([]);
  });

  test('a damaged colour profile is not applied, and said so', async () => {
    const bytes = await jpeg().toBuffer();
    const odd = insert(bytes, 2, [0xff, 0xe2, 0, 26], 'ICC_PROFILE\0', [1, 1], '0123456789');
    expect(await sameAs(odd, bytes)).toEqual([expect.stringContaining('the colour profile is damaged')]);
  });

  test('text of a PNG whose checksum does not hold, and bytes after its end', async () => {
    const bytes = await photo().png().toBuffer();
    const text = insert(bytes, 33, [0, 0, 0, 3], 'tEXta\0b', [1, 2, 3, 4]);
    expect(await sameAs(text, bytes)).toEqual([]);
    expect(await sameAs(Buffer.concat([bytes, Buffer.from('more')]), bytes)).toEqual([]);
  });

  test('tags of a TIFF in the wrong order, and of the wrong length', async () => {
    const parts = {
      ...{ width: 4, height: 1, photometric: 1, bits: 8, samples: 1 },
      pieces: [Uint8Array.from([10, 20, 30, 40])],
    };
    const unsorted = await loadPicture(writeTiff({ ...parts, order: (tags) => [...tags].reverse() }), whole);
    expect([...unsorted.data].filter((_, i) => i % 3 === 0)).toEqual([10, 20, 30, 40]);
    expect(unsorted.notes).toEqual([expect.stringMatching(/not sorted.*does not concern pixels/)]);
    const odd = writeTiff({ ...parts, extra: [{ tag: 282, type: 'short', values: [1, 2, 3] }] });
    expect([...(await loadPicture(odd, whole)).data].filter((_, i) => i % 3 === 0)).toEqual([10, 20, 30, 40]);
  });
});

describe('damage that is tolerated', () => {
  const damaged = /^damaged: .+; what could be read was taken$/;

  test('a tile that is missing: the others are there', async () => {
    const picture = await loadPicture(join(CASES, 'tiled-second-tile-missing.tif'), tolerant);
    expect([picture.data[0], picture.data.at(-1)]).toEqual([200, 0]);
    expect(picture.notes).toEqual([expect.stringMatching(damaged)]);
  });

  test.each([
    ['JPEG', jpeg, 0.35],
    ['PNG', () => photo().png({ compressionLevel: 0 }), 0.35],
    ['GIF', () => photo().gif(), 0.3],
  ])('a cut %s: what comes before', async (_, make, least) => {
    const bytes = await make().toBuffer();
    const cut = bytes.subarray(0, Math.floor(bytes.length / 2));
    const picture = await loadPicture(cut, tolerant);
    expect(picture.notes[0]).toMatch(damaged);
    const rows = sameRows(picture, await loadPicture(bytes, whole));
    expect(rows).toBeGreaterThan(least * HEIGHT);
    expect(rows).toBeLessThan(HEIGHT);
  });

  test('a whole picture is read as ever', async () => {
    const bytes = await jpeg().toBuffer();
    expect(await loadPicture(bytes, tolerant)).toEqual(await loadPicture(bytes, whole));
  });

  test('where nothing can be read it is an error all the same', async () => {
    const bytes = await photo().avif({ effort: 0 }).toBuffer();
    await expect(loadPicture(bytes.subarray(0, bytes.length / 2), tolerant)).rejects.toMatchObject({
      code: 'bad-image',
    });
  });
});
