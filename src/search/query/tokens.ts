import { UsageError } from '../../errors.js';

/** A piece of a query. */
export interface Token {
  readonly kind: 'word' | 'text' | 'number' | 'sign' | 'end';
  /** A word or sign as it stands there, a text without its quotes. */
  readonly text: string;
  /** Where it begins, counted in characters from 1. */
  readonly column: number;
}

/** Longer signs before those that they begin with. */
const SIGNS = ['!=', '!~', '<=', '>=', '=', '<', '>', '~', '@', '(', ')'];

/** Most characters of a query. */
const MOST_CHARACTERS = 10_000;

/**
 * Cuts a query into tokens; the last one is its end.
 *
 * @throws UsageError `bad-query`
 */
export function readTokens(query: string): Token[] {
  if (query.length > MOST_CHARACTERS) {
    throw badQuery(MOST_CHARACTERS + 1, `a query has at most ${MOST_CHARACTERS} characters`);
  }
  const tokens: Token[] = [];
  for (let at = 0; at < query.length; ) {
    const rest = query.slice(at);
    const space = /^\s+/.exec(rest)?.[0];
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const { length, ...token } = readToken(rest, at + 1);
    tokens.push(token);
    at += length;
  }
  tokens.push({ kind: 'end', text: '', column: query.length + 1 });
  return tokens;
}

/** The first token of a text that does not begin with a space, and how many characters it takes. */
function readToken(rest: string, column: number): Token & { length: number } {
  const quote = rest[0]!;
  if (quote === '"' || quote === "'") {
    const end = closingQuote(rest, quote);
    if (end === -1) throw badQuery(column, `the text that begins here does not end in ${quote}`);
    const text = rest.slice(1, end).replaceAll(quote + quote, quote);
    return { kind: 'text', text, column, length: end + 1 };
  }
  const number = /^\d+(\.\d+)?(?![\p{L}\p{N}_.])/u.exec(rest)?.[0];
  if (number !== undefined) return { kind: 'number', text: number, column, length: number.length };
  const word = /^[\p{L}_][\p{L}\p{M}\p{N}_-]*/u.exec(rest)?.[0];
  if (word !== undefined) return { kind: 'word', text: word, column, length: word.length };
  const sign = SIGNS.find((one) => rest.startsWith(one));
  if (sign !== undefined) return { kind: 'sign', text: sign, column, length: sign.length };
  const [character = ''] = rest;
  throw badQuery(column, `${JSON.stringify(character)} begins nothing that a query is made of`);
}

/** Where a quoted text ends; a quote that stands twice is part of it. -1 where it does not. */
function closingQuote(text: string, quote: string): number {
  for (let at = 1; at < text.length; at++) {
    if (text[at] !== quote) continue;
    if (text[at + 1] !== quote) return at;
    at++;
  }
  return -1;
}

/** The error of a query that means nothing. */
export function badQuery(column: number, what: string): UsageError {
  return new UsageError('bad-query', `column ${column} of the query: ${what}`);
}
