import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MaskGrid } from '../../../src/tasks/objects/dynamic-mask.js';
import { gridToMask } from '../../../src/tasks/objects/grid-to-mask.js';
import { decodeMask, maskArea, readRuns } from '../../../src/tasks/objects/run-length-mask.js';

/** Interpolates at every source pixel on its own. */
function naiveMask(
  grid: MaskGrid,
  box: { left: number; top: number; right: number; bottom: number },
  scale: { width: number; height: number; sourceWidth: number; sourceHeight: number },
): { value: number; inside: boolean }[] {
  const pixels: { value: number; inside: boolean }[] = [];
  for (let y = 0; y < scale.sourceHeight; y++) {
    for (let x = 0; x < scale.sourceWidth; x++) {
      const cx = ((x + 0.5) * scale.width) / scale.sourceWidth;
      const cy = ((y + 0.5) * scale.height) / scale.sourceHeight;
      const u = Math.min(Math.max((cx - grid.x) / 4 - 0.5, 0), grid.width - 1);
      const v = Math.min(Math.max((cy - grid.y) / 4 - 0.5, 0), grid.height - 1);
      const at = (row: number, column: number) =>
        grid.logits[Math.min(row, grid.height - 1) * grid.width + Math.min(column, grid.width - 1)]!;
      const [i, j] = [Math.floor(u), Math.floor(v)];
      const upper = at(j, i) * (1 - u + i) + at(j, i + 1) * (u - i);
      const lower = at(j + 1, i) * (1 - u + i) + at(j + 1, i + 1) * (u - i);
      const inside = cx >= box.left && cx < box.right && cy >= box.top && cy < box.bottom;
      pixels.push({ value: upper * (1 - v + j) + lower * (v - j), inside });
    }
  }
  return pixels;
}

describe('gridToMask', () => {
  test('by hand: half of a box, without scaling', () => {
    // Two cells, centres at x = 2 and 6: the logit is 0 between them, at x = 4, and pixel 4 has its centre behind it.
    const grid = { logits: Float32Array.of(-1, 1), height: 1, width: 2, x: 0, y: 0 };
    const scale = { width: 8, height: 3, sourceWidth: 8, sourceHeight: 3 };
    const mask = gridToMask(grid, { left: 0, top: 1, right: 7, bottom: 3 }, scale);
    expect(mask.size).toEqual([3, 8]);
    // Columns 4, 5, 6 with rows 1 and 2: 13 pixels before, then 2 in turn with 1, 4 after.
    expect(readRuns(mask)).toEqual([13, 2, 1, 2, 1, 2, 3]);
  });

  test('is what interpolating every pixel gives', () => {
    const scenario = fc.record({
      gridHeight: fc.integer({ min: 1, max: 5 }),
      gridWidth: fc.integer({ min: 1, max: 5 }),
      shiftX: fc.integer({ min: 0, max: 3 }),
      shiftY: fc.integer({ min: 0, max: 3 }),
      values: fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 25, maxLength: 25 }),
      stretchX: fc.double({ min: 0.5, max: 4, noNaN: true }),
      stretchY: fc.double({ min: 0.5, max: 4, noNaN: true }),
      edges: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 }),
    });
    fc.assert(
      fc.property(
        scenario,
        ({ gridHeight, gridWidth, shiftX, shiftY, values, stretchX, stretchY, edges }) => {
          const grid = {
            ...{ height: gridHeight, width: gridWidth, x: 4 * shiftX, y: 4 * shiftY },
            logits: Float32Array.from(values.slice(0, gridHeight * gridWidth)),
          };
          const [width, height] = [grid.x + 4 * gridWidth + 2, grid.y + 4 * gridHeight + 1];
          const scale = {
            ...{ width, height },
            sourceWidth: Math.ceil(width * stretchX),
            sourceHeight: Math.ceil(height * stretchY),
          };
          const [a, b, c, d] = edges as [number, number, number, number];
          const box = {
            ...{ left: Math.min(a, b) * width, right: Math.max(a, b) * width },
            ...{ top: Math.min(c, d) * height, bottom: Math.max(c, d) * height },
          };
          const { data } = decodeMask(gridToMask(grid, box, scale));
          for (const [i, { value, inside }] of naiveMask(grid, box, scale).entries()) {
            // Within rounding of 0 either answer is right.
            if (!inside || Math.abs(value) > 1e-9) expect(data[i]).toBe(inside && value > 0 ? 1 : 0);
          }
        },
      ),
    );
  });

  test('an empty mask and a box between two pixel centres are no errors', () => {
    const grid = { logits: Float32Array.of(-1), height: 1, width: 1, x: 0, y: 0 };
    const scale = { width: 1, height: 1, sourceWidth: 1, sourceHeight: 1 };
    expect(maskArea(gridToMask(grid, { left: 0, top: 0, right: 1, bottom: 1 }, scale))).toBe(0);
    const full = { ...grid, logits: Float32Array.of(1) };
    expect(maskArea(gridToMask(full, { left: 0, top: 0, right: 1, bottom: 1 }, scale))).toBe(1);
    expect(maskArea(gridToMask(full, { left: 0.6, top: 0, right: 0.9, bottom: 1 }, scale))).toBe(0);
  });

  test('a source of 4 billion pixels needs neither their memory nor their time', () => {
    const [width, height] = [72, 72];
    const side = 65535;
    const logits = new Float32Array(18 * 18);
    for (let i = 0; i < logits.length; i++) {
      logits[i] = 6 - Math.hypot((i % 18) - 8.5, Math.floor(i / 18) - 8.5);
    }
    const grid = { logits, height: 18, width: 18, x: 0, y: 0 };
    const scale = { width, height, sourceWidth: side, sourceHeight: side };
    const before = process.memoryUsage().arrayBuffers;
    const mask = gridToMask(grid, { left: 0, top: 0, right: 72, bottom: 72 }, scale);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16e6);
    // A circle with a radius of 6 cells; interpolation of a distance flattens it by less than 2 %.
    const circle = Math.PI * ((6 * 4 * side) / width) ** 2;
    expect(maskArea(mask) / circle).toBeGreaterThan(0.97);
    expect(maskArea(mask) / circle).toBeLessThan(1.01);
  });
});
