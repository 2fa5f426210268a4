import { expect, test } from 'vitest';
import { placeLabels } from '../../src/image/place-labels.js';

const picture = { width: 200, height: 100 };
const size = { width: 40, height: 10 };
const box = (x: number, y: number, width: number, height: number) => ({ x, y, width, height });

test('a label stands on its box, or in it where there is no room above', () => {
  expect(placeLabels([box(20, 30, 60, 40)], [size], picture)).toEqual([box(20, 20, 40, 10)]);
  expect(placeLabels([box(20, 5, 60, 40)], [size], picture)).toEqual([box(20, 5, 40, 10)]);
});

test('a label stays in the picture', () => {
  expect(placeLabels([box(190, 30, 10, 40)], [size], picture)).toEqual([box(160, 20, 40, 10)]);
  const [flat] = placeLabels([box(0, 2, 50, 4)], [{ width: 40, height: 10 }], { width: 50, height: 12 });
  expect(flat).toEqual(box(0, 2, 40, 10));
  const [large] = placeLabels([box(3, 4, 5, 5)], [{ width: 400, height: 300 }], picture);
  expect(large).toMatchObject({ x: 0, y: 0 });
});

test('labels of one place do not cover each other, and the first has the best', () => {
  const boxes = Array.from({ length: 6 }, () => box(20, 30, 60, 60));
  const places = placeLabels(
    boxes,
    boxes.map(() => size),
    picture,
  );
  expect(places[0]).toEqual(box(20, 20, 40, 10));
  const tops = places.map(({ y }) => y).sort((a, b) => a - b);
  for (let i = 1; i < tops.length; i++) expect(tops[i]! - tops[i - 1]!).toBeGreaterThanOrEqual(10);
});
