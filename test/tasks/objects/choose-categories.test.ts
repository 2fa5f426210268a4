import { expect, test } from 'vitest';
import { UsageError } from '../../../src/errors.js';
import { chooseCategories } from '../../../src/tasks/objects/choose-categories.js';

const KNOWN = [
  { id: 3, name: 'couch' },
  { id: 4, name: 'giraffe' },
  { id: 7, name: 'front desk' },
];

test.each<[(string | number)[], number[]]>([
  [['giraffe'], [1]],
  [
    ['Front-Desk', 'SOFA'],
    [2, 0],
  ],
  [
    [3, 7],
    [0, 2],
  ],
  [['voc'], [0]],
  [['COCO'], [0, 1]],
  [
    ['voc', 'voc', 4],
    [0, 1],
  ],
])('%j are the categories %j', (wanted, numbers) => {
  expect([...chooseCategories(KNOWN, wanted)]).toEqual(numbers);
});

test.each<[(string | number)[], string]>([
  [['girafe'], 'knows no category "girafe"; giraffe may be meant'],
  [['constructor'], 'knows no category "constructor"; there are'],
  [[5], 'knows no category 5; there are couch, giraffe, front desk, and the lists coco and voc'],
  [[], 'no category of the model is named'],
])('%j is refused', (wanted, message) => {
  const choose = () => chooseCategories(KNOWN, wanted);
  expect(choose).toThrow(UsageError);
  expect(choose).toThrow(message);
});

test('a list of which the model knows nothing names no category', () => {
  expect(() => chooseCategories(KNOWN.slice(2), ['voc'])).toThrow('no category of the model is named');
});
