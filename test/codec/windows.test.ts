import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { windowGrid } from '../../src/codec/windows.js';

const box = (left: number, top: number, right: number, bottom: number) => ({ left, top, right, bottom });

describe('windowGrid', () => {
  test('by hand', () => {
    expect(windowGrid(1, 1)).toMatchObject({ columns: 1, rows: 1 });
    expect(windowGrid(768, 513)).toMatchObject({ columns: 1, rows: 1 });
    expect(windowGrid(768, 513).window(0)).toEqual({ x: 0, y: 0, width: 768, height: 513 });
    const grid = windowGrid(1400, 769);
    expect(grid).toMatchObject({ columns: 3, rows: 2 });
    expect(grid.window(1)).toEqual({ x: 512, y: 0, width: 768, height: 768 });
    expect(grid.window(5)).toEqual({ x: 1024, y: 512, width: 376, height: 257 });
  });

  test('windows cover the picture, begin where tiles begin, and hold every object of half a tile whole', () => {
    const side = fc.integer({ min: 1, max: 4000 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(side, side, fc.tuple(share, share, share, share), (width, height, [a, b, c, d]) => {
        const grid = windowGrid(width, height);
        const windows = Array.from({ length: grid.columns * grid.rows }, (_, i) => grid.window(i));
        for (const { x, y, width: w, height: h } of windows) {
          expect([x % 512, y % 512]).toEqual([0, 0]);
          expect(w >= 1 && w <= 768 && h >= 1 && h <= 768).toBe(true);
          expect(x + w <= width && y + h <= height).toBe(true);
        }
        // An object with sides up to 240 pixels: half a tile less a margin on both sides.
        const objectWidth = Math.min(width, 1 + c * 239);
        const objectHeight = Math.min(height, 1 + d * 239);
        const [left, top] = [a * (width - objectWidth), b * (height - objectHeight)];
        const object = box(left, top, left + objectWidth, top + objectHeight);
        let whole = 0;
        for (const [i, area] of windows.entries()) {
          // What this window sees of it.
          const seen = box(
            Math.max(object.left, area.x),
            Math.max(object.top, area.y),
            Math.min(object.right, area.x + area.width),
            Math.min(object.bottom, area.y + area.height),
          );
          if (seen.left >= seen.right || seen.top >= seen.bottom) continue;
          const isAllOfIt = Object.entries(seen).every(
            ([key, v]) => v === object[key as keyof typeof object],
          );
          const kept = !grid.isCut(seen, i);
          if (kept && isAllOfIt) whole++;
          // A part of it is never reported beside the whole.
          if (!isAllOfIt) expect(kept).toBe(false);
        }
        expect(whole).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  test('a box at the edge of the picture is not cut', () => {
    const grid = windowGrid(1400, 1400);
    expect(grid.isCut(box(0, 0, 100, 100), 0)).toBe(false);
    expect(grid.isCut(box(1300, 1300, 1400, 1400), 8)).toBe(false);
  });

  test('a box at an inner edge is cut where another window sees its other end', () => {
    const grid = windowGrid(1400, 400);
    // Window 0 ends at 768, window 1 begins at 512.
    expect(grid.isCut(box(600, 10, 768, 90), 0)).toBe(true);
    expect(grid.isCut(box(600, 10, 759, 90), 0)).toBe(false);
    expect(grid.isCut(box(512, 10, 700, 90), 1)).toBe(true);
  });

  test('what no window sees whole is kept by each', () => {
    const grid = windowGrid(1400, 400);
    expect(grid.isCut(box(300, 10, 768, 90), 0)).toBe(false);
    expect(grid.isCut(box(512, 10, 1000, 90), 1)).toBe(false);
  });
});
