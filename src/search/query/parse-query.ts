import { badQuery, readTokens, type Token } from './tokens.js';

/** How numbers are compared. */
export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** How texts are compared: equal, or contained; letters of either case are the same. */
export type Match = '=' | '!=' | '~' | '!~';

/** What files have that is a number. */
export const NUMBER_FIELDS = ['width', 'height', 'bytes', 'quality'] as const;

/** A query as a tree (docs/cli.md, Search). */
export type Query =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Query[] }
  | { readonly kind: 'not'; readonly of: Query }
  | CountTest
  | {
      readonly kind: 'class';
      readonly match: Match;
      readonly text: string;
      readonly score?: Score;
      readonly column: number;
    }
  | { readonly kind: 'path'; readonly match: Match; readonly text: string }
  | {
      readonly kind: 'number';
      readonly field: (typeof NUMBER_FIELDS)[number];
      readonly comparison: Comparison;
      readonly value: number;
    };

/** How many objects of a category there are. */
export interface CountTest {
  readonly kind: 'count';
  readonly category: string;
  /** Only objects of at least this score. */
  readonly score?: Score;
  readonly comparison: Comparison;
  readonly value: number;
  /** Of the category, for messages. */
  readonly column: number;
}

/** A smallest score, 0 to 1, and where it stands. */
export interface Score {
  readonly value: number;
  readonly column: number;
}

const COMPARISONS: readonly string[] = ['=', '!=', '<', '<=', '>', '>='] satisfies Comparison[];
const MATCHES: readonly string[] = ['=', '!=', '~', '!~'] satisfies Match[];
const RESERVED = ['and', 'or', 'not'];

/** Most tests of a query, and how deep parentheses and `not` may be nested. */
const MOST_TESTS = 100;
const MOST_DEPTH = 50;

/**
 * Parses a query:
 *
 * ```
 * query    = term { "or" term }
 * term     = factor { "and" factor }
 * factor   = "not" factor | "(" query ")" | test
 * test     = category [ "@" score ] [ comparison number ]          objects; at least one unless compared
 *          | "class" [ "@" score ] match text
 *          | "path" match text
 *          | ( "width" | "height" | "bytes" | "quality" ) comparison number
 * category = word | text
 * ```
 *
 * @throws UsageError `bad-query` with the column and what was expected there
 */
export function parseQuery(text: string): Query {
  const parser = new Parser(readTokens(text));
  const query = parser.query(0);
  parser.expectEnd();
  return query;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #tests = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  query(depth: number): Query {
    return this.#chain('or', () => this.#chain('and', () => this.#factor(depth)));
  }

  expectEnd(): void {
    if (this.#next.kind !== 'end') throw this.#expected('"and", "or" or the end');
  }

  get #next(): Token {
    return this.#tokens[this.#at]!;
  }

  /** What is joined by a word, and the thing itself where there is only one. */
  #chain(word: 'and' | 'or', item: () => Query): Query {
    const of = [item()];
    while (this.#takeWord(word)) of.push(item());
    return of.length === 1 ? of[0]! : { kind: word, of };
  }

  #factor(depth: number): Query {
    if (depth > MOST_DEPTH)
      throw badQuery(this.#next.column, `nothing is nested more than ${MOST_DEPTH} deep`);
    if (this.#takeWord('not')) return { kind: 'not', of: this.#factor(depth + 1) };
    if (!this.#takeSign('(')) return this.#test();
    const query = this.query(depth + 1);
    if (!this.#takeSign(')')) throw this.#expected('")", "and" or "or"');
    return query;
  }

  #test(): Query {
    const subject = this.#next;
    const word = subject.text.toLowerCase();
    const isCategory = subject.kind === 'text' || (subject.kind === 'word' && !RESERVED.includes(word));
    if (!isCategory)
      throw this.#expected('a category, class, path, width, height, bytes, quality, "not" or "("');
    this.#at++;
    this.#tests++;
    if (this.#tests > MOST_TESTS) throw badQuery(subject.column, `a query has at most ${MOST_TESTS} tests`);
    if (subject.kind === 'word') {
      const field = NUMBER_FIELDS.find((name) => name === word);
      if (field !== undefined) return { kind: 'number', field, ...this.#comparison(`behind ${word}`) };
      if (word === 'path') return { kind: 'path', ...this.#match('path') };
      if (word === 'class') {
        const score = this.#score();
        return { kind: 'class', ...score, ...this.#match('class'), column: subject.column };
      }
    }
    const count = { kind: 'count', category: subject.text, column: subject.column } as const;
    const score = this.#score();
    const isCompared = this.#next.kind === 'sign' && this.#next.text !== ')';
    if (!isCompared && this.#next.kind !== 'number')
      return { ...count, ...score, comparison: '>=', value: 1 };
    return { ...count, ...score, ...this.#comparison(`behind ${JSON.stringify(subject.text)}`) };
  }

  #comparison(where: string): { comparison: Comparison; value: number } {
    const sign = this.#take('sign', COMPARISONS, `a comparison (${COMPARISONS.join(' ')}) ${where}`);
    const number = this.#take('number', undefined, `a number behind ${sign.text}`);
    return { comparison: sign.text as Comparison, value: Number(number.text) };
  }

  #match(subject: string): { match: Match; text: string } {
    const sign = this.#take('sign', MATCHES, `one of ${MATCHES.join(' ')} behind ${subject}`);
    const text = this.#take('text', undefined, `a text in quotes behind ${sign.text}`);
    return { match: sign.text as Match, text: text.text };
  }

  #score(): { score?: Score } {
    if (!this.#takeSign('@')) return {};
    const { text, column } = this.#take('number', undefined, 'a score from 0 to 1 behind @');
    const value = Number(text);
    if (value > 1) throw badQuery(column, `a score is a number from 0 to 1, not ${text}`);
    return { score: { value, column } };
  }

  #take(kind: Token['kind'], among: readonly string[] | undefined, what: string): Token {
    const token = this.#next;
    if (token.kind !== kind || among?.includes(token.text) === false) throw this.#expected(what);
    this.#at++;
    return token;
  }

  #takeWord(word: string): boolean {
    const isHere = this.#next.kind === 'word' && this.#next.text.toLowerCase() === word;
    if (isHere) this.#at++;
    return isHere;
  }

  #takeSign(sign: string): boolean {
    const isHere = this.#next.kind === 'sign' && this.#next.text === sign;
    if (isHere) this.#at++;
    return isHere;
  }

  #expected(what: string) {
    const { kind, text, column } = this.#next;
    const found = kind === 'end' ? 'the query ends' : `${JSON.stringify(text)} stands there`;
    return badQuery(column, `expected ${what}, but ${found}`);
  }
}
