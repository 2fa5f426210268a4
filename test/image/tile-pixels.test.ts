import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TILE_EDGE, tileGrid } from '../../src/geometry.js';
import { fitSize } from '../../src/image/fit-size.js';
import type { Picture } from '../../src/image/picture.js';
import { tilePixels } from '../../src/image/tile-pixels.js';

function picture(width: number, height: number): Picture {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7 + (i >> 8)) & 255);
  return { width, height, data, sourceWidth: width, sourceHeight: height, orientation: 1, notes: [] };
}

describe('tilePixels', () => {
  test('pads by repeating the last column and row', () => {
    const source = picture(3, 2);
    const tile = tilePixels(source, { x: 0, y: 0, width: 3, height: 2 });
    expect([tile.width, tile.height, tile.channels]).toEqual([16, 16, 3]);
    for (let y = 0; y < 16; y++) {
      for (let x = 0; x < 16; x++) {
        for (let c = 0; c < 3; c++) {
          const byte = source.data[(Math.min(y, 1) * 3 + Math.min(x, 2)) * 3 + c]!;
          expect(tile.data[(y * 16 + x) * 3 + c]).toBe(Math.fround(byte / 255));
        }
      }
    }
  });

  test('the tiles of a picture are the picture', () => {
    const source = picture(TILE_EDGE + 30, TILE_EDGE + 1);
    const grid = tileGrid(source.width, source.height);
    const seen = new Uint8Array(source.data.length);
    for (let index = 0; index < grid.columns * grid.rows; index++) {
      const area = grid.tile(index);
      const tile = tilePixels(source, area);
      expect([tile.width, tile.height]).toEqual([area.latentWidth * 16, area.latentHeight * 16]);
      for (let y = 0; y < area.height; y++) {
        for (let i = 0; i < area.width * 3; i++) {
          const value = tile.data[y * tile.width * 3 + i]! * 255;
          seen[((area.y + y) * source.width + area.x) * 3 + i] = Math.round(value);
        }
      }
    }
    expect(Buffer.compare(seen, source.data)).toBe(0);
  });
});

describe('fitSize', () => {
  const side = fc.integer({ min: 1, max: 70_000 });

  test('never enlarges, never vanishes, meets the longer side and keeps proportions', () => {
    fc.assert(
      fc.property(side, side, fc.integer({ min: 1, max: 4096 }), (width, height, maxSide) => {
        const fitted = fitSize(width, height, maxSide);
        expect(Math.max(fitted.width, fitted.height)).toBe(Math.min(maxSide, Math.max(width, height)));
        expect(Math.min(fitted.width, fitted.height)).toBeGreaterThanOrEqual(1);
        const scale = Math.min(1, maxSide / Math.max(width, height));
        expect(Math.abs(fitted.width - Math.max(1, width * scale))).toBeLessThanOrEqual(0.5 + 1e-9);
        expect(Math.abs(fitted.height - Math.max(1, height * scale))).toBeLessThanOrEqual(0.5 + 1e-9);
      }),
    );
  });

  test('none keeps every pixel', () => {
    expect(fitSize(60_000, 2, 'none')).toEqual({ width: 60_000, height: 2 });
  });
});
