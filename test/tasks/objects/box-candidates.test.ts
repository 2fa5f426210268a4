import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LevelMaps } from '../../../src/networks/task-network.js';
import { boxCandidates } from '../../../src/tasks/objects/box-candidates.js';

/** A level whose logits and distances a function gives. */
function level(
  stride: number,
  [height, width, categories]: readonly [number, number, number],
  logit: (position: number, category: number) => number,
  distance: (position: number, side: number) => number = () => 0,
): LevelMaps {
  const map = (channels: number, value: (position: number, channel: number) => number) => {
    const length = height * width * channels;
    const data = Float32Array.from({ length }, (_, i) => value(Math.floor(i / channels), i % channels));
    return { data, height, width, channels };
  };
  return { stride, classes: map(categories, logit), distances: map(4, distance) };
}

const wide = { width: 10_000, height: 10_000 };

describe('boxCandidates', () => {
  test('a box by hand', () => {
    // Position (2, 1) of a 2 x 4 level at stride 8 lies at (20, 12); its edges are 1, 0.5, 2 and 1 strides away.
    const distances = [0, Math.log(0.5), Math.log(2), 0];
    const levels = [
      level(
        8,
        [2, 4, 3],
        (position, category) => (position === 6 && category === 1 ? Math.log(3) : -9),
        (_, side) => distances[side]!,
      ),
    ];
    const [found, ...others] = boxCandidates(levels, wide, { minScore: 0.1, limit: 1000 });
    expect(others).toEqual([]);
    expect(found).toMatchObject({ category: 1, level: 0, position: 6, centreX: 20, centreY: 12 });
    expect(found!.score).toBeCloseTo(0.75, 6);
    const { left, top, right, bottom } = found!.box;
    for (const [actual, expected] of [
      [left, 12],
      [top, 8],
      [right, 36],
      [bottom, 20],
    ] as const) {
      expect(actual).toBeCloseTo(expected, 5);
    }
  });

  test('clips to the picture, not to its padding, and drops what is left without area', () => {
    // Stride 16: positions at x = 8 and 24 in a picture 17 wide; edges 1 stride, then e^-3 strides away.
    const at = (distance: number) =>
      boxCandidates(
        [
          level(
            16,
            [1, 2, 1],
            () => 0,
            () => distance,
          ),
        ],
        { width: 17, height: 9 },
        { minScore: 0.5, limit: 10 },
      ).map(({ box }) => box);
    expect(at(0)).toEqual([
      { left: 0, top: 0, right: 17, bottom: 9 },
      { left: 8, top: 0, right: 17, bottom: 9 },
    ]);
    expect(at(-3)).toHaveLength(1);
  });

  test('distances end at e^6 strides', () => {
    const levels = [
      level(
        8,
        [1, 1, 1],
        () => 0,
        (_, side) => (side < 2 ? 0 : 1e30),
      ),
    ];
    const extent = { width: 1e9, height: 1e9 };
    const [found] = boxCandidates(levels, extent, { minScore: 0.1, limit: 1 });
    expect(found!.box.right).toBeCloseTo(4 + 8 * Math.exp(6), 6);
  });

  test('equal scores come by level, position and category', () => {
    const levels = [level(8, [2, 2, 2], () => 1), level(16, [1, 1, 2], (_, c) => (c === 0 ? 1 : 2))];
    const order = (limit: number) =>
      boxCandidates(levels, wide, { minScore: 0.3, limit }).map(({ level, position, category }) =>
        [level, position, category].join(''),
      );
    const all = ['101', '000', '001', '010', '011', '020', '021', '030', '031', '100'];
    expect(order(1000)).toEqual(all);
    for (const limit of [1, 2, 5, 9, 10]) expect(order(limit)).toEqual(all.slice(0, limit));
  });

  test('nothing above the smallest score is no error', () => {
    const levels = [level(8, [3, 3, 20], () => -20)];
    expect(boxCandidates(levels, wide, { minScore: 0.05, limit: 1000 })).toEqual([]);
    expect(boxCandidates([], wide, { minScore: 0.05, limit: 1000 })).toEqual([]);
  });

  test('the smallest score counts as reached; 0 takes everything and 1 what is certain', () => {
    const levels = [level(8, [1, 3, 1], (position) => [0, 50, -50][position]!)];
    const count = (minScore: number) => boxCandidates(levels, wide, { minScore, limit: 10 }).length;
    expect([0, 0.5, 0.5000001, 1].map(count)).toEqual([3, 2, 1, 1]);
  });

  test('takes what sorting everything takes, of hundreds of thousands too', () => {
    const naive = (levels: LevelMaps[], minScore: number, limit: number) =>
      levels
        .flatMap(({ classes }, level) =>
          Array.from(classes.data, (logit, index) => ({ level, index, score: 1 / (1 + Math.exp(-logit)) })),
        )
        .filter(({ score }) => score >= minScore)
        .sort((a, b) => b.score - a.score || a.level - b.level || a.index - b.index)
        .slice(0, limit)
        .map(({ level, index, score }) => [level, index, score]);
    const taken = (levels: LevelMaps[], minScore: number, limit: number) =>
      boxCandidates(levels, wide, { minScore, limit }).map(({ level, position, category, score }) => [
        level,
        position * 3 + category,
        score,
      ]);
    fc.assert(
      fc.property(
        // Few different values, so that there are ties at every limit.
        fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 24, maxLength: 24 }),
        fc.constantFrom(0, 0.2, 0.5, 0.9),
        fc.integer({ min: 1, max: 30 }),
        (values, minScore, limit) => {
          const levels = [
            level(8, [2, 3, 3], (position, c) => values[position * 3 + c]!),
            level(16, [1, 2, 3], (position, c) => values[18 + position * 3 + c]!),
          ];
          expect(taken(levels, minScore, limit)).toEqual(naive(levels, minScore, limit));
        },
      ),
    );
    const many = [level(8, [200, 400, 3], (position, c) => Math.sin(position * 3 + c) * 4)];
    expect(taken(many, 0.05, 1000)).toEqual(naive(many, 0.05, 1000));
  });
});
