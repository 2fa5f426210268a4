import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { assignStyles } from '../../../src/image/overlay-palette.js';
import { drawObjects, type Overlay } from '../../../src/platform/node/pictures/draw-overlay.js';

const CHELSEA = join(import.meta.dirname, '../../../fixtures/images/chelsea.png');
const cat = { label: 'cat 0.93', categoryId: 8, box: { x: 100, y: 60, width: 200, height: 150 } };
const [red, green, blue] = assignStyles([8]).get(8)!.colour;

async function draw(overlay: Overlay) {
  const { data, info } = await sharp(await drawObjects(overlay))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) =>
    [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)] as [number, number, number];
  return { at, width: info.width, height: info.height, channels: info.channels };
}

describe('drawObjects', () => {
  test.each([
    ['as it is', 800, 600, 800, 600],
    ['enlarged by a whole number', 200, 100, 600, 300],
    ['one pixel', 1, 1, 512, 512],
    ['reduced', 10_000, 5000, 2048, 1024],
    ['a line', 1, 9000, 1, 2048],
  ])('the canvas: %s', async (_, width, height, expectedWidth, expectedHeight) => {
    const objects = [{ ...cat, box: { x: 0, y: 0, width, height } }];
    const picture = await draw({ width, height, objects });
    expect(picture).toMatchObject({ width: expectedWidth, height: expectedHeight, channels: 3 });
  });

  test('without objects it is plain', async () => {
    const { at } = await draw({ width: 600, height: 400, objects: [] });
    expect(at(0, 0)).toEqual(at(599, 399));
  });

  test('a box is drawn where it is, on the source', async () => {
    const source = await sharp(CHELSEA).resize(902, 600, { kernel: 'cubic' }).removeAlpha().raw().toBuffer();
    const { at, width } = await draw({ width: 451, height: 300, objects: [cat], source: CHELSEA });
    expect(width).toBe(902);
    // The left edge, in the colour of the category; inside and outside of it is the photograph.
    expect(at(200, 300)).toEqual([red, green, blue]);
    for (const [x, y] of [
      [300, 300],
      [20, 20],
      [700, 500],
    ] as const) {
      const before = source.subarray((y * width + x) * 3, (y * width + x) * 3 + 3);
      at(x, y).forEach((value, c) => {
        expect(Math.abs(value - before[c]!)).toBeLessThan(12);
      });
    }
  });

  test('a mask tints its pixels and no others; its size is the canvas', async () => {
    const sampled: number[][] = [];
    const sampleMask = (width: number, height: number) => {
      sampled.push([width, height]);
      return Uint8Array.from({ length: width * height }, (_, i) => Number(i % width < width / 2));
    };
    const objects = [{ ...cat, sampleMask }];
    const { at } = await draw({ width: 600, height: 400, objects });
    const plain = await draw({ width: 600, height: 400, objects: [] });
    expect(sampled).toEqual([[600, 400]]);
    expect(at(50, 300)).not.toEqual(plain.at(50, 300));
    expect(at(450, 300)).toEqual(plain.at(450, 300));
    // The outline, not mixed with what is below it.
    expect(at(299, 300)).toEqual([red, green, blue]);
  });

  test('a label is dark and light where the picture is neither', async () => {
    const { at } = await draw({ width: 600, height: 400, objects: [cat] });
    const label = Array.from({ length: 70 * 12 }, (_, i) => at(102 + (i % 70), 45 + Math.floor(i / 70)));
    const text = label.filter((pixel) => pixel.every((value) => value < 60)).length;
    const chip = label.filter((pixel) => pixel.join() === [red, green, blue].join()).length;
    expect(text).toBeGreaterThan(60);
    expect(chip).toBeGreaterThan(200);
  });

  test('another picture is refused, the same one in another size is not', async () => {
    const overlay = { objects: [cat], source: CHELSEA };
    await expect(drawObjects({ ...overlay, width: 300, height: 451 })).rejects.toMatchObject({
      code: 'overlay-source-size',
      exitCode: 2,
    });
    await drawObjects({ ...overlay, width: 902, height: 600 });
    await drawObjects({ ...overlay, width: 4510, height: 2999 });
  });

  test('a missing source and an abort are named', async () => {
    const overlay = { width: 600, height: 400, objects: [cat] };
    await expect(drawObjects({ ...overlay, source: 'missing.png' })).rejects.toMatchObject({
      code: 'file-missing',
    });
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(drawObjects({ ...overlay, signal })).rejects.toThrow('enough');
  });
});
