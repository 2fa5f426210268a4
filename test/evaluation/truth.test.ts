import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { averagePrecision } from '../../src/evaluation/average-precision.js';
import type { InstanceObject } from '../../src/evaluation/instances.js';
import { matchDetections } from '../../src/evaluation/match-detections.js';
import { boxTruth, maskTruth } from '../../src/evaluation/truth.js';
import { decodeMask, encodeMask, type RunLengthMask } from '../../src/tasks/objects/run-length-mask.js';

const size = { width: 6, height: 3 };

/** Instance map of two objects, one of them next to unknown pixels. */
const map = {
  ...size,
  // biome-ignore format: a picture
  data: Uint8Array.from([
    1, 1, 0, 255, 2, 2,
    1, 1, 0, 255, 2, 0,
    0, 0, 0,   0, 0, 0,
  ]),
};

function annotated(changes: Partial<InstanceObject>): InstanceObject {
  const box = { x: 0, y: 0, width: 2, height: 2 };
  return { id: 1, imageId: 1, categoryId: 5, box, isCrowd: false, ...changes };
}

/** Rows of a mask as text. */
function drawn(mask: RunLengthMask | undefined): string[] {
  const { width, height, data } = decodeMask(mask!);
  return Array.from({ length: height }, (_, row) =>
    [...data.subarray(row * width, (row + 1) * width)].map((value) => '.#'[value]).join(''),
  );
}

test('boxes keep their crowds', () => {
  const objects = [annotated({}), annotated({ isCrowd: true, maskQuality: 'none' })];
  expect(boxTruth(objects).map(({ isCrowd }) => isCrowd)).toEqual([false, true]);
});

describe('masks', () => {
  test('exact ones come from the map, unknown pixels apart', () => {
    const { truth, unknown } = maskTruth([annotated({ instance: 2, maskQuality: 'exact' })], size, map);
    expect(drawn(truth[0]!.mask)).toEqual(['....##', '....#.', '......']);
    expect(truth[0]!.isCrowd).toBe(false);
    expect(drawn(unknown)).toEqual(['...#..', '...#..', '......']);
  });

  test('without unknown pixels there is no mask of them', () => {
    const clean = { ...map, data: map.data.map((value) => (value === 255 ? 0 : value)) };
    expect(maskTruth([], size, clean)).toEqual({ truth: [] });
  });

  test("an annotation's own runs win over the map", () => {
    const segmentation = encodeMask({ ...size, data: map.data.map((value) => (value === 2 ? 1 : 0)) });
    const { truth } = maskTruth([annotated({ instance: 1, segmentation })], size, map);
    expect(truth[0]!.mask).toEqual(segmentation);
  });

  test.each([
    ['ambiguous', { instance: 1, maskQuality: 'ambiguous' as const }, map],
    ['no mask', { maskQuality: 'none' as const }, map],
    ['no pixels in the map', { instance: 9, maskQuality: 'exact' as const }, map],
    ['no map', { instance: 1, maskQuality: 'exact' as const }, undefined],
  ])('an object of which only the box is known is ignored: %s', (_name, changes, instanceMap) => {
    const box = { x: 0.9, y: 0, width: 1.2, height: 1.5 };
    const { truth } = maskTruth([annotated({ ...changes, box })], size, instanceMap);
    expect(truth[0]).toMatchObject({ categoryId: 5, isCrowd: true });
    expect(drawn(truth[0]!.mask)).toEqual(['###...', '###...', '......']);
  });

  test('a crowd with a mask stays a crowd with that mask', () => {
    const { truth } = maskTruth([annotated({ instance: 1, isCrowd: true })], size, map);
    expect(truth[0]!.isCrowd).toBe(true);
    expect(drawn(truth[0]!.mask)).toEqual(['##....', '##....', '......']);
  });

  test('the region of a box is that of its pixels, wherever it lies', () => {
    const place = fc.double({ min: -4, max: 9, noNaN: true });
    const side = fc.double({ min: 0, max: 12, noNaN: true });
    fc.assert(
      fc.property(place, place, side, side, (x, y, width, height) => {
        const { truth } = maskTruth([annotated({ box: { x, y, width, height } })], size);
        const data = Uint8Array.from({ length: 18 }, (_, i) => {
          const [column, row] = [i % 6, Math.floor(i / 6)];
          const isInside =
            column + 1 > Math.floor(x) && column >= Math.floor(x) && column < Math.ceil(x + width);
          return isInside && row >= Math.floor(y) && row < Math.ceil(y + height) ? 1 : 0;
        });
        expect(truth[0]!.mask).toEqual(encodeMask({ ...size, data }));
      }),
    );
  });

  test('the region of a box in a picture of 4 thousand million pixels', () => {
    const huge = { width: 65535, height: 65535 };
    const { truth } = maskTruth([annotated({ box: { x: 9000, y: 0, width: 3, height: 70000 } })], huge);
    expect(truth[0]!.mask!.size).toEqual([65535, 65535]);
  });

  test('a map of another size is refused', () => {
    expect(() => maskTruth([], { width: 3, height: 6 }, map)).toThrow(
      expect.objectContaining({ code: 'map-size' }),
    );
  });
});

test('in evaluation, an object with a box only is neither asked for nor held against a detection', () => {
  const objects = [
    annotated({ instance: 2, maskQuality: 'exact' }),
    annotated({ id: 2, instance: 1, maskQuality: 'ambiguous' }),
  ];
  const { truth, unknown } = maskTruth(objects, size, map);
  const [exact, region] = truth;
  const detections = [
    { categoryId: 5, score: 0.9, box: region!.box, mask: region!.mask! },
    { categoryId: 5, score: 0.5, box: exact!.box, mask: exact!.mask! },
  ];
  const matches = matchDetections([{ truth, detections, unknown }], { kind: 'mask', categoryIds: [5] });
  expect(averagePrecision(matches)).toMatchObject({
    ap: expect.closeTo(1, 9),
    categories: [{ truthCount: 1 }],
  });
});
