import { UsageError } from '../../errors.js';
import { nearName } from '../../near-name.js';
import type { SqliteValue } from '../../platform/node/sqlite.js';
import { categoryKey } from '../../tasks/objects/category-names.js';
import { SCORE_UNITS } from '../schema.js';
import type { Comparison, CountTest, Match, Query, Score } from './parse-query.js';
import { badQuery } from './tokens.js';

/** What queries name: the classes and categories that an index has the names of, and from which scores on it keeps any. */
export interface QueryNames {
  readonly classes: readonly { readonly index: number; readonly wnid: string; readonly label: string }[];
  readonly categories: readonly { readonly id: number; readonly name: string }[];
  readonly minClassScore: number;
  readonly minObjectScore: number;
}

/** A condition in SQL on a row of `files`, and the values for its places. Nothing of a query is in the text. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly SqliteValue[];
}

const COMPARED: Readonly<Record<Comparison, string>> = {
  '=': '=',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

/** Columns of `files`. */
const COLUMNS = { width: 'width', height: 'height', bytes: 'bytes', quality: 'quality' } as const;

/**
 * Compiles a query to SQL.
 *
 * @throws UsageError `unknown-category` with the nearest name, `bad-query` where no class fits or a score is below what
 *   the index keeps
 */
export function compileQuery(query: Query, names: QueryNames): Condition {
  switch (query.kind) {
    case 'and':
    case 'or': {
      const parts = query.of.map((one) => compileQuery(one, names));
      const sql = parts.map((part) => part.sql).join(query.kind === 'and' ? ' AND ' : ' OR ');
      return { sql: `(${sql})`, values: parts.flatMap(({ values }) => values) };
    }
    case 'not': {
      const { sql, values } = compileQuery(query.of, names);
      return { sql: `NOT ${sql}`, values };
    }
    case 'count':
      return compileCount(query, names);
    case 'class': {
      const classes = classesNamed(query, names);
      const least = scoreFrom(query.score, names.minClassScore, 'classes');
      const sql =
        'EXISTS (SELECT 1 FROM scores WHERE scores.file = files.file AND score >= ? AND class IN (SELECT value FROM json_each(?)))';
      return negated(query.match, { sql, values: [least, JSON.stringify(classes)] });
    }
    case 'path': {
      const isPart = query.match === '~' || query.match === '!~';
      const sql = isPart
        ? 'instr(lower(CAST(path AS TEXT)), lower(?)) > 0'
        : 'lower(CAST(path AS TEXT)) = lower(?)';
      return negated(query.match, { sql: `(${sql})`, values: [query.text] });
    }
    case 'number':
      return { sql: `(${COLUMNS[query.field]} ${COMPARED[query.comparison]} ?)`, values: [query.value] };
  }
}

function compileCount(
  { category, column, score, comparison, value }: CountTest,
  names: QueryNames,
): Condition {
  const wanted = categoryKey(category);
  const found = names.categories.find(({ name }) => categoryKey(name) === wanted);
  if (found === undefined) {
    const known = names.categories.map(({ name }) => name);
    const near = nearName(category, known);
    const hint =
      near === undefined
        ? `there are ${known.join(', ')}; class ~ "..." looks among classes`
        : `${near} may be meant`;
    throw new UsageError(
      'unknown-category',
      `column ${column} of the query: no object is called ${JSON.stringify(category)}; ${hint}`,
    );
  }
  const least = scoreFrom(score, names.minObjectScore, 'objects');
  const count =
    'SELECT count(*) FROM objects WHERE objects.file = files.file AND category = ? AND score >= ?';
  return { sql: `((${count}) ${COMPARED[comparison]} ?)`, values: [found.id, least, value] };
}

/** Numbers of the classes that a test names. */
function classesNamed(
  { match, text, column }: { match: Match; text: string; column: number },
  { classes }: QueryNames,
): number[] {
  const wanted = text.toLowerCase();
  const isPart = match === '~' || match === '!~';
  const found = classes.filter(({ wnid, label }) =>
    isPart ? label.toLowerCase().includes(wanted) : wnid === wanted || label.toLowerCase() === wanted,
  );
  if (found.length === 0) {
    const near = nearName(
      text,
      classes.map(({ label }) => label),
    );
    const hint = near === undefined ? '' : `; ${JSON.stringify(near)} may be meant`;
    const what = isPart ? 'has a name with' : 'is called';
    throw badQuery(column, `no class ${what} ${JSON.stringify(text)}${hint}`);
  }
  return found.map(({ index }) => index);
}

/** A smallest score in units of the index. */
function scoreFrom(score: Score | undefined, kept: number, what: string): number {
  if (score !== undefined && score.value < kept) {
    throw badQuery(
      score.column,
      `the index keeps ${what} with scores from ${kept} on, so ${score.value} cannot be asked for`,
    );
  }
  return Math.round((score?.value ?? 0) * SCORE_UNITS);
}

function negated(match: Match, { sql, values }: Condition): Condition {
  return match === '!=' || match === '!~' ? { sql: `NOT ${sql}`, values } : { sql, values };
}
