import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LimitError } from '../../../src/errors.js';
import { defaultLimits } from '../../../src/limits.js';
import {
  type BinaryBitmap,
  decodeMask,
  encodeMask,
  intersectionArea,
  intersectMasks,
  maskArea,
  readRuns,
  subtractMasks,
  uniteMasks,
  writeRuns,
} from '../../../src/tasks/objects/run-length-mask.js';

/** A bitmap drawn in text: `#` is object. */
function drawn(...rows: string[]): BinaryBitmap {
  return {
    width: rows[0]?.length ?? 0,
    height: rows.length,
    data: Uint8Array.from(rows.join(''), (character) => (character === '#' ? 1 : 0)),
  };
}

const bitmaps = fc
  .tuple(fc.nat(12), fc.nat(12))
  .chain(([width, height]) =>
    fc
      .uint8Array({ min: 0, max: 1, minLength: width * height, maxLength: width * height })
      .map((data) => ({ width, height, data })),
  );

/** Two bitmaps of one size. */
const pairs = bitmaps.chain((a) =>
  fc
    .uint8Array({ min: 0, max: 1, minLength: a.data.length, maxLength: a.data.length })
    .map((data) => [a, { ...a, data }] as const),
);

function combined(a: BinaryBitmap, b: BinaryBitmap, keep: (inA: number, inB: number) => number) {
  return encodeMask({ ...a, data: a.data.map((inA, i) => keep(inA, b.data[i]!)) });
}

describe('encodeMask', () => {
  // Strings printed by pycocotools 2.0.
  test.each([
    ['a corner missing', drawn('.#', '##'), '13'],
    ['object only', drawn('##', '##'), '04'],
    ['background only', drawn('..', '..'), '4'],
    ['differences below 0', drawn('.##..#.###'), '122OO2'],
    ['no pixels', { width: 3, height: 0, data: new Uint8Array(0) }, '0'],
  ])('%s', (_name, bitmap, counts) => {
    expect(encodeMask(bitmap)).toEqual({ size: [bitmap.height, bitmap.width], counts });
  });

  test('lengths of several characters', () => {
    const box = { width: 140, height: 220, data: new Uint8Array(140 * 220).fill(7) };
    const mask = encodeMask(box, { x: 30, y: 40, width: 200, height: 300 });
    expect(mask.counts).toBe(`\`j8l6\`2${'0'.repeat(277)}Ph8`);
    expect(maskArea(mask)).toBe(30800);
  });

  test('a place in a larger picture gives the mask of the whole picture', () => {
    const offset = fc.integer({ min: -15, max: 15 });
    fc.assert(
      fc.property(bitmaps, offset, offset, fc.nat(12), fc.nat(12), (bitmap, x, y, width, height) => {
        const whole = { width, height, data: new Uint8Array(width * height) };
        for (let row = 0; row < bitmap.height; row++) {
          for (let column = 0; column < bitmap.width; column++) {
            const [px, py] = [x + column, y + row];
            if (px < 0 || py < 0 || px >= width || py >= height) continue;
            whole.data[py * width + px] = bitmap.data[row * bitmap.width + column]!;
          }
        }
        expect(encodeMask(bitmap, { x, y, width, height })).toEqual(encodeMask(whole));
      }),
    );
  });

  test('in a picture of 4 thousand million pixels', () => {
    const mask = encodeMask(drawn('##', '.#'), { x: 60000, y: 65000, width: 65535, height: 65535 });
    expect(readRuns(mask)).toEqual([60000 * 65535 + 65000, 1, 65534, 2, 5533 * 65535 + 533]);
    expect(maskArea(mask)).toBe(3);
    expect(() => decodeMask(mask)).toThrow(LimitError);
  });

  test.each([
    ['too few bytes', { width: 2, height: 2, data: new Uint8Array(3) }, undefined, '3 bytes are not 2x2'],
    ['half a pixel', drawn('#'), { x: 0.5, y: 0, width: 4, height: 4 }, 'it lies at 0.5, 0'],
    ['no size', drawn('#'), { x: 0, y: 0, width: Number.NaN, height: 4 }, 'no picture has the size 4xNaN'],
    ['too large', drawn('#'), { x: 0, y: 0, width: 2 ** 30, height: 2 ** 30 }, 'no picture has the size'],
  ])('refuses %s', (_name, bitmap, place, message) => {
    expect(() => encodeMask(bitmap, place)).toThrow(message);
  });
});

