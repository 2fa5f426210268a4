import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluateMask, maskParameterCount } from '../../../src/tasks/objects/dynamic-mask.js';

const HEIGHT = 6;
const WIDTH = 9;

function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** The mask network as matrices, for one cell of the whole map. */
function cellLogit(
  features: number[],
  parameters: Float32Array,
  x: number,
  y: number,
  place: { centreX: number; centreY: number; stride: number },
): number {
  const input = [
    ((x + 0.5) * 4 - place.centreX) / (8 * place.stride),
    ((y + 0.5) * 4 - place.centreY) / (8 * place.stride),
    ...features,
  ];
  let rest = [...parameters];
  const take = (count: number) => {
    const part = rest.slice(0, count);
    rest = rest.slice(count);
    return part;
  };
  const sizes = [8 * input.length, 64, 8];
  const weights = sizes.map(take);
  const biases = [8, 8, 1].map(take);
  let values = input;
  for (const [i, bias] of biases.entries()) {
    const sums = bias.map((b, out) =>
      values.reduce((sum, value, k) => sum + value * weights[i]![out * values.length + k]!, b),
    );
    values = i < 2 ? sums.map((sum) => Math.max(sum, 0)) : sums;
  }
  return values[0]!;
}

test('as many parameters as the controller gives', () => {
  expect(maskParameterCount(8)).toBe(169);
  expect(maskParameterCount(3)).toBe(40 + 64 + 8 + 17);
});

describe('evaluateMask', () => {
  test('gives what matrix products give, on the cells around the box only', () => {
    const edge = (count: number) => fc.double({ min: 0, max: 4 * count, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer(),
        fc.constantFrom(1, 3, 8),
        fc.tuple(edge(WIDTH), edge(WIDTH), edge(HEIGHT), edge(HEIGHT)),
        fc.constantFrom(8, 16, 32),
        (seed, channels, [x0, x1, y0, y1], stride) => {
          const next = random(seed);
          const data = Float32Array.from({ length: HEIGHT * WIDTH * channels }, next);
          const parameters = Float32Array.from({ length: maskParameterCount(channels) }, next);
          const box = {
            ...{ left: Math.min(x0, x1), right: Math.max(x0, x1) },
            ...{ top: Math.min(y0, y1), bottom: Math.max(y0, y1) },
          };
          const place = { box, centreX: 20 * next(), centreY: 20 * next(), stride };
          const map = { data, height: HEIGHT, width: WIDTH, channels };
          const grid = evaluateMask(map, parameters, place);
          const [firstX, firstY] = [grid.x / 4, grid.y / 4];
          for (let y = 0; y < grid.height; y++) {
            for (let x = 0; x < grid.width; x++) {
              const at = ((firstY + y) * WIDTH + firstX + x) * channels;
              const cell = [...data.subarray(at, at + channels)];
              const expected = cellLogit(cell, parameters, firstX + x, firstY + y, place);
              expect(grid.logits[y * grid.width + x]).toBeCloseTo(expected, 4);
            }
          }
          // Every cell centre in the box is there, and at most one cell more on each side.
          const covers = (first: number, count: number, from: number, to: number, all: number) => {
            for (let i = 0; i < all; i++) {
              const centre = (i + 0.5) * 4;
              if (centre >= from && centre <= to) {
                expect(i >= first && i < first + count).toBe(true);
              } else if (i >= first && i < first + count) {
                expect(Math.min(Math.abs(centre - from), Math.abs(centre - to))).toBeLessThanOrEqual(4);
              }
            }
          };
          covers(firstX, grid.width, box.left, box.right, WIDTH);
          covers(firstY, grid.height, box.top, box.bottom, HEIGHT);
        },
      ),
    );
  });

  test('a map of one cell', () => {
    const map = { data: Float32Array.of(1), height: 1, width: 1, channels: 1 };
    const box = { left: 0, top: 0, right: 1, bottom: 1 };
    const parameters = new Float32Array(maskParameterCount(1));
    parameters[parameters.length - 1] = 5;
    const grid = evaluateMask(map, parameters, { box, centreX: 4, centreY: 4, stride: 8 });
    expect(grid).toEqual({ logits: Float32Array.of(5), height: 1, width: 1, x: 0, y: 0 });
  });
});
