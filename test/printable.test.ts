import { expect, test } from 'vitest';
import { printable, printableLines } from '../src/printable.js';

test.each([
  ['a\u001b[31mred', 'a\\x1b[31mred'],
  ['a\nerror: forged', 'a\\nerror: forged'],
  ['a\r\tb', 'a\\r\\tb'],
  ['nul\0bell\u0007del\u007f', 'nul\\x00bell\\x07del\\x7f'],
  ['c1 \u0085\u009b31m', 'c1 \\x85\\x9b31m'],
  ['gpj.\u202exe', 'gpj.\\u202exe'],
  ['\u2066in\u2069 \u200f \u061c', '\\u2066in\\u2069 \\u200f \\u061c'],
  ['line\u2028para\u2029bom\ufeff', 'line\\u2028para\\u2029bom\\ufeff'],
  // A byte of a name that is no UTF-8, and half of a character.
  ['caf\udce9.jpg', 'caf\\xe9.jpg'],
  ['\ud800', '\\ud800'],
])('%j is shown as %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

test('letters of all languages, joined pictures and accents stay', () => {
  const text = 'Grüße, e\u0301té, 写真, صورة, 👩\u200d👩\u200d👧, a b\u00a0c';
  expect(printable(text)).toBe(text);
});

test('of several lines their ends stay', () => {
  expect(printableLines('a\nb\r\n\u001b[2J')).toBe('a\nb\\r\n\\x1b[2J');
});
