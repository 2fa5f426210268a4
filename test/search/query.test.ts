import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DicmError } from '../../src/errors.js';
import { compileQuery } from '../../src/search/query/compile-query.js';
import { type Comparison, parseQuery, type Query } from '../../src/search/query/parse-query.js';
import { MADE } from './made-index.js';

const compile = (text: string) => compileQuery(parseQuery(text), MADE);

/** A query without the columns, which depend on how it is written. */
function withoutColumns(query: Query): unknown {
  return JSON.parse(JSON.stringify(query), (key, value) => (key === 'column' ? undefined : value));
}

const comparisons = fc.constantFrom<Comparison>('=', '!=', '<', '<=', '>', '>=');
const numbers = fc.oneof(
  fc.nat(5000),
  fc.nat(9999).map((n) => n / 100),
);
const scores = fc.option(
  fc.nat(100).map((n) => ({ value: n / 100, column: 0 })),
  { nil: undefined },
);
const texts = fc.oneof(fc.string(), fc.constantFrom('"', "'", `"'`, 'a "b" c', '%', '_', 'and', ''));

const test_ = fc.oneof(
  fc.record({
    kind: fc.constant('count' as const),
    category: texts,
    score: scores,
    comparison: comparisons,
    value: numbers,
    column: fc.constant(0),
  }),
  fc.record({
    kind: fc.constant('class' as const),
    match: fc.constantFrom('=', '!=', '~', '!~'),
    text: texts,
    score: scores,
    column: fc.constant(0),
  }),
  fc.record({
    kind: fc.constant('path' as const),
    match: fc.constantFrom('=', '!=', '~', '!~'),
    text: texts,
  }),
  fc.record({
    kind: fc.constant('number' as const),
    field: fc.constantFrom('width', 'height', 'bytes', 'quality'),
    comparison: comparisons,
    value: numbers,
  }),
) as fc.Arbitrary<Query>;

const queries = fc.letrec<{ query: Query }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    test_,
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      of: fc.array(tie('query'), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('not' as const), of: tie('query') }),
  ),
})).query;

/** Writes a query with every parenthesis it can have; `loose` decides about spaces, quotes and letters of words. */
function write(query: Query, loose: boolean): string {
  const space = loose ? '  ' : ' ';
  const word = (text: string) => (loose ? text.toUpperCase() : text);
  const quote = (text: string) =>
    loose ? `'${text.replaceAll("'", "''")}'` : `"${text.replaceAll('"', '""')}"`;
  const at = (score: { value: number } | undefined) =>
    score === undefined ? '' : `${loose ? ' @ ' : '@'}${score.value}`;
  switch (query.kind) {
    case 'and':
    case 'or':
      return query.of.map((one) => `(${write(one, loose)})`).join(`${space}${word(query.kind)}${space}`);
    case 'not':
      return `${word('not')} (${write(query.of, loose)})`;
    case 'count':
      return `${quote(query.category)}${at(query.score)} ${query.comparison} ${query.value}`;
    case 'class':
      return `${word('class')}${at(query.score)}${space}${query.match}${quote(query.text)}`;
    case 'path':
      return `${word('path')} ${query.match} ${quote(query.text)}`;
    case 'number':
      return `${word(query.field)}${query.comparison}${query.value}`;
  }
}

