import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Codec, openCodec } from '../../src/index.js';

const SIDE = 128;
/** On photographs features of the released head stay below this; an unstable g_s leaves it by orders of magnitude. */
const LARGEST_FEATURE = 50;

let codec: Codec;

beforeAll(async () => {
  codec = await openCodec({ model: fileURLToPath(new URL('../../packages', import.meta.url)) });
});

afterAll(() => codec.dispose());

/** Draws a picture of black and white pixels as PNG. */
function draw(isWhite: (x: number, y: number) => boolean): Promise<Buffer> {
  const pixels = Buffer.alloc(SIDE * SIDE);
  for (let i = 0; i < pixels.length; i++) pixels[i] = isWhite(i % SIDE, Math.floor(i / SIDE)) ? 255 : 0;
  return sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 1 } })
    .png()
    .toBuffer();
}

// The third-order products of g_s can run away where latents are unlike those of photographs, as print, screens and
// fences are. No figure over photographs shows it.
const PATTERNS: Readonly<Record<string, (width: number) => (x: number, y: number) => boolean>> = {
  stripes: (width) => (x) => Math.floor(x / width) % 2 === 1,
  'a checkerboard': (width) => (x, y) => (Math.floor(x / width) + Math.floor(y / width)) % 2 === 1,
  diagonals: (width) => (x, y) => Math.floor((x + y) / width) % 2 === 1,
  'lines at 30 degrees': (width) => (x, y) => Math.floor((Math.sqrt(3) * x + y) / (2 * width)) % 2 === 1,
  dots: (width) => (x, y) => x % (2 * width) < width && y % (2 * width) < width,
};

test.each(Object.keys(PATTERNS).flatMap((pattern) => [2, 3, 8].map((width) => [pattern, width] as const)))(
  'features of %s of %i pixels stay bounded',
  async (pattern, width) => {
    const picture = await draw(PATTERNS[pattern]!(width));
    for (const quality of [25, 50, 90]) {
      const { bytes } = await codec.encode(picture, { quality });
      const { data } = await codec.decodeFeatures(bytes);
      expect(data.reduce((largest, value) => Math.max(largest, value), 0)).toBeLessThan(LARGEST_FEATURE);
    }
  },
);
