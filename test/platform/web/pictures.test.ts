import type { Page } from 'playwright-core';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LoadOptions, Picture } from '../../../src/image/picture.js';
import { loadPicture as loadOnNode } from '../../../src/platform/node/pictures/load-picture.js';
import { type LibraryBrowser, noBrowser, openBrowser } from './open-page.js';

/** What page.ts leaves for the functions that run in the page. */
declare const loadPicture: (bytes: Uint8Array, options: LoadOptions) => Promise<Picture>;

/** A picture in which left, right, top and bottom can be told apart. */
const drawn = () => {
  const [width, height] = [90, 60];
  const data = new Uint8Array(3 * width * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[at++] = 40 + 2 * x;
      data[at++] = 200 - 2 * y;
      data[at++] = 30 + x + y;
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
};

const oriented = (orientation: number) => drawn().withMetadata({ orientation });

/** The same with what is transparent to the right. */
const transparent = () =>
  drawn().joinChannel(Buffer.from(Array.from({ length: 90 * 60 }, (_, i) => 255 - 2 * (i % 90))), {
    raw: { width: 90, height: 60, channels: 1 },
  });

const CASES: Record<string, () => Sharp> = {
  'a JPEG image': () => drawn().jpeg({ quality: 95, chromaSubsampling: '4:4:4' }),
  'a PNG image': () => drawn().png(),
  'a PNG image with transparent parts': () => transparent().png(),
  'a WebP image with transparent parts': () => transparent().webp({ lossless: true }),
  'a PNG image of 16 bits': () => drawn().toColourspace('rgb16').png(),
  'a grey PNG image': () => drawn().greyscale().png(),
  'a WebP image': () => drawn().webp({ quality: 95 }),
  'a GIF image': () => drawn().gif(),
  'a JPEG image of another colour space': () =>
    drawn().jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).withIccProfile('p3'),
  'a PNG image of another colour space': () => drawn().png().withIccProfile('p3'),
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 8].flatMap((orientation) => [
      [`a JPEG image of orientation ${orientation}`, () => oriented(orientation).jpeg({ quality: 95 })],
      [`a WebP image of orientation ${orientation}`, () => oriented(orientation).webp({ quality: 95 })],
    ]),
  ),
  'a PNG image on its side': () => oriented(6).png(),
};

if (noBrowser !== undefined) console.warn(`skipped: pictures in a browser: ${noBrowser}`);

describe.skipIf(noBrowser !== undefined)('pictures in a browser', () => {
  let browser: LibraryBrowser;
  let page: Page;

  beforeAll(async () => {
    browser = await openBrowser();
    page = await browser.open();
  });

  afterAll(() => browser?.close());

  const load = (bytes: Uint8Array, options: LoadOptions) =>
    page.evaluate(
      async ([bytes, options]) => {
        const picture = await loadPicture(Uint8Array.from(bytes), options).catch(
          ({ name, code, message }) => ({ name, code, message }),
        );
        if ('code' in picture) return picture;
        const { data, icc, exif, ...rest } = picture;
        return { ...rest, data: [...data], icc: icc && [...icc], exif: exif && [...exif] };
      },
      [[...bytes], options] as const,
    );

  test.each(Object.keys(CASES))('%s is as on Node', async (name) => {
    const file = await CASES[name]!().toBuffer();
    for (const maxSide of ['none', 50] as const) {
      const { data, icc, exif, ...wanted } = await loadOnNode(file, { maxSide });
      const found = (await load(file, { maxSide })) as Omit<Picture, 'data'> & { data: number[] };
      expect(found).toMatchObject(wanted);
      expect(found.icc).toEqual(icc && [...icc]);
      expect(found.exif).toEqual(exif && [...exif]);
      expect(found.data.length).toBe(data.length);
      const sum = data.reduce((total, value, i) => total + Math.abs(value - found.data[i]!), 0);
      expect(sum / data.length).toBeLessThan(1);
    }
  });

  test('what is no picture has a name', async () => {
    const jpeg = await drawn().jpeg().toBuffer();
    const tiff = await drawn().tiff().toBuffer();
    const files = {
      nothing: Buffer.alloc(0),
      text: Buffer.from('hello, this is no picture at all'),
      cut: jpeg.subarray(0, jpeg.length / 2),
      tiff,
      heic: Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'),
      dicm: Buffer.from([0x89, 0x44, 0x49, 0x43, 0x4d, 0x0d, 0x0a, 0x1a, 0x0a]),
    };
    const codes = [];
    for (const [name, file] of Object.entries(files)) {
      const error = (await load(file, { maxSide: 'none' })) as { name: string; code: string };
      codes.push([name, error.name, error.code]);
    }
    expect(codes).toEqual([
      ['nothing', 'ImageError', 'empty-image'],
      ['text', 'ImageError', 'not-an-image'],
      ['cut', 'ImageError', 'bad-image'],
      ['tiff', 'ImageError', 'unsupported-image'],
      ['heic', 'ImageError', 'unsupported-image'],
      ['dicm', 'ImageError', expect.stringMatching(/already-dicm|not-an-image/)],
    ]);
  });

  test('sizes are compared with the limits', async () => {
    const file = await drawn().png().toBuffer();
    for (const limits of [{ maxSourcePixels: 90 * 60 - 1 }, { maxPixels: 90 * 60 - 1 }]) {
      expect(await load(file, { maxSide: 'none', limits })).toMatchObject({ code: 'limit-exceeded' });
    }
    expect(await load(file, { maxSide: 'none', limits: { maxSourcePixels: 90 * 60 } })).toMatchObject({
      width: 90,
    });
  });
});
