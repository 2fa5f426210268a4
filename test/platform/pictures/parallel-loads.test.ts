import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { recognisePicture } from '../../../src/image/picture-format.js';
import { besideOthers, reasonOf, withNoOther } from '../../../src/platform/node/pictures/library-turns.js';
import { loadPicture } from '../../../src/platform/node/pictures/load-picture.js';
import { writeTiff } from './tiff.js';

const CASES = resolve(import.meta.dirname, '../../../fixtures/cases');
const whole = { maxSide: 'none' } as const;

const messageOf = (load: Promise<unknown>) =>
  load.then(
    () => 'loaded',
    (error: Error) => error.message,
  );

describe('pictures that are read at the same time', () => {
  test('each has its own reason, many times over', async () => {
    const avif = await sharp(join(CASES, 'ok.jpg')).avif({ effort: 0 }).toBuffer();
    const gif = await sharp(join(CASES, 'ok.jpg')).gif().toBuffer();
    const inputs: [string | Uint8Array, RegExp][] = [
      [join(CASES, 'heic-16x16.heic'), /is a HEIC image, which is not supported/],
      [join(CASES, 'png-cut.png'), /png-cut\.png is damaged: it ends in the chunk "IDAT"/],
      [join(CASES, 'tiled-second-tile-missing.tif'), /missing\.tif is damaged: tile 2 of 2/],
      [join(CASES, 'jpeg-without-end-marker.jpg'), /^loaded$/],
      [gif.subarray(0, gif.length / 2), /the input is damaged: Unexpected end of GIF source data/],
      [
        avif.subarray(0, avif.length / 2),
        /^the input (cannot be decoded|is damaged): (?!.*(PNG|libpng|tile|GIF))/,
      ],
      [join(CASES, 'ok.jpg'), /^loaded$/],
    ];
    for (let round = 0; round < 30; round++) {
      // Another order each time, so that each follows each.
      const order = inputs.map((_, i) => inputs[(i * (1 + (round % 6)) + round) % inputs.length]!);
      const messages = await Promise.all(order.map(([input]) => messageOf(loadPicture(input, whole))));
      for (const [i, [, pattern]] of order.entries()) expect(messages[i]).toMatch(pattern);
    }
  });

  test('whoever wants to be alone is, and everybody gets a turn', async () => {
    let [running, most] = [0, 0];
    const work = (alone: boolean) => async () => {
      running++;
      most = Math.max(most, running);
      if (alone) expect(running).toBe(1);
      await new Promise((done) => setTimeout(done, 2));
      if (alone) expect(running).toBe(1);
      running--;
    };
    await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        i % 5 === 2 ? withNoOther(work(true)) : besideOthers(work(false)),
      ),
    );
    expect(most).toBeGreaterThan(1);
    // A failure ends a turn, too.
    await expect(withNoOther(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(besideOthers(async () => 'next')).resolves.toBe('next');
  });
});

test.each([
  [
    'tiff2vips: Read error at scanline 0; got 0 bytes, expected 256\ntiff2vips: read error',
    'Read error at scanline 0; got 0 bytes, expected 256',
  ],
  ['source: bad seek to 1024\nheif: Invalid input: Unspecified', 'Invalid input: Unspecified'],
  ['Warning treated as error due to failOn setting\nfirst\nsecond\n', 'second'],
  ['Input buffer has corrupt header: webp: unable to parse image', 'unable to parse image'],
  ['', 'the image library gives no reason'],
])('the line of %j that holds the reason', (message, reason) => {
  expect(reasonOf(new Error(message))).toBe(reason);
});

describe('pictures of kinds that are not read are named, with what to do', () => {
  const latin1 = (text: string) => new Uint8Array(Buffer.from(text.padEnd(64, '\0'), 'latin1'));

  test.each([
    ['BMP', 'BM\x46\0\0\0', /is a BMP image, which is not supported; convert it to PNG/],
    ['JPEG 2000', '\0\0\0\x0cjP  \r\n\x87\n', /is a JPEG 2000 image.*convert/],
    ['JPEG 2000 without its box', '\xff\x4f\xff\x51\0\x2f', /is a JPEG 2000 image.*convert/],
    ['JPEG XL', '\xff\x0a\xfa\x7f', /is a JPEG XL image.*convert/],
    ['JPEG XL in its box', '\0\0\0\x0cJXL \r\n\x87\n', /is a JPEG XL image.*convert/],
    ['HEIC', '\0\0\0\x18ftypheic\0\0\0\0mif1heic', /is a HEIC image.*convert/],
    ['HEIC by another brand', '\0\0\0\x1cftypmif1\0\0\0\0mif1miafhevc', /is a HEIC image.*convert/],
    ['CR2', 'II*\0\x10\0\0\0CR\x02\0', /is a camera's raw file.*develop it/],
    ['CR3', '\0\0\0\x18ftypcrx \0\0\0\x01crx isom', /is a camera's raw file.*develop it/],
    ['RAF', 'FUJIFILMCCD-RAW 0201', /is a camera's raw file.*develop it/],
    ['ORF', 'IIRO\x08\0\0\0', /is a camera's raw file.*develop it/],
    ['RW2', 'IIU\0\x18\0\0\0', /is a camera's raw file.*develop it/],
    ['a pixmap', 'P6 4 4 255\n', /is a portable pixmap.*convert/],
    ['Photoshop', '8BPS\0\x01', /is a Photoshop file.*convert/],
  ])('%s', async (_, head, message) => {
    await expect(loadPicture(latin1(head), whole)).rejects.toMatchObject({
      code: 'unsupported-image',
      exitCode: 3,
      message: expect.stringMatching(message),
    });
  });

  // The image library would take the small preview of these for the picture.
  const preview = { width: 4, height: 1, bits: 8, samples: 1, pieces: [new Uint8Array(4)] };
  test.each([
    ['DNG', { photometric: 1, extra: [{ tag: 50706, type: 'bytes' as const, values: [1, 4, 0, 0] }] }],
    ['a mosaic of colour filters', { photometric: 32803 }],
    [
      'a preview with the picture below it',
      {
        photometric: 1,
        extra: [
          { tag: 254, type: 'long' as const, values: [1] },
          { tag: 330, type: 'long' as const, values: [1000] },
        ],
      },
    ],
  ])("a camera's raw file that is a TIFF: %s", async (_, parts) => {
    await expect(loadPicture(writeTiff({ ...preview, ...parts }), whole)).rejects.toMatchObject({
      code: 'unsupported-image',
      message: expect.stringMatching(/is a camera's raw file; develop it/),
    });
  });

  test('AVIF is told from HEIC by any of its brands', async () => {
    expect(recognisePicture(latin1('\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf'))?.reads).toBe('avif');
    expect(recognisePicture(await readFile(join(CASES, 'srgb-nclx.avif')))?.reads).toBe('avif');
    // Brands end with their box.
    expect(recognisePicture(latin1('\0\0\0\x10ftypmif1\0\0\0\0avif'))?.name).toBe('a HEIF image');
  });
});
