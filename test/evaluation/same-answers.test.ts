import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { keepQuestion, parseKeptAnswers } from '../../src/evaluation/kept-answers.js';
import { sameAnswers } from '../../src/evaluation/same-answers.js';
import type { Prediction } from '../../src/tasks/classify/top-predictions.js';
import { encodeMask } from '../../src/tasks/objects/run-length-mask.js';
import type { TaskAnswers } from '../../src/tasks/task.js';

/** Predictions of these classes, best first. */
function classes(...scores: [index: number, score: number][]): TaskAnswers {
  const predictions = scores.map(
    ([index, score]): Prediction => ({ index, score, wnid: `n${index}`, label: `class ${index}` }),
  );
  return { predictions };
}

/** Objects of a picture of 20 x 10 pixels: category, left edge, width; all 10 high, the mask fills the box. */
function objects(...given: [categoryId: number, x: number, width: number][]): TaskAnswers {
  const detections = given.map(([categoryId, x, width]) => ({
    ...{ categoryId, label: `category ${categoryId}`, score: 0.9 },
    box: { x, y: 0, width, height: 10 },
    mask: encodeMask(
      { width, height: 10, data: new Uint8Array(10 * width).fill(1) },
      { x, y: 0, width: 20, height: 10 },
    ),
  }));
  return { detections };
}

const same = (keep: string, original: TaskAnswers, answers: TaskAnswers) =>
  sameAnswers(parseKeptAnswers(keep.split(',')), original, answers);

describe('classes', () => {
  const six = [
    [1, 0.4],
    [2, 0.2],
    [3, 0.1],
    [4, 0.08],
    [5, 0.06],
    [6, 0.05],
  ] as [number, number][];
  const [one, two, ...rest] = six;

  test('top1 looks at the best one alone', () => {
    expect(same('top1', classes([1, 0.9], [2, 0.1]), classes([1, 0.3], [7, 0.2]))).toBe(true);
    expect(same('top1', classes([1, 0.9], [2, 0.1]), classes([2, 0.5], [1, 0.4]))).toBe(false);
  });

  test('top5 looks at which they are, not at their order', () => {
    const turned = classes([2, 0.5], [1, 0.2], ...rest);
    expect(same('top5', classes(...six), turned)).toBe(true);
    expect(same('top1,top5', classes(...six), turned)).toBe(false);
    const sixthForFifth = classes(one!, two!, rest[0]!, rest[1]!, rest[3]!, rest[2]!);
    expect(same('top5', classes(...six), sixthForFifth)).toBe(false);
  });

  test('labels are those of the probability that is asked for', () => {
    const original = classes([1, 0.6], [2, 0.3]);
    expect(same('labels', original, classes([1, 0.5], [3, 0.4]))).toBe(true);
    expect(same('labels', original, classes([1, 0.49], [2, 0.3]))).toBe(false);
    expect(same('labels=0.3', original, classes([2, 0.6], [1, 0.3]))).toBe(true);
    expect(same('labels=0.3', original, classes([1, 0.6], [2, 0.29]))).toBe(false);
    expect(same('labels=0.3', original, classes([1, 0.4], [2, 0.3], [3, 0.3]))).toBe(false);
    // Nothing before and nothing after is the same.
    expect(same('labels=0.9', original, classes([3, 0.5]))).toBe(true);
  });
});

describe.each(['boxes', 'masks'])('%s', (kind) => {
  test('are as many, of the same categories, where they were', () => {
    const original = objects([1, 0, 8], [2, 10, 8]);
    expect(same(kind, original, objects([2, 10, 8], [1, 0, 8]))).toBe(true);
    expect(same(kind, original, objects([1, 0, 8]))).toBe(false);
    expect(same(kind, original, objects([1, 0, 8], [2, 10, 8], [2, 11, 8]))).toBe(false);
    expect(same(kind, original, objects([1, 0, 8], [1, 10, 8]))).toBe(false);
    expect(same(kind, objects(), objects())).toBe(true);
    expect(same(kind, objects(), objects([1, 0, 8]))).toBe(false);
  });

  test('overlap by what is asked for, and that much is enough', () => {
    // 5 columns of 10: an overlap of exactly a half.
    const [original, half] = [objects([1, 0, 10]), objects([1, 0, 5])];
    expect(same(kind, original, half)).toBe(true);
    expect(same(`${kind}=0.51`, original, half)).toBe(false);
    expect(same(`${kind}=1`, original, objects([1, 0, 10]))).toBe(true);
  });

  test('are paired so that each has its own, whoever would take the best first', () => {
    // The first of the found overlaps both, and one better; the second only that one.
    const original = objects([1, 0, 10], [1, 4, 10]);
    const found = objects([1, 1, 10], [1, 0, 6]);
    expect(same(`${kind}=0.5`, original, found)).toBe(true);
    // One object found twice is not two.
    expect(same(`${kind}=0.5`, objects([1, 0, 8], [1, 12, 8]), objects([1, 0, 8], [1, 1, 8]))).toBe(false);
  });
});

test('masks are compared by their pixels, not by their boxes', () => {
  const original = objects([1, 0, 10]);
  const [object] = objects([1, 0, 10]).detections!;
  const thin = objects([1, 0, 2]).detections!.map((one) => ({ ...object!, ...one, box: object!.box }));
  expect(same('boxes', original, { detections: thin })).toBe(true);
  expect(same('masks', original, { detections: thin })).toBe(false);
});

describe('what is to be kept', () => {
  test.each([
    ['top1', { tasks: ['classify'], top: 5 }],
    ['labels=0.01', { tasks: ['classify'], top: 100 }],
    ['boxes', { tasks: ['detect'] }],
    ['boxes,masks=0.6', { tasks: ['segment'] }],
    ['masks,top5', { tasks: ['classify', 'segment'] }],
  ])('%s asks no more than it needs', (keep, question) => {
    const asked = keepQuestion(parseKeptAnswers(keep.split(',')), 0.2);
    expect(asked).toMatchObject({ ...question, detect: { minScore: 0.2 } });
  });

  test.each([
    [[]],
    [['']],
    [['top2']],
    [['top1=1']],
    [['boxes=']],
    [['boxes=0']],
    [['labels=1.5']],
    [['masks=x']],
    [['top1', 'everything']],
    ['top1'],
  ])('%j is refused', (answers) => {
    const parse = () => parseKeptAnswers(answers as string[]);
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(expect.objectContaining({ code: 'bad-keep' }));
  });
});
