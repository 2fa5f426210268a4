import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crc32 } from '../../../src/bytes/crc32.js';
import { ImageError, LimitError } from '../../../src/errors.js';
import type { Picture } from '../../../src/image/picture.js';
import { loadPicture } from '../../../src/platform/node/pictures/load-picture.js';
import { writeTiff } from './tiff.js';

const whole = { maxSide: 'none' } as const;

/** A picture whose red grows to the right and whose green grows downwards. */
function ramp(width: number, height: number): Sharp {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[(y * width + x) * 3] = Math.round((255 * x) / Math.max(1, width - 1));
      data[(y * width + x) * 3 + 1] = Math.round((255 * y) / Math.max(1, height - 1));
      data[(y * width + x) * 3 + 2] = 40;
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

function pixel(picture: Picture, x: number, y: number): number[] {
  const at = (y * picture.width + x) * 3;
  return [...picture.data.subarray(at, at + 3)];
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dicm-image-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('every kind of picture becomes 8-bit sRGB', () => {
  test('PNG pixels arrive unchanged', async () => {
    const picture = await loadPicture(await ramp(33, 17).png().toBuffer(), whole);
    expect(picture).toMatchObject({
      width: 33,
      height: 17,
      sourceWidth: 33,
      sourceHeight: 17,
      orientation: 1,
    });
    expect(picture.data).toEqual(new Uint8Array(await ramp(33, 17).raw().toBuffer()));
    expect(picture.notes).toEqual([]);
  });

  test.each([
    ['JPEG', (image: Sharp) => image.jpeg({ quality: 100, chromaSubsampling: '4:4:4' })],
    ['WebP', (image: Sharp) => image.webp({ lossless: true })],
    ['AVIF', (image: Sharp) => image.avif({ lossless: true })],
    ['TIFF', (image: Sharp) => image.tiff({ compression: 'none' })],
    ['GIF', (image: Sharp) => image.gif({ dither: 0 })],
  ])('%s', async (_, encode) => {
    const picture = await loadPicture(await encode(ramp(40, 24)).toBuffer(), whole);
    expect([picture.width, picture.height]).toEqual([40, 24]);
    const [red, green, blue] = pixel(picture, 39, 0);
    expect(red).toBeGreaterThan(235);
    expect(green).toBeLessThan(20);
    expect(Math.abs(blue! - 40)).toBeLessThan(16);
  });

  test('grey repeats in all three channels', async () => {
    const grey = await sharp(Buffer.from([0, 100, 200, 255]), { raw: { width: 4, height: 1, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect((await sharp(grey).metadata()).channels).toBe(1);
    const picture = await loadPicture(grey, whole);
    expect([...picture.data]).toEqual([0, 0, 0, 100, 100, 100, 200, 200, 200, 255, 255, 255]);
  });

  test('alpha is flattened on white, and said so', async () => {
    const data = Buffer.from([255, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 128]);
    const image = await sharp(data, { raw: { width: 3, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    const picture = await loadPicture(image, whole);
    expect([...picture.data]).toEqual([255, 0, 0, 255, 255, 255, 127, 127, 127]);
    expect(picture.notes).toEqual(['transparency flattened on white']);
  });

  test('grey with alpha', async () => {
    const image = await sharp(Buffer.from([10, 255, 10, 0]), { raw: { width: 2, height: 1, channels: 2 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect((await sharp(image).metadata()).channels).toBe(2);
    expect([...(await loadPicture(image, whole)).data]).toEqual([10, 10, 10, 255, 255, 255]);
  });

  test('16 bits a sample', async () => {
    const samples = Uint16Array.from([0, 0x8080, 0xffff, 0xffff, 0x4040, 0]);
    const image = await sharp(samples, { raw: { width: 2, height: 1, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect((await sharp(image).metadata()).depth).toBe('ushort');
    expect([...(await loadPicture(image, whole)).data]).toEqual([0, 128, 255, 255, 64, 0]);
  });

  test('16-bit grey with alpha', async () => {
    const samples = Uint16Array.from([0x8080, 0xffff, 0x8080, 0]);
    const image = await sharp(samples, { raw: { width: 2, height: 1, channels: 2 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect((await sharp(image).metadata()).depth).toBe('ushort');
    const { data } = await loadPicture(image, whole);
    expect([...data.subarray(3)]).toEqual([255, 255, 255]);
    expect(Math.abs(data[0]! - 128)).toBeLessThanOrEqual(1);
  });

  test('CMYK', async () => {
    const image = await ramp(32, 32).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(image).metadata()).space).toBe('cmyk');
    const picture = await loadPicture(image, whole);
    expect(picture.data.length).toBe(32 * 32 * 3);
    const [red, green] = pixel(picture, 31, 0);
    expect(red! - green!).toBeGreaterThan(80);
  });

  test('a palette PNG with one bit a pixel', async () => {
    const image = await ramp(16, 16).png({ palette: true, colours: 2 }).toBuffer();
    expect((await loadPicture(image, whole)).data.length).toBe(16 * 16 * 3);
  });

  test('an embedded profile is applied', async () => {
    const image = await ramp(8, 8).withIccProfile('p3').png().toBuffer();
    const picture = await loadPicture(image, whole);
    expect(Math.abs(pixel(picture, 7, 0)[0]! - 255)).toBeLessThan(6);
  });

  test('the first of several pages is taken, and said so', async () => {
    const frames = Buffer.concat([Buffer.alloc(4 * 4 * 3, 255), Buffer.alloc(4 * 4 * 3, 0)]);
    const image = await sharp(frames, { raw: { width: 4, height: 8, channels: 3, pageHeight: 4 } })
      .gif()
      .toBuffer();
    const picture = await loadPicture(image, whole);
    expect([picture.width, picture.height, picture.data[0]]).toEqual([4, 4, 255]);
    expect(picture.notes).toContain('first of 2 pages taken');
  });

  test('an SVG drawing', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="20" height="10" fill="red"/></svg>';
    const picture = await loadPicture(Buffer.from(svg), whole);
    expect([picture.width, picture.height, ...pixel(picture, 5, 5)]).toEqual([20, 10, 255, 0, 0]);
  });
});

describe('orientation', () => {
  // What a viewer shows in the four corners of a stored picture whose corners are 10, 20 / 30, 40.
  const corners: Record<number, number[]> = {
    1: [10, 20, 30, 40],
    2: [20, 10, 40, 30],
    3: [40, 30, 20, 10],
    4: [30, 40, 10, 20],
    5: [10, 30, 20, 40],
    6: [30, 10, 40, 20],
    7: [40, 20, 30, 10],
    8: [20, 40, 10, 30],
  };

  test.each(Object.entries(corners))('Exif orientation %s', async (value, expected) => {
    const orientation = Number(value);
    const data = Buffer.alloc(6 * 4 * 3);
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 6; x++)
        data.fill(10 + (x < 3 ? 0 : 10) + (y < 2 ? 0 : 20), (y * 6 + x) * 3, (y * 6 + x + 1) * 3);
    }
    const image = await sharp(data, { raw: { width: 6, height: 4, channels: 3 } })
      .withMetadata({ orientation })
      .png()
      .toBuffer();
    const picture = await loadPicture(image, whole);
    const turned = orientation >= 5;
    expect([picture.width, picture.height]).toEqual(turned ? [4, 6] : [6, 4]);
    expect([picture.sourceWidth, picture.sourceHeight]).toEqual(turned ? [4, 6] : [6, 4]);
    expect(picture.orientation).toBe(orientation);
    const [right, bottom] = [picture.width - 1, picture.height - 1];
    const seen = [
      pixel(picture, 0, 0),
      pixel(picture, right, 0),
      pixel(picture, 0, bottom),
      pixel(picture, right, bottom),
    ];
    expect(seen.map(([red]) => red)).toEqual(expected);
  });

  test('is applied before fitting', async () => {
    const image = await ramp(200, 100).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const picture = await loadPicture(image, { maxSide: 50 });
    expect(picture).toMatchObject({
      width: 25,
      height: 50,
      sourceWidth: 100,
      sourceHeight: 200,
      orientation: 6,
    });
    // Stored left becomes shown top.
    expect(pixel(picture, 12, 0)[0]).toBeLessThan(20);
    expect(pixel(picture, 12, 49)[0]).toBeGreaterThan(235);
  });
});

describe('sizes', () => {
  test.each([
    [1, 1],
    [1, 300],
    [300, 1],
    [7, 5],
    [513, 17],
  ])('%i x %i', async (width, height) => {
    const picture = await loadPicture(await ramp(width, height).png().toBuffer(), whole);
    expect([picture.width, picture.height, picture.data.length]).toEqual([width, height, width * height * 3]);
  });

  test('a photograph is fitted, its source size kept, and both said', async () => {
    const picture = await loadPicture('fixtures/images/coffee.png', { maxSide: 384 });
    expect(picture).toMatchObject({ width: 384, height: 256, sourceWidth: 600, sourceHeight: 400 });
    expect(picture.notes).toEqual([
      '600 x 400 pixels fitted to 384 x 256; maxSide none (--max-side none) keeps every pixel',
    ]);
  });

  test('a long thin picture keeps at least one pixel', async () => {
    const picture = await loadPicture(await ramp(2000, 2).png().toBuffer(), { maxSide: 100 });
    expect([picture.width, picture.height]).toEqual([100, 1]);
  });

  test('nothing is enlarged', async () => {
    const picture = await loadPicture(await ramp(30, 20).png().toBuffer(), { maxSide: 384 });
    expect([picture.width, picture.height]).toEqual([30, 20]);
  });
});

describe('what cannot be loaded says why', () => {
  const failure = async (promise: Promise<unknown>): Promise<ImageError> => {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ImageError);
    return error as ImageError;
  };

  test('a missing file', async () => {
    const error = await failure(loadPicture(join(folder, 'missing.jpg'), whole));
    expect([error.code, error.exitCode]).toEqual(['file-missing', 3]);
    expect(error.message).toMatch(/missing\.jpg: no such file/);
  });

  test('a directory', async () => {
    expect((await failure(loadPicture(folder, whole))).code).toBe('file-unreadable');
  });

  test('text', async () => {
    const path = join(folder, 'note.txt');
    await writeFile(path, 'not a picture at all');
    const error = await failure(loadPicture(path, whole));
    expect(error.code).toBe('not-an-image');
    expect(error.message).toContain('note.txt');
  });

  test('nothing', async () => {
    expect((await failure(loadPicture(new Uint8Array(), whole))).code).toBe('empty-image');
  });

  test('a .dicm file', async () => {
    const bytes = Uint8Array.from([0x8e, 0x64, 0x0d, 0x0a, 0x0a, 0x10, 0, 0]);
    const error = await failure(loadPicture(bytes, whole));
    expect(error.code).toBe('already-dicm');
    expect(error.message).toContain('dicm analyze');
  });

  test('a medical DICOM file', async () => {
    const bytes = new Uint8Array(200);
    bytes.set(Buffer.from('DICM'), 128);
    const error = await failure(loadPicture(bytes, whole));
    expect(error.code).toBe('not-an-image');
    expect(error.message).toContain('DICOM');
  });

  test('a JPEG cut short', async () => {
    const image = await ramp(200, 200).jpeg().toBuffer();
    expect((await failure(loadPicture(image.subarray(0, image.length / 2), whole))).code).toBe('bad-image');
  });

  test('a PNG cut short', async () => {
    const image = await ramp(200, 200).png({ compressionLevel: 0 }).toBuffer();
    expect((await failure(loadPicture(image.subarray(0, image.length / 2), whole))).code).toBe('bad-image');
  });

  test('more pixels than allowed', async () => {
    const image = await ramp(100, 100).png().toBuffer();
    await expect(loadPicture(image, { maxSide: 50, limits: { maxSourcePixels: 9999 } })).rejects.toThrow(
      LimitError,
    );
    await expect(loadPicture(image, { maxSide: 50, limits: { maxPixels: 2499 } })).rejects.toThrow(
      /maxPixels/,
    );
    await expect(loadPicture(image, { maxSide: 50, limits: { maxPixels: 2500 } })).resolves.toBeDefined();
  });

  test.each([
    ['an interlaced PNG', () => ramp(100, 100).png({ progressive: true })],
    ['a progressive JPEG', () => ramp(100, 100).jpeg({ progressive: true })],
    ['a GIF', () => ramp(100, 100).gif()],
    ['an AVIF', () => ramp(100, 100).avif({ effort: 0 })],
  ])('%s, which has to be held as a whole, has a limit of its own', async (_, encode) => {
    const image = await encode().toBuffer();
    const error = await loadPicture(image, { maxSide: 50, limits: { maxHeldPixels: 9999 } }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({ limit: 'maxHeldPixels', actual: 10_000, maximum: 9999, exitCode: 7 });
    expect((error as Error).message).toMatch(/held in memory.*raise `limits\.maxHeldPixels` to allow it/);
    await expect(
      loadPicture(image, { maxSide: 50, limits: { maxHeldPixels: 10_000 } }),
    ).resolves.toBeDefined();
  });

  test.each([
    ['JPEG', () => ramp(100, 100).jpeg()],
    ['PNG', () => ramp(100, 100).png()],
    ['WebP', () => ramp(100, 100).webp()],
    ['TIFF', () => ramp(100, 100).tiff()],
  ])('a plain %s is not held', async (_, encode) => {
    const image = await encode().toBuffer();
    await expect(loadPicture(image, { maxSide: 50, limits: { maxHeldPixels: 0 } })).resolves.toBeDefined();
  });

  test('rows of millions of pixels are held, whatever the kind', async () => {
    const row = new Uint8Array(2_200_000);
    const tiff = writeTiff({
      width: row.length,
      height: 1,
      photometric: 1,
      bits: 8,
      samples: 1,
      pieces: [row],
    });
    await expect(loadPicture(tiff, { maxSide: 50 })).rejects.toMatchObject({ limit: 'maxHeldPixels' });
  });

  test('by default a photograph has up to 2^30 pixels, and one to be held 2^27', async () => {
    /** A PNG that claims a size. */
    const claim = async (width: number, height: number, progressive: boolean) => {
      const png = await ramp(8, 8).png({ progressive }).toBuffer();
      png.writeUInt32BE(width, 16);
      png.writeUInt32BE(height, 20);
      png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
      return png;
    };
    const limitOf = async (bytes: Uint8Array) =>
      (await loadPicture(bytes, { maxSide: 8 }).catch((error: unknown) => error)) as LimitError;
    expect(await limitOf(await claim(2 ** 15, 2 ** 15 + 1, false))).toMatchObject({
      limit: 'maxSourcePixels',
      maximum: 2 ** 30,
    });
    expect(await limitOf(await claim(30_000, 30_000, true))).toMatchObject({
      limit: 'maxHeldPixels',
      maximum: 2 ** 27,
    });
  });

  test('an aborted load rejects with the reason of the signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(loadPicture('fixtures/images/coffee.png', { maxSide: 50, signal })).rejects.toThrow(
      'enough',
    );
  });
});
