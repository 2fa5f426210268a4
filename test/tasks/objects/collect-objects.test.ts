import { describe, expect, test } from 'vitest';
import type { LevelMaps } from '../../../src/networks/task-network.js';
import type { FeatureMap } from '../../../src/nn/backend.js';
import { collectObjects, type DetectedWindow } from '../../../src/tasks/objects/collect-objects.js';

/** One object a position of a level 100 x 100 at stride 8: [position, category, score, half side in pixels]. */
type Seen = readonly [position: number, category: number, score: number, half: number];

const SIDE = 100;

function windowOf(seen: readonly Seen[], place: Partial<DetectedWindow> = {}): DetectedWindow {
  const map = (channels: number, fill: number): FeatureMap => {
    const data = new Float32Array(SIDE * SIDE * channels).fill(fill);
    return { data, height: SIDE, width: SIDE, channels };
  };
  const level: LevelMaps = { stride: 8, classes: map(2, -50), distances: map(4, 0) };
  for (const [position, category, score, half] of seen) {
    level.classes.data[2 * position + category] = Math.log(score / (1 - score));
    level.distances.data.fill(Math.log(half / 8), 4 * position, 4 * position + 4);
  }
  return { levels: [level], x: 0, y: 0, width: 800, height: 800, isCut: () => false, ...place };
}

const scores = (found: readonly { score: number }[]) => found.map(({ score }) => Number(score.toFixed(4)));

describe('collectObjects', () => {
  const options = { minScore: 0.3, maxDetections: 100 };

  test('nothing found', () => {
    const collector = collectObjects(options);
    expect(collector.finish()).toEqual([]);
    collector.add(windowOf([]));
    expect(collector.finish()).toEqual([]);
  });

  test('an object that two windows see is reported once, by the better one', () => {
    const collector = collectObjects(options);
    // Position 1010 lies at (84, 84) of the first window, 1002 at (20, 84) of one that begins 64 further right.
    collector.add(windowOf([[1010, 0, 0.6, 40]]));
    collector.add(windowOf([[1002, 0, 0.7, 44]], { x: 64 }));
    const found = collector.finish();
    expect(scores(found)).toEqual([0.7]);
    expect(found[0]!.box.right).toBeCloseTo(84 + 44, 3);
    expect(found[0]!.box.bottom).toBeCloseTo(84 + 44, 3);
    expect(found[0]!.box.left).toBe(64);
  });

  test('a cut object is dropped, and still silences what overlaps it in its window', () => {
    const collector = collectObjects(options);
    const isCut = ({ right }: { right: number }) => right > 125;
    // The second ends at 116 and would not be cut itself.
    collector.add(
      windowOf(
        [
          [1010, 0, 0.9, 42],
          [1009, 0, 0.5, 40],
          [5050, 0, 0.4, 20],
        ],
        { isCut: (box) => isCut(box) && box.bottom < 200 },
      ),
    );
    expect(scores(collector.finish())).toEqual([0.4]);
  });

  test('equal scores stay in the order of windows and positions', () => {
    const collector = collectObjects(options);
    const far: Seen[] = [
      [5020, 1, 0.5, 8],
      [5040, 0, 0.5, 8],
    ];
    collector.add(windowOf(far));
    collector.add(windowOf(far, { x: 1000 }));
    const found = collector.finish();
    expect(found.map(({ category, box }) => [category, Math.round(box.left)])).toEqual([
      [1, 156],
      [0, 316],
      [1, 1156],
      [0, 1316],
    ]);
  });

  test('of thousands the best are kept', () => {
    const collector = collectObjects({ minScore: 0, maxDetections: 50 });
    for (let index = 0; index < 40; index++) {
      const seen = Array.from({ length: 2500 }, (_, i): Seen => {
        const position = 2 * (i % 50) + 200 * Math.floor(i / 50);
        return [position, index % 2, 0.1 + (0.8 * (i * 40 + index)) / 1e5, 4];
      });
      collector.add(windowOf(seen, { x: 800 * index }));
    }
    const expected = Array.from({ length: 50 }, (_, rank) => 0.1 + (0.8 * (1e5 - 1 - rank)) / 1e5);
    expect(scores(collector.finish())).toEqual(expected.map((score) => Number(score.toFixed(4))));
  });

  test('a controller that does not fit the mask features is a broken model', () => {
    const window = windowOf([[1010, 0, 0.9, 40]]);
    const mask = { data: new Float32Array(200 * 200 * 3), height: 200, width: 200, channels: 3 };
    const add = () => collectObjects(options).add({ ...window, mask });
    expect(add).toThrow(expect.objectContaining({ name: 'ModelError', code: 'bad-tensor' }));
  });
});
