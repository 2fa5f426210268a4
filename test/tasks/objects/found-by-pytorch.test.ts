import { describe, expect, test } from 'vitest';
import { collectObjects } from '../../../src/tasks/objects/collect-objects.js';
import { describeObjects } from '../../../src/tasks/objects/describe-objects.js';
import { decodeMask } from '../../../src/tasks/objects/run-length-mask.js';
import { tinyTensor, tinyVector } from '../../networks/tiny-vectors.js';

// The training's own post-processing, on the same head tensors, of a source picture 1.5 times the coded one.
describe.each([
  ['a', 80, 64],
  ['b', 48, 112],
] as const)('objects of case %s', (name, width, height) => {
  const levels = [8, 16, 32].map((stride, i) => {
    const map = (part: string) => tinyVector(`${name}.heads.level${i + 2}.${part}`);
    return { stride, classes: map('classes'), distances: map('distances'), controller: map('controller') };
  });
  const mask = tinyVector(`${name}.heads.mask`);
  const collector = collectObjects({ minScore: 0.05, maxDetections: 20 });
  collector.add({ levels, mask, x: 0, y: 0, width, height, isCut: () => false });
  const objects = collector.finish();
  const categories = Array.from({ length: 20 }, (_, id) => ({ id: id + 1, name: `category ${id + 1}` }));
  const scale = { width, height, sourceWidth: 1.5 * width, sourceHeight: 1.5 * height };
  const described = describeObjects(objects, categories, scale);

  test('have the same categories, scores and boxes in the same order', () => {
    const [scores, boxes] = [tinyVector(`${name}.found.scores`), tinyVector(`${name}.found.boxes`)];
    expect(described).toHaveLength(20);
    expect(described.map(({ categoryId }) => categoryId - 1)).toEqual([
      ...new Int32Array(new Uint8Array(tinyTensor(`${name}.found.categories`).bytes).buffer),
    ]);
    for (const [i, { score, box }] of described.entries()) {
      expect(score).toBeCloseTo(scores.data[i]!, 5);
      const [left, top, right, bottom] = boxes.data.subarray(4 * i, 4 * i + 4);
      expect(box.x).toBeCloseTo(1.5 * left!, 3);
      expect(box.y).toBeCloseTo(1.5 * top!, 3);
      expect(box.x + box.width).toBeCloseTo(1.5 * right!, 3);
      expect(box.y + box.height).toBeCloseTo(1.5 * bottom!, 3);
    }
  });

  test('have the same masks', () => {
    const { bytes, shape } = tinyTensor(`${name}.found.masks`);
    expect(shape).toEqual([20, scale.sourceHeight, scale.sourceWidth]);
    const pixels = scale.sourceHeight * scale.sourceWidth;
    let covered = 0;
    for (const [i, { mask }] of described.entries()) {
      const { data } = decodeMask(mask!);
      const expected = bytes.subarray(i * pixels, (i + 1) * pixels);
      const different = data.filter((value, at) => value !== expected[at]).length;
      // A logit within rounding of 0 may fall on either side.
      expect(different, `mask ${i}`).toBeLessThanOrEqual(1);
      covered += data.reduce((sum, value) => sum + value, 0);
    }
    expect(covered).toBeGreaterThan(pixels);
  });
});