describe('decodeMask', () => {
  test('gives back what was encoded', () => {
    fc.assert(
      fc.property(bitmaps, (bitmap) => {
        expect(decodeMask(encodeMask(bitmap))).toEqual(bitmap);
      }),
    );
  });

  test('accepts runs of length 0 in the middle', () => {
    const mask = writeRuns([1, 1, 0, 1, 1, 0], 2, 2);
    expect(decodeMask(mask)).toEqual(drawn('.#', '#.'));
    expect(intersectMasks(mask, mask)).toEqual(encodeMask(drawn('.#', '#.')));
  });

  test('keeps to the limit on arrays', () => {
    const mask = encodeMask(drawn('.#', '#.'));
    expect(() => decodeMask(mask, { ...defaultLimits, maxArrayBytes: 3 })).toThrow(LimitError);
  });
});

describe('on runs', () => {
  test('area, intersection, union and difference are those of the bitmaps', () => {
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const [maskA, maskB] = [encodeMask(a), encodeMask(b)];
        const common = combined(a, b, (inA, inB) => inA & inB);
        expect(maskArea(maskA)).toBe(a.data.reduce((sum, value) => sum + value, 0));
        expect(intersectMasks(maskA, maskB)).toEqual(common);
        expect(intersectionArea(maskA, maskB)).toBe(maskArea(common));
        expect(uniteMasks(maskA, maskB)).toEqual(combined(a, b, (inA, inB) => inA | inB));
        expect(subtractMasks(maskA, maskB)).toEqual(combined(a, b, (inA, inB) => inA & ~inB));
      }),
    );
  });

  test('masks of different pictures do not mix', () => {
    const [a, b] = [encodeMask(drawn('.#')), encodeMask(drawn('.', '#'))];
    for (const mix of [intersectionArea, intersectMasks, uniteMasks, subtractMasks]) {
      expect(() => mix(a, b)).toThrow('its size 1x2 differs from the other');
    }
  });
});

describe('a string is refused that has', () => {
  test.each([
    ['a character below the alphabet', ' 4', 'character 1 is " "'],
    ['a character above the alphabet', '0é', 'character 2 is "é"'],
    ['a number cut off', '0\\', 'character 3 is missing: the last number is cut off'],
    ['too few pixels', '03', 'its runs hold 3 pixels, the picture 2x2 has 4'],
    ['too many pixels', '14', 'its runs hold 5 pixels'],
    ['no runs', '', 'its runs hold 0 pixels'],
    ['a negative run', '5O', 'run 2 has the length -1'],
    ['an endless number', '`'.repeat(50), 'the number at character 1 is too long'],
  ])('%s', (_name, counts, message) => {
    const mask = { size: [2, 2] as const, counts };
    expect(() => readRuns(mask)).toThrow(expect.objectContaining({ code: 'bad-mask' }));
    expect(() => readRuns(mask)).toThrow(message);
  });

  test('or any other: never a wrong answer, always a mask error', () => {
    fc.assert(
      fc.property(fc.string(), (counts) => {
        try {
          const runs = readRuns({ size: [3, 5], counts });
          expect(runs.reduce((a, b) => a + b, 0)).toBe(15);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-mask' });
        }
      }),
    );
  });
});

test.each([
  [[1, 1.5, 1.5], 'run 2 has the length 1.5'],
  [[5, -1], 'run 2 has the length -1'],
  [[1, 1], 'its runs hold 2 pixels'],
])('writeRuns refuses %j', (runs, message) => {
  expect(() => writeRuns(runs, 2, 2)).toThrow(message);
});
