import { describe, expect, test } from 'vitest';
import { readYoloxBoxes, yoloxProposals } from '../../../src/bench/detectors/yolox-boxes.js';
import { COCO_CATEGORIES } from '../../../src/tasks/objects/category-lists.js';
import { categoryKey } from '../../../src/tasks/objects/category-names.js';

const frame = { width: 64, height: 32 };
const count = 8 * 4 + 4 * 2 + 2 * 1;

/** An output that says nothing, and a function to say something at a position. */
function output(categories = 3) {
  const values = new Float32Array(count * (5 + categories));
  const say = (position: number, box: number[], objectness: number, category: number, score: number) => {
    values.set([...box, objectness], position * (5 + categories));
    values[position * (5 + categories) + 5 + category] = score;
  };
  return { values, say };
}

describe('proposals', () => {
  test('stand on three grids', () => {
    expect(yoloxProposals(64, 32)).toBe(count);
    // As published for an input of 416 pixels.
    expect(yoloxProposals(416, 416)).toBe(3549);
  });

  test('are centres in strides from their position, and logarithms of sizes', () => {
    const { values, say } = output();
    // Stride 16, row 1, column 2.
    say(32 + 4 + 2, [0.5, 0.25, Math.log(2), 0], 0.5, 1, 0.8);
    const [one, ...rest] = readYoloxBoxes(values, frame, 10);
    expect(rest).toEqual([]);
    expect(one!.category).toBe(1);
    expect(one!.score).toBeCloseTo(0.4);
    const [x, y] = [2 * 16 + 8, 16 + 4];
    expect(one!.box.left).toBeCloseTo(x - 16);
    expect(one!.box.right).toBeCloseTo(x + 16);
    expect(one!.box.top).toBeCloseTo(y - 8);
    expect(one!.box.bottom).toBeCloseTo(y + 8);
  });

  test('that overlap a better one of their category are left out, others stay, best first', () => {
    const { values, say } = output();
    say(0, [0, 0, 1, 1], 0.6, 0, 1);
    say(1, [-0.9, 0, 1, 1], 0.9, 0, 1); // nearly where the first one is
    say(9, [-1, -1, 1, 1], 0.7, 2, 1); // as the first, another category
    say(40, [0.5, 0.5, 0, 0], 0.5, 0, 1); // elsewhere
    const found = readYoloxBoxes(values, frame, 10);
    expect(found.map(({ category, score }) => [category, Math.round(100 * score)])).toEqual([
      [0, 90],
      [2, 70],
      [0, 50],
    ]);
    expect(readYoloxBoxes(values, frame, 1)).toHaveLength(1);
  });

  test('nobody is sure of are none', () => {
    const { values, say } = output();
    say(3, [0, 0, 0, 0], 0.1, 0, 0.09);
    expect(readYoloxBoxes(values, frame, 10)).toEqual([]);
  });
});

test('categories are COCO’s 80, and found under the words of PASCAL VOC', () => {
  expect(COCO_CATEGORIES).toHaveLength(80);
  expect(new Set(COCO_CATEGORIES.map(categoryKey)).size).toBe(80);
  const known = new Set(COCO_CATEGORIES.map(categoryKey));
  for (const name of [
    'aeroplane',
    'diningtable',
    'motorbike',
    'pottedplant',
    'sofa',
    'tvmonitor',
    'Dining Table',
  ]) {
    expect(known).toContain(categoryKey(name));
  }
});
