import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AveragePrecision, averagePrecision } from '../../src/evaluation/average-precision.js';
import {
  type EvaluatedImage,
  IOU_THRESHOLDS,
  matchDetections,
  type ScoredObject,
  type TruthObject,
} from '../../src/evaluation/match-detections.js';
import { encodeMask } from '../../src/tasks/objects/run-length-mask.js';
import { expectClose, readCases } from './fixtures.js';

interface ExpectedFigures {
  ap: number | null;
  ap50: number | null;
  ap75: number | null;
}

interface DetectionCase {
  name: string;
  kind: 'box' | 'mask';
  categoryIds: number[];
  images: EvaluatedImage[];
  expected: ExpectedFigures & { categories: (ExpectedFigures & { categoryId: number })[] };
}

function expectFigures(actual: AveragePrecision, expected: DetectionCase['expected']): void {
  const compare = (a: Pick<AveragePrecision, 'ap' | 'ap50' | 'ap75'>, b: ExpectedFigures) => {
    expectClose(a.ap, b.ap);
    expectClose(a.ap50, b.ap50);
    expectClose(a.ap75, b.ap75);
  };
  compare(actual, expected);
  expect(actual.categories.map(({ categoryId }) => categoryId)).toEqual(
    expected.categories.map(({ categoryId }) => categoryId),
  );
  actual.categories.forEach((category, i) => {
    compare(category, expected.categories[i]!);
  });
}

const cases = readCases<DetectionCase>('detections');

describe('as pycocotools:', () => {
  test.each(cases.map((entry) => [entry.name, entry] as const))('%s', (_name, entry) => {
    expectFigures(averagePrecision(matchDetections(entry.images, entry)), entry.expected);
  });
});

/** The same pictures, no two detections with the same score. */
function withoutTies(images: readonly EvaluatedImage[]): EvaluatedImage[] {
  let rank = 0;
  return images.map((image) => ({
    ...image,
    detections: image.detections.map((object) => ({ ...object, score: object.score + 1e-6 * rank++ })),
  }));
}

test('counting a picture twice is having it twice', () => {
  for (const { images, ...entry } of cases.map((one) => ({ ...one, images: withoutTies(one.images) }))) {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: images.length, maxLength: images.length }), (counts) => {
        const repeated = images.flatMap((image, i) => new Array<EvaluatedImage>(counts[i]!).fill(image));
        const weighted = averagePrecision(matchDetections(images, entry), counts);
        const plain = averagePrecision(matchDetections(repeated, entry));
        const orNull = (value: number | undefined) => value ?? null;
        expectFigures(weighted, {
          ap: orNull(plain.ap),
          ap50: orNull(plain.ap50),
          ap75: orNull(plain.ap75),
          categories: plain.categories.map(({ categoryId, ap, ap50, ap75 }) => ({
            categoryId,
            ap: orNull(ap),
            ap50: orNull(ap50),
            ap75: orNull(ap75),
          })),
        });
      }),
      { numRuns: 15 },
    );
  }
});

/** A square of 4x4 pixels whose left edge lies at x, in a picture of 16x4. */
function square(x: number) {
  const data = new Uint8Array(16).fill(1);
  const mask = encodeMask({ width: 4, height: 4, data }, { x, y: 0, width: 16, height: 4 });
  return { categoryId: 1, box: { x, y: 0, width: 4, height: 4 }, mask };
}

const found = (x: number, score: number): ScoredObject => ({ ...square(x), score });
const there = (x: number, isCrowd = false): TruthObject => ({ ...square(x), isCrowd });
const options = { kind: 'mask', categoryIds: [1] } as const;
const ap50 = (image: EvaluatedImage) => averagePrecision(matchDetections([image], options)).ap50;

describe('pixels of which nobody knows what they show', () => {
  const unknown = square(8).mask;

  test('a detection among them is neither right nor wrong', () => {
    const image = { truth: [there(0)], detections: [found(8, 0.9), found(0, 0.5)] };
    expectClose(ap50(image), 0.5);
    expectClose(ap50({ ...image, unknown }), 1);
  });

  test('an object among them need not be found', () => {
    const image = { truth: [there(0), there(8)], detections: [found(0, 0.5)] };
    expectClose(ap50(image), 51 / 101);
    expectClose(ap50({ ...image, unknown }), 1);
  });

  test('only what is known of an object is compared', () => {
    // The object shares 2 of its 4 columns with the unknown ones, the detection all but those 2.
    const image = { truth: [there(6)], detections: [found(4, 0.5)] };
    expectClose(ap50(image), 0);
    expectClose(ap50({ ...image, unknown }), 1);
  });

  test('a detection that was empty from the start is wrong', () => {
    const empty = encodeMask({ width: 16, height: 4, data: new Uint8Array(64) });
    const image = { truth: [there(0)], detections: [{ ...found(0, 0.9), mask: empty }, found(0, 0.5)] };
    expectClose(ap50({ ...image, unknown }), 0.5);
  });
});

test('detections inside a crowd are ignored, any number of them', () => {
  const image = {
    truth: [there(0), there(8, true)],
    detections: [found(8, 0.9), found(8, 0.8), found(0, 0.5)],
  };
  expectClose(ap50(image), 1);
});

test('a second detection of an object is wrong', () => {
  expectClose(ap50({ truth: [there(0), there(8)], detections: [found(0, 0.9), found(0, 0.8)] }), 51 / 101);
});

test('the thresholds are those of numpy.linspace', () => {
  expect(IOU_THRESHOLDS[1]).toBe(0.5 + 0.44999999999999996 / 9);
  expect(IOU_THRESHOLDS[5]).toBe(0.75);
  expect(IOU_THRESHOLDS[9]).toBe(0.95);
});

describe('refused:', () => {
  test('a score that is no number', () => {
    const image = { truth: [], detections: [found(0, Number.NaN)] };
    expect(() => matchDetections([image], options)).toThrow(expect.objectContaining({ code: 'bad-score' }));
  });

  test('an object without a mask where masks are compared', () => {
    const image = { truth: [{ ...there(0), mask: undefined }], detections: [found(0, 0.5)] };
    expect(() => matchDetections([image], options)).toThrow(expect.objectContaining({ code: 'no-mask' }));
    expectClose(averagePrecision(matchDetections([image], { ...options, kind: 'box' })).ap, 1);
  });

  test('counts that do not fit the pictures', () => {
    expect(() => averagePrecision(matchDetections([], options), [1])).toThrow(
      expect.objectContaining({ code: 'length-mismatch' }),
    );
  });
});
