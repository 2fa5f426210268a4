import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { LanczosFitter } from '../../src/image/lanczos.js';

const PHOTO = fileURLToPath(new URL('../../fixtures/images/chelsea.png', import.meta.url));

// The image library averages whole pixels before it filters where much is to be lost.
test.each([
  [288, 192, 0.3],
  [100, 67, 0.75],
  [451, 7, 1.5],
  [1, 1, 3],
])('fits to %i x %i as the image library does', async (width, height, mostOnAverage) => {
  const file = await readFile(PHOTO);
  const { data, info } = await sharp(file).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const fitter = new LanczosFitter(info, { width, height });
  const half = 4 * info.width * 150;
  for (const rows of [data.subarray(0, half), data.subarray(half)]) fitter.push(new Uint8ClampedArray(rows));
  const found = fitter.finish();
  const wanted = await sharp(file)
    .resize(width, height, { fit: 'fill', kernel: 'lanczos3' })
    .removeAlpha()
    .raw()
    .toBuffer();
  expect(found.length).toBe(wanted.length);
  const differences = found.map((value, i) => Math.abs(value - wanted[i]!));
  expect(differences.reduce((a, b) => a + b, 0) / found.length).toBeLessThan(mostOnAverage);
});

test('an even picture stays even', () => {
  const fitter = new LanczosFitter({ width: 31, height: 17 }, { width: 11, height: 5 });
  fitter.push(new Uint8ClampedArray(4 * 31 * 17).fill(77));
  expect(new Set(fitter.finish())).toEqual(new Set([77]));
});
