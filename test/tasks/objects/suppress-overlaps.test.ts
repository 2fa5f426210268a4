import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boxOverlap } from '../../../src/tasks/objects/box.js';
import { suppressOverlaps } from '../../../src/tasks/objects/suppress-overlaps.js';

const box = (left: number, top: number, right: number, bottom: number) => ({ left, top, right, bottom });

test('overlap by hand', () => {
  expect(boxOverlap(box(0, 0, 4, 2), box(2, 0, 6, 2))).toBeCloseTo(1 / 3, 12);
  expect(boxOverlap(box(0, 0, 4, 4), box(1, 1, 3, 3))).toBe(0.25);
  expect(boxOverlap(box(0, 0, 4, 4), box(0, 0, 4, 4))).toBe(1);
  expect(boxOverlap(box(0, 0, 4, 4), box(4, 0, 8, 4))).toBe(0);
  expect(boxOverlap(box(0, 0, 0, 0), box(0, 0, 0, 0))).toBe(0);
});

describe('suppressOverlaps', () => {
  const first = { category: 0, box: box(0, 0, 10, 10) };
  test('drops what overlaps a better one of its category by more than 0.6', () => {
    const slightly = { category: 0, box: box(0, 0, 10, 17) };
    const much = { category: 0, box: box(0, 0, 10, 16) };
    const other = { category: 1, box: box(0, 0, 10, 10) };
    expect(suppressOverlaps([first, much, slightly, other], 100)).toEqual([first, slightly, other]);
  });

  test('exactly 0.6 is another object', () => {
    const inside = { category: 0, box: box(0, 0, 10, 6) };
    expect(suppressOverlaps([first, inside], 100)).toHaveLength(2);
  });

  test('what was dropped drops nothing', () => {
    const chain = [0, 2, 4].map((top) => ({ category: 0, box: box(0, top, 10, top + 10) }));
    expect(suppressOverlaps(chain, 100)).toEqual([chain[0], chain[2]]);
  });

  test('ends at the limit', () => {
    const apart = Array.from({ length: 50 }, (_, i) => ({
      category: 0,
      box: box(20 * i, 0, 20 * i + 10, 10),
    }));
    expect(suppressOverlaps(apart, 7)).toEqual(apart.slice(0, 7));
    expect(suppressOverlaps([], 7)).toEqual([]);
  });

  test('keeps what a matrix of all overlaps says', () => {
    const side = fc.integer({ min: 0, max: 12 });
    const object = fc
      .tuple(side, side, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), fc.nat(2))
      .map(([x, y, width, height, category]) => ({ category, box: box(x, y, x + width, y + height) }));
    fc.assert(
      fc.property(fc.array(object, { maxLength: 40 }), (objects) => {
        const rivals = objects.map((a) =>
          objects.map((b) => {
            // Areas in whole pixels, counted.
            const shared = pixels(a.box).filter((pixel) => pixels(b.box).includes(pixel)).length;
            const all = pixels(a.box).length + pixels(b.box).length - shared;
            return a.category === b.category && 10 * shared > 6 * all;
          }),
        );
        const kept: number[] = [];
        for (const i of objects.keys()) if (!kept.some((j) => rivals[i]![j])) kept.push(i);
        expect(suppressOverlaps(objects, 100)).toEqual(kept.map((i) => objects[i]));
      }),
      { numRuns: 60 },
    );
  });
});

function pixels({ left, top, right, bottom }: ReturnType<typeof box>): number[] {
  const list: number[] = [];
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) list.push(y * 100 + x);
  return list;
}
