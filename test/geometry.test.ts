import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TILE_EDGE, tileGrid } from '../src/geometry.js';

test('a picture of 530 x 513 pixels has four tiles', () => {
  const grid = tileGrid(530, 513);
  expect([grid.columns, grid.rows]).toEqual([2, 2]);
  expect(grid.tile(0)).toEqual({
    x: 0,
    y: 0,
    width: 512,
    height: 512,
    latentHeight: 32,
    latentWidth: 32,
    hyperHeight: 8,
    hyperWidth: 8,
  });
  expect(grid.tile(3)).toEqual({
    x: 512,
    y: 512,
    width: 18,
    height: 1,
    latentHeight: 1,
    latentWidth: 2,
    hyperHeight: 1,
    hyperWidth: 1,
  });
});

test.each([
  [1, 1, 1],
  [16, 1, 1],
  [17, 2, 1],
  [64, 4, 1],
  [65, 5, 2],
  [224, 14, 4],
  [512, 32, 8],
])('a side of %d pixels has %d latents and %d hyper-latents', (side, latents, hyperLatents) => {
  const tile = tileGrid(side, side).tile(0);
  expect([tile.latentWidth, tile.latentHeight, tile.hyperWidth, tile.hyperHeight]).toEqual([
    latents,
    latents,
    hyperLatents,
    hyperLatents,
  ]);
});

test('tiles cover the picture once, in raster order', () => {
  const side = fc.integer({ min: 1, max: 3000 });
  fc.assert(
    fc.property(side, side, (width, height) => {
      const grid = tileGrid(width, height);
      let area = 0;
      for (let index = 0; index < grid.columns * grid.rows; index++) {
        const tile = grid.tile(index);
        expect([tile.x, tile.y]).toEqual([
          (index % grid.columns) * TILE_EDGE,
          Math.floor(index / grid.columns) * TILE_EDGE,
        ]);
        expect(Math.min(tile.width, tile.height)).toBeGreaterThan(0);
        expect(Math.max(tile.width, tile.height)).toBeLessThanOrEqual(TILE_EDGE);
        area += tile.width * tile.height;
      }
      expect(area).toBe(width * height);
    }),
  );
});

test('there is no tile outside the grid and no grid without sides', () => {
  const grid = tileGrid(600, 10);
  for (const index of [-1, 2, 0.5, Number.NaN]) expect(() => grid.tile(index)).toThrow(RangeError);
  for (const side of [0, -5, 1.5, 2 ** 32, Number.NaN]) expect(() => tileGrid(side, 5)).toThrow(RangeError);
});
