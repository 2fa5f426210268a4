import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { errorPage } from '../scripts/make-error-page.js';
import { errorClasses } from '../src/error-codes.js';
import * as errors from '../src/errors.js';

const ROOT = join(import.meta.dirname, '..');
/** Codes that the parser of the command line throws, and its ways to say that help or version were printed. */
const parserCodes = new Set(
  readdirSync(join(ROOT, 'node_modules/commander/lib')).flatMap((name) =>
    [
      ...readFileSync(join(ROOT, 'node_modules/commander/lib', name), 'utf8').matchAll(/'commander\.(\w+)'/g),
    ].map((match) => match[1]!),
  ),
);
const PRINTED = ['helpDisplayed', 'version'];
/** Thrown by calls that the program does not make. */
const NEVER_THROWN = ['error', 'executeSubCommandAsync'];

test('docs/errors.md is what the table says', () => {
  const page = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
  expect(page, 'stale: npm run build && node scripts/make-error-page.js').toBe(errorPage(errorClasses));
});

describe('the table of errors', () => {
  test('has every class, and its exit code', () => {
    const thrown = Object.entries(errors).filter(([name]) => name !== 'DicmError' && name.endsWith('Error'));
    expect(thrown.map(([name]) => name).sort()).toEqual(Object.keys(errorClasses).sort());
    expect(new errors.FormatError('truncated', 'm').exitCode).toBe(errorClasses.FormatError.exitCode);
    expect(new errors.LimitError('maxTiles', 2, 1, 'It').exitCode).toBe(errorClasses.LimitError.exitCode);
  });

  test('says what each code means in sentences', () => {
    for (const { about, codes } of Object.values(errorClasses)) {
      for (const text of [about, ...Object.values<string>(codes)]) expect(text).toMatch(/^\S[^|\n]*\.$/);
    }
  });

  test('has no code that is thrown nowhere', () => {
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && name !== 'error-codes.ts')
      .map((name) => readFileSync(join(ROOT, 'src', name), 'utf8'))
      .join('\n');
    const codes = Object.values(errorClasses).flatMap((entry) => Object.keys(entry.codes));
    const unused = codes.filter((code) => !sources.includes(`'${code}'`) && !parserCodes.has(code));
    expect(unused).toEqual([]);
  });

  test('has every mistake that the parser of the command line finds', () => {
    expect(parserCodes.size).toBeGreaterThan(8);
    const wanted = [...parserCodes].filter((code) => ![...PRINTED, ...NEVER_THROWN].includes(code));
    expect(Object.keys(errorClasses.UsageError.codes)).toEqual(expect.arrayContaining(wanted));
  });
});
