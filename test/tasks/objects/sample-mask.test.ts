import { describe, expect, test } from 'vitest';
import { decodeMask, encodeMask } from '../../../src/tasks/objects/run-length-mask.js';
import { sampleMask } from '../../../src/tasks/objects/sample-mask.js';

const [width, height] = [13, 7];
const data = Uint8Array.from({ length: width * height }, (_, i) => Number((i * 7919) % 5 < 2));
const mask = encodeMask({ width, height, data });

describe('sampleMask', () => {
  test.each([
    [13, 7],
    [26, 21],
    [5, 3],
    [40, 2],
    [1, 1],
  ])('at %i x %i it takes the pixel below each centre', (columns, rows) => {
    const samples = sampleMask(mask, columns, rows);
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        const [column, row] = [
          Math.floor(((x + 0.5) * width) / columns),
          Math.floor(((y + 0.5) * height) / rows),
        ];
        expect(samples[y * columns + x], `${x}, ${y}`).toBe(data[row * width + column]);
      }
    }
  });

  test('masks that are empty or full', () => {
    for (const value of [0, 1]) {
      const flat = encodeMask({ width: 4, height: 3, data: new Uint8Array(12).fill(value) });
      expect(sampleMask(flat, 8, 6)).toEqual(new Uint8Array(48).fill(value));
      expect(sampleMask(flat, 4, 3)).toEqual(decodeMask(flat).data);
    }
  });

  test('of a picture of a million megapixels it takes only the samples', () => {
    const edge = 2 ** 20;
    const huge = encodeMask(
      { width: 2, height: 2, data: Uint8Array.of(1, 1, 1, 1) },
      { x: edge / 2, y: edge / 2, width: edge, height: edge },
    );
    const samples = sampleMask(huge, 3, 3);
    expect([...samples]).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0]);
  });

  test('a string that is no mask', () => {
    expect(() => sampleMask({ size: [2, 2], counts: '!' }, 2, 2)).toThrow(/bad run-length mask/);
  });
});
