import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLpips } from '../../src/bench/measure/open-lpips.js';
import { MIN_MS_SSIM_SIDE, msSsim } from '../../src/evaluation/ms-ssim.js';
import { psnr } from '../../src/evaluation/psnr.js';
import { openBackend } from '../../src/platform/node/executors/open-backend.js';
import { drawnPicture } from '../bench/drawn-picture.js';
import { expectClose, readCases } from './fixtures.js';

/** A case of training/tools/make_picture_vectors.py. */
interface PictureCase {
  picture: string;
  area: [x: number, y: number, width: number, height: number];
  distortion: 'coarse' | 'noise' | 'blur' | 'grey' | 'negative';
  expected: { psnr: number; msSsim: number; lpips: number };
}

interface Rgb {
  width: number;
  height: number;
  data: Uint8Array;
}

const cases = readCases<PictureCase>('pictures');

async function originalOf({ picture, area }: PictureCase): Promise<Rgb> {
  const [left, top, width, height] = area;
  const file = readFileSync(join(import.meta.dirname, '../../fixtures/images', picture));
  const part = sharp(file).extract({ left, top, width, height });
  return { width, height, data: new Uint8Array(await part.removeAlpha().raw().toBuffer()) };
}

function distort({ width, height, data }: Rgb, distortion: PictureCase['distortion']): Rgb {
  const clip = (value: number) => Math.max(0, Math.min(255, value));
  let state = 7;
  const changed = data.map((value, i) => {
    if (distortion === 'coarse') return value - (value % 32) + 16;
    if (distortion === 'negative') return 255 - value;
    if (distortion === 'grey') return data[i - (i % 3) + 1]!;
    if (distortion === 'noise') {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return clip(value + ((state >>> 16) % 61) - 30);
    }
    const pixel = Math.floor(i / 3);
    const [x, row] = [pixel % width, pixel - (pixel % width)];
    let sum = 0;
    for (let step = -2; step <= 2; step++) {
      sum += data[3 * (row + Math.max(0, Math.min(width - 1, x + step))) + (i % 3)]!;
    }
    return Math.floor(sum / 5);
  });
  return { width, height, data: changed };
}

describe('PSNR and MS-SSIM are what scikit-image and scipy say', () => {
  test.each(cases.map((one) => [`${one.area.slice(2).join('x')} ${one.distortion}`, one] as const))(
    '%s',
    async (_, one) => {
      const original = await originalOf(one);
      const changed = distort(original, one.distortion);
      expectClose(psnr(original.data, changed.data), one.expected.psnr);
      expectClose(msSsim(original, changed), one.expected.msSsim);
    },
  );
});

describe('the same picture', () => {
  test('has no error, and the similarity 1', () => {
    const picture = drawnPicture(200, MIN_MS_SSIM_SIDE);
    expect(psnr(picture.data, picture.data)).toBe(Number.POSITIVE_INFINITY);
    expect(msSsim(picture, picture)).toBe(1);
  });
});

describe('refused are', () => {
  test('pictures of different sizes, and of none', () => {
    const mismatch = expect.objectContaining({ code: 'length-mismatch' });
    expect(() => psnr(new Uint8Array(3), new Uint8Array(6))).toThrow(mismatch);
    expect(() => psnr(new Uint8Array(), new Uint8Array())).toThrow(mismatch);
    expect(() => msSsim(drawnPicture(180, 170), drawnPicture(170, 180))).toThrow(mismatch);
  });

  test('pictures in which the windows of the coarsest scale do not lie', () => {
    const side = MIN_MS_SSIM_SIDE - 1;
    expect(() => msSsim(drawnPicture(300, side), drawnPicture(300, side))).toThrow(
      expect.objectContaining({
        code: 'picture-too-small',
        message: expect.stringContaining('at least 161'),
      }),
    );
  });
});

const weights = process.env.DICM_LPIPS;
if (weights === undefined)
  console.warn('skipped: LPIPS of photographs: $DICM_LPIPS names no folder with its weights');

describe.skipIf(weights === undefined)('LPIPS with the published heads is what PyTorch says', () => {
  let backend: Awaited<ReturnType<typeof openBackend>>;
  let lpips: Awaited<ReturnType<typeof openLpips>>;
  beforeAll(async () => {
    backend = await openBackend('auto');
    lpips = await openLpips(weights!, backend);
  });
  afterAll(async () => {
    await lpips.dispose();
    await backend.dispose();
  });

  test.each(cases.map((one) => [`${one.area.slice(2).join('x')} ${one.distortion}`, one] as const))(
    '%s',
    async (_, one) => {
      const original = await originalOf(one);
      const distance = await lpips.distance(original, distort(original, one.distortion));
      expect(Math.abs(distance / one.expected.lpips - 1)).toBeLessThan(1e-4);
    },
  );
});
