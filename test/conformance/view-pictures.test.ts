import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Codec, openCodec } from '../../src/index.js';
import { photo } from '../session/helpers.js';

/** Of the released model of the view layer, as it rebuilds pictures. */
let codec: Codec;

beforeAll(async () => {
  codec = await openCodec({ model: fileURLToPath(new URL('../../packages', import.meta.url)) });
});

afterAll(() => codec.dispose());

interface Samples {
  readonly width: number;
  readonly data: Uint8Array;
}

async function rebuilt(picture: Uint8Array, quality: number): Promise<Samples & { sizeBytes: number }> {
  const { bytes } = await codec.encode(picture, { layers: ['view'], quality });
  return { ...(await codec.decodePicture(bytes)), sizeBytes: bytes.length };
}

async function samplesOf(picture: Uint8Array): Promise<Samples> {
  const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, data };
}

/** Mean square error over the columns from `from` to before `to`, in 255ths. */
function squareError(a: Samples, b: Samples, from = 0, to = a.width, shift = 0): number {
  let [sum, count] = [0, 0];
  const rows = a.data.length / a.width / 3;
  for (let y = 0; y < rows; y++) {
    for (let x = from; x < to; x++) {
      for (let c = 0; c < 3; c++) {
        const [at, other] = [(y * a.width + x) * 3 + c, (y * b.width + x - shift) * 3 + c];
        sum += (a.data[at]! - b.data[other]!) ** 2;
        count++;
      }
    }
  }
  return sum / count;
}

test('photographs are as near to their source at borders of tiles as where there is none', async () => {
  // Four tiles, two and two; what is cut off moves every border away from where it was, and nothing else.
  const [width, height, border, cut] = [1088, 576, 512, 256];
  const errors = { bordered: 0, plain: 0 };
  for (const name of ['coffee.png', 'rocket.jpg', 'astronaut.png', 'chelsea.png']) {
    const picture = await photo(width, height, name);
    const rest = { left: cut, top: 0, width: width - cut, height };
    const moved = new Uint8Array(await sharp(picture).extract(rest).png().toBuffer());
    const source = await samplesOf(picture);
    const [bordered, plain] = [await rebuilt(picture, 45), await rebuilt(moved, 45)];
    errors.bordered += squareError(bordered, source, border - 8, border + 8);
    errors.plain += squareError(source, plain, border - 8, border + 8, cut);
  }
  expect(errors.plain).toBeGreaterThan(0);
  expect(errors.bordered / errors.plain).toBeLessThan(1.05);
  expect(errors.bordered / errors.plain).toBeGreaterThan(0.95);
}, 60_000);

// What a flat picture costs at quality 1 and 50 with the released model, which aims at 120 bytes, and how far its samples are
// off: on average, since at the picture's own border single ones are up to 37 away.
test.each([
  ['grey', [128, 128, 128], 150, 190],
  ['black', [0, 0, 0], 105, 165],
  ['white', [255, 255, 255], 110, 165],
  ['red', [255, 0, 0], 150, 290],
  ['a sky', [90, 140, 210], 120, 190],
] as const)('%s is flat and small', async (_name, [r, g, b], most, mostAt50) => {
  const background = { r, g, b };
  const picture = await sharp({ create: { width: 288, height: 288, channels: 3, background } })
    .png()
    .toBuffer();
  const source = await samplesOf(picture);
  for (const [quality, bytes, error] of [
    [1, most, 6],
    [50, mostAt50, 4],
  ] as const) {
    const found = await rebuilt(new Uint8Array(picture), quality);
    expect(found.sizeBytes).toBeLessThanOrEqual(bytes);
    expect(Math.sqrt(squareError(found, source))).toBeLessThan(error);
  }
});

test('a picture without colours hardly gets any', async () => {
  const grey = await sharp(await photo(512, 384))
    .greyscale()
    .toColourspace('srgb')
    .png()
    .toBuffer();
  const { data } = await rebuilt(new Uint8Array(grey), 50);
  let spread = 0;
  for (let i = 0; i < data.length; i += 3) {
    const samples = [data[i]!, data[i + 1]!, data[i + 2]!];
    spread += Math.max(...samples) - Math.min(...samples);
  }
  expect((3 * spread) / data.length).toBeLessThan(5);
});

const SIDE = 128;

/** A grey area would be 127.5 away everywhere. */
const LARGEST_ERROR = 100;

// What photographs do not hold, and print, screens and fences do.
const PATTERNS: Readonly<Record<string, (width: number) => (x: number, y: number) => boolean>> = {
  stripes: (width) => (x) => Math.floor(x / width) % 2 === 1,
  'a checkerboard': (width) => (x, y) => (Math.floor(x / width) + Math.floor(y / width)) % 2 === 1,
  'lines at 30 degrees': (width) => (x, y) => Math.floor((Math.sqrt(3) * x + y) / (2 * width)) % 2 === 1,
  dots: (width) => (x, y) => x % (2 * width) < width && y % (2 * width) < width,
};

test.each(Object.keys(PATTERNS).flatMap((pattern) => [2, 3, 8].map((width) => [pattern, width] as const)))(
  '%s of %i pixels are rebuilt nearer than a grey area would be',
  async (pattern, width) => {
    const isWhite = PATTERNS[pattern]!(width);
    const data = new Uint8Array(SIDE * SIDE * 3).map((_, i) => {
      const pixel = Math.floor(i / 3);
      return isWhite(pixel % SIDE, Math.floor(pixel / SIDE)) ? 255 : 0;
    });
    const picture = await sharp(data, { raw: { width: SIDE, height: SIDE, channels: 3 } })
      .png()
      .toBuffer();
    const found = await Promise.all([1, 50, 100].map((quality) => rebuilt(new Uint8Array(picture), quality)));
    const errors = found.map((samples) => squareError(samples, { width: SIDE, data }));
    for (const error of errors) expect(error).toBeLessThan(LARGEST_ERROR ** 2);
  },
);