describe('parsing', () => {
  test('a query that was written is the query again', () => {
    fc.assert(
      fc.property(queries, fc.boolean(), (query, loose) => {
        const text = write(query, loose);
        fc.pre(text.length <= 10_000);
        expect(withoutColumns(parseQuery(text))).toEqual(withoutColumns(query));
      }),
    );
  });

  test('any text is a query or an error with a column in it', () => {
    const pieces = fc.constantFrom(
      'dog',
      'and',
      'or',
      'not',
      '(',
      ')',
      '>=',
      '=',
      '~',
      '@',
      '2',
      '0.5',
      '"x"',
      'class',
      'path',
      'width',
      ' ',
      '"',
      ';',
      '--',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((all) => all.join(' ')),
        ),
        (text) => {
          try {
            parseQuery(text);
          } catch (error) {
            expect(error).toBeInstanceOf(DicmError);
            const { code, message } = error as DicmError;
            expect(code).toBe('bad-query');
            const column = Number(/^column (\d+) of the query: /.exec(message)![1]);
            expect(column).toBeGreaterThanOrEqual(1);
            expect(column).toBeLessThanOrEqual(text.length + 1);
          }
        },
      ),
    );
  });

  test('"and" binds tighter than "or", "not" tightest', () => {
    expect(withoutColumns(parseQuery('dog or not person and path ~ "x"'))).toEqual(
      withoutColumns(parseQuery('"dog" >= 1 or ((not (person >= 1)) and (path ~ "x"))')),
    );
  });

  test.each([
    [
      '',
      1,
      'expected a category, class, path, width, height, bytes, quality, "not" or "(", but the query ends',
    ],
    ['dog >', 6, 'expected a number behind >, but the query ends'],
    ['dog > many', 7, 'expected a number behind >, but "many" stands there'],
    ['dog 2', 5, 'expected a comparison (= != < <= > >=) behind "dog", but "2" stands there'],
    ['dog ~ "x"', 5, 'expected a comparison'],
    ['dog cat', 5, 'expected "and", "or" or the end, but "cat" stands there'],
    ['(dog', 5, 'expected ")", "and" or "or", but the query ends'],
    ['dog and', 8, 'expected a category'],
    ['and dog', 1, 'expected a category'],
    ['class = beach', 9, 'expected a text in quotes behind ='],
    ['class > "x"', 7, 'expected one of = != ~ !~ behind class'],
    ['width ~ "1"', 7, 'expected a comparison'],
    ['path ~ "abc', 8, 'does not end in "'],
    ['dog@2 > 1', 5, 'a score is a number from 0 to 1, not 2'],
    ['dog ; drop', 5, '";" begins nothing'],
    ['3dogs', 1, '"3" begins nothing'],
    [`${'('.repeat(60)}dog`, 52, 'nothing is nested more than 50 deep'],
    [Array(101).fill('dog').join(' or '), 701, 'at most 100 tests'],
    ['x'.repeat(10_001), 10_001, 'at most 10000 characters'],
  ])('%s: column %i', (text, column, message) => {
    expect(() => parseQuery(text)).toThrow(`column ${column} of the query: `);
    expect(() => parseQuery(text)).toThrow(message);
  });
});

describe('compiling', () => {
  test('what a query says is never in the SQL', () => {
    const template = (query: Query): string => {
      switch (query.kind) {
        case 'and':
        case 'or':
          return `(${query.of.map(template).join(query.kind === 'and' ? ' AND ' : ' OR ')})`;
        case 'not':
          return `NOT ${template(query.of)}`;
        default:
          return compileQuery(query, MADE).sql;
      }
    };
    const named = queries.map(function rename(query): Query {
      if (query.kind === 'and' || query.kind === 'or') return { ...query, of: query.of.map(rename) };
      if (query.kind === 'not') return { ...query, of: rename(query.of) };
      if (query.kind === 'count') return { ...query, category: 'dog', score: undefined } as Query;
      if (query.kind === 'class') return { ...query, text: 'e', match: '~', score: undefined } as Query;
      return query;
    });
    fc.assert(
      fc.property(named, (query) => {
        const { sql, values } = compileQuery(query, MADE);
        expect(sql).toBe(template(query));
        expect(sql).toMatch(/^[A-Za-z0-9_.,=<>?()* ]*$/);
        expect(sql.split('?').length - 1).toBe(values.length);
      }),
    );
  });

  test.each([
    [`"dog' OR 1=1 --" >= 1`, 'unknown-category'],
    [`"'; DROP TABLE files; --"`, 'unknown-category'],
    [`class = "x' OR '1'='1"`, 'bad-query'],
  ])('%s names nothing', (text, code) => {
    expect(() => compile(text)).toThrow(expect.objectContaining({ code }));
  });

  test('names that are nearly right', () => {
    expect(() => compile('dogs = 1')).toThrow(/column 1 .*"dogs"; dog may be meant/);
    expect(() => compile('person and zebra')).toThrow(
      /column 12 .*there are dog, person, pottedplant; class ~/,
    );
    expect(() => compile('class = "seashor"')).toThrow(
      /no class is called "seashor"; "seashore" may be meant/,
    );
    expect(() => compile('class ~ "desert"')).toThrow(/column 1 .*no class has a name with "desert"/);
  });

  test.each(['potted-plant', '"Potted Plant"', 'POTTED_PLANT', 'pottedplant'])('%s is a category', (name) => {
    expect(compile(`${name} = 1`).values).toEqual([16, 0, 1]);
  });

  test('scores below what is kept are refused where they stand', () => {
    expect(() => compile('dog@0.2 = 1')).toThrow(/column 5 .*keeps objects with scores from 0.3 on/);
    expect(() => compile('person or class@0.01 ~ "tench"')).toThrow(
      /column 17 .*keeps classes with scores from 0.02/,
    );
    expect(compile('dog@0.3 = 1').values).toEqual([12, 3000, 1]);
  });
});
