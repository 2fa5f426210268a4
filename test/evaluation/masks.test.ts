import { expect, test } from 'vitest';
import {
  decodeMask,
  encodeMask,
  intersectionArea,
  intersectMasks,
  maskArea,
  type RunLengthMask,
  subtractMasks,
  uniteMasks,
} from '../../src/tasks/objects/run-length-mask.js';
import { readCases } from './fixtures.js';

interface MaskCase {
  a: RunLengthMask;
  b: RunLengthMask;
  expected: {
    areaA: number;
    intersection: string;
    intersectionArea: number;
    union: string;
    difference: string;
  };
}

test.each(readCases<MaskCase>('masks'))('masks as pycocotools writes them, case %#', ({ a, b, expected }) => {
  expect(encodeMask(decodeMask(a))).toEqual(a);
  expect(encodeMask(decodeMask(b))).toEqual(b);
  expect(maskArea(a)).toBe(expected.areaA);
  expect(intersectionArea(a, b)).toBe(expected.intersectionArea);
  expect(intersectMasks(a, b).counts).toBe(expected.intersection);
  expect(uniteMasks(a, b).counts).toBe(expected.union);
  expect(subtractMasks(a, b).counts).toBe(expected.difference);
});
