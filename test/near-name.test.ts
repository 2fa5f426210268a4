import { expect, test } from 'vitest';
import { nearName } from '../src/near-name.js';

test.each([
  ['qualty', 'quality'],
  ['Quality', 'quality'],
  ['maxside', 'maxSide'],
  ['tergetByts', 'targetBytes'],
  ['tp', 'top'],
  ['bpp', undefined],
  ['tax', undefined],
  ['', undefined],
  ['somethingElse', undefined],
])('%j is near %j', (name, near) => {
  expect(nearName(name, ['quality', 'maxSide', 'targetBytes', 'top'])).toBe(near);
});

test('of two the nearer one', () => {
  expect(nearName('tasts', ['taste', 'tasks', 'tests'])).toBe('taste');
  expect(nearName('minScor', ['maxScore', 'minScore'])).toBe('minScore');
});
