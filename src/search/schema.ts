import { FormatError, UnsupportedError } from '../errors.js';
import type { SqliteDatabase } from '../platform/node/sqlite.js';

/** `application_id` of an index: "dcix". */
const APPLICATION_ID = 0x64636978;

/** `user_version` of an index as it is written and read here (docs/index-format.md). */
const INDEX_VERSION = 1;

/** Slots of a block: whole blocks are read when vectors are compared, and one is written when one of its vectors changes. */
export const BLOCK_SLOTS = 1024;

/** Scores are kept in ten-thousandths: two bytes. */
export const SCORE_UNITS = 10_000;

const TABLES = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE classes (class INTEGER PRIMARY KEY, wnid TEXT NOT NULL, label TEXT NOT NULL);
  CREATE TABLE categories (category INTEGER PRIMARY KEY, name TEXT NOT NULL);
  CREATE TABLE files (
    file INTEGER PRIMARY KEY,
    path NOT NULL UNIQUE,
    bytes INTEGER NOT NULL,
    modified_ms INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    coded_width INTEGER NOT NULL,
    coded_height INTEGER NOT NULL,
    quality REAL NOT NULL
  );
  CREATE TABLE scores (
    file INTEGER NOT NULL, class INTEGER NOT NULL, score INTEGER NOT NULL,
    PRIMARY KEY (file, class)
  ) WITHOUT ROWID;
  CREATE TABLE objects (
    file INTEGER NOT NULL, category INTEGER NOT NULL, n INTEGER NOT NULL, score INTEGER NOT NULL,
    x INTEGER NOT NULL, y INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    PRIMARY KEY (file, category, n)
  ) WITHOUT ROWID;
  CREATE TABLE vectors (block INTEGER PRIMARY KEY, data BLOB NOT NULL);
`;

/** What an index was made with. */
export interface IndexMeta {
  /** Name of the model, and first digits of its ids. */
  readonly model: string;
  readonly decodeId: string;
  readonly renderId: string;
  /** Of its vectors. */
  readonly space: string;
  readonly dimensions: number;
  /** Smallest scores of classes and objects that were kept, 0 to 1. */
  readonly minClassScore: number;
  readonly minObjectScore: number;
}

/** Writes the tables of an empty index. */
export function createSchema(database: SqliteDatabase, meta: IndexMeta): void {
  database.transaction(() => {
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${INDEX_VERSION}`);
    database.exec(TABLES);
    const insert = database.prepare('INSERT INTO meta (key, value) VALUES (?, ?)');
    for (const [key, value] of Object.entries(meta)) insert.run(key, String(value));
  })();
}

/**
 * Reads what an index was made with.
 *
 * @param path - Of the file, for messages.
 * @throws FormatError `not-an-index`, `index-damaged`; UnsupportedError `newer-index`
 */
export function readMeta(database: SqliteDatabase, path: string): IndexMeta {
  if (database.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
    throw new FormatError(
      'not-an-index',
      `${path} is a SQLite file, but no index of dicm; dicm index FILES -o ${path} makes one`,
    );
  }
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version !== INDEX_VERSION) {
    throw new UnsupportedError(
      'newer-index',
      `${path} has version ${version} of the index format; this dicm reads version ${INDEX_VERSION}. Install a newer dicm, or index the files anew`,
    );
  }
  const rows = database.prepare('SELECT key, value FROM meta').all() as { key: string; value: string }[];
  const values = new Map(rows.map(({ key, value }) => [key, value]));
  const text = (key: keyof IndexMeta) => {
    const value = values.get(key);
    if (value === undefined) throw new FormatError('index-damaged', `${path} does not say its ${key}`);
    return value;
  };
  const number = (key: keyof IndexMeta) => {
    const value = Number(text(key));
    if (Number.isFinite(value)) return value;
    throw new FormatError('index-damaged', `${path}: ${key} is ${text(key)}, which is no number`);
  };
  return {
    model: text('model'),
    decodeId: text('decodeId'),
    renderId: text('renderId'),
    space: text('space'),
    dimensions: number('dimensions'),
    minClassScore: number('minClassScore'),
    minObjectScore: number('minObjectScore'),
  };
}
