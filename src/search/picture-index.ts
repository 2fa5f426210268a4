import { DicmError, FormatError, OutputError } from '../errors.js';
import { openSqlite, type SqliteDatabase, type SqliteOptions } from '../platform/node/sqlite.js';
import type { QueryNames } from './query/compile-query.js';
import { BLOCK_SLOTS, type IndexMeta, readMeta } from './schema.js';
import { placeOf, readBlock, type VectorBlock } from './vector-block.js';

/** An index of pictures that is open for reading: what `search` and `findDuplicates` take. Close it when done. */
export class PictureIndex {
  /** As it was opened. */
  readonly path: string;
  /** What it was made with. */
  readonly about: IndexMeta;
  /** What queries can name. */
  readonly names: QueryNames;
  /** For the functions beside this class; its tables are those of docs/index-format.md. */
  readonly database: SqliteDatabase;

  constructor(path: string, database: SqliteDatabase) {
    this.path = path;
    this.database = database;
    this.about = readMeta(database, path);
    const rows = <T>(sql: string) => database.prepare(sql).all() as T[];
    this.names = {
      classes: rows('SELECT class AS "index", wnid, label FROM classes ORDER BY class'),
      categories: rows('SELECT category AS id, name FROM categories ORDER BY category'),
      minClassScore: this.about.minClassScore,
      minObjectScore: this.about.minObjectScore,
    };
  }

  /** How many files it holds. */
  get size(): number {
    return Number(this.database.prepare('SELECT count(*) FROM files').pluck().get());
  }

  /** Number of a file by its path in the index; undefined where it is not in it. */
  fileAt(path: string | Uint8Array): number | undefined {
    return this.database.prepare('SELECT file FROM files WHERE path = ?').pluck().get(path) as
      | number
      | undefined;
  }

  /** By what it is seen that a file has changed. */
  stateOf(file: number): { bytes: number; modifiedMs: number } {
    const sql = 'SELECT bytes, modified_ms AS modifiedMs FROM files WHERE file = ?';
    return this.database.prepare(sql).get(file) as { bytes: number; modifiedMs: number };
  }

  /** The vector of a file. */
  vectorOf(file: number): Int8Array {
    const { block, slot } = placeOf(file);
    const data = this.database.prepare('SELECT data FROM vectors WHERE block = ?').pluck().get(block);
    const { values } = readBlock(data as Uint8Array, this.about.dimensions);
    return values.slice(slot * this.about.dimensions, (slot + 1) * this.about.dimensions);
  }

  /** All blocks of vectors in their order, each with the file of its first slot. */
  *blocks(): Generator<{ first: number; block: VectorBlock }, void, undefined> {
    const rows = this.database.prepare('SELECT block, data FROM vectors ORDER BY block').iterate();
    for (const row of rows as IterableIterator<{ block: number; data: Uint8Array }>) {
      yield { first: 1 + row.block * BLOCK_SLOTS, block: readBlock(row.data, this.about.dimensions) };
    }
  }

  /** Closes the file. */
  close(): void {
    this.database.close();
  }
}

/**
 * Opens an index for reading. Nothing of it is held in memory but names; several processes may read it, also while another
 * one adds to it.
 *
 * @throws FormatError `file-missing`, `file-unreadable`, `not-an-index`, `index-damaged`; UnsupportedError `newer-index`;
 *   BackendError `missing-package` where better-sqlite3 is not installed
 */
export async function openIndex(path: string): Promise<PictureIndex> {
  try {
    return await openForReading(path);
  } catch (error) {
    if (!wasInterrupted(error)) throw asIndexError(path, error);
  }
  await takeBack(path);
  return openForReading(path).catch((error: unknown) => {
    throw asIndexError(path, error);
  });
}

async function openForReading(path: string): Promise<PictureIndex> {
  const database = await openIndexFile(path, { readonly: true, fileMustExist: true });
  try {
    return new PictureIndex(path, database);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Whether whoever wrote last was killed amid a transaction: its journal waits to be taken back, which is writing. */
function wasInterrupted(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'SQLITE_READONLY_ROLLBACK';
}

/** Takes back a transaction that was never ended, as SQLite does by itself for whoever may write. */
async function takeBack(path: string): Promise<void> {
  try {
    const database = await openIndexFile(path, { fileMustExist: true });
    try {
      database.pragma('schema_version');
    } finally {
      database.close();
    }
  } catch (cause) {
    throw new OutputError(
      'output-denied',
      `${path} was interrupted while it was written; somebody who may write it has to open it once, for example by dicm search`,
      { cause },
    );
  }
}

/** How long to wait for another process that writes, in ms. */
const WRITER_WAIT_MS = 10_000;

/** Opens the file of an index, whatever is in it. */
export async function openIndexFile(path: string, options: SqliteOptions): Promise<SqliteDatabase> {
  try {
    return await openSqlite(path, 'indexes', { timeout: WRITER_WAIT_MS, ...options });
  } catch (error) {
    throw asIndexError(path, error);
  }
}

/** What went wrong with the file of an index, in the errors of the library; anything else as it is. */
export function asIndexError(path: string, error: unknown): unknown {
  if (error instanceof DicmError || !(error instanceof Error)) return error;
  const { code: given } = error as { code?: unknown };
  const code = typeof given === 'string' ? given : '';
  const options = { cause: error };
  if (error instanceof TypeError && /directory does not exist/.test(error.message)) {
    return new OutputError('output-no-folder', `${path}: its folder does not exist`, options);
  }
  if (code === 'SQLITE_NOTADB') {
    return new FormatError('not-an-index', `${path} is no SQLite file, so no index`, {}, options);
  }
  if (code.startsWith('SQLITE_CORRUPT')) {
    return new FormatError(
      'index-damaged',
      `${path} is damaged (${error.message}); index the files anew`,
      {},
      options,
    );
  }
  if (code.startsWith('SQLITE_CANTOPEN')) {
    return new FormatError(
      'file-missing',
      `${path} cannot be opened: there is no such file, or it is not permitted`,
      {},
      options,
    );
  }
  if (code === 'SQLITE_FULL') return new OutputError('disk-full', `${path}: the disk is full`, options);
  if (code.startsWith('SQLITE_READONLY')) {
    return new OutputError('output-denied', `${path} cannot be written: it is read-only`, options);
  }
  if (code.startsWith('SQLITE_BUSY')) {
    return new OutputError(
      'index-busy',
      `${path} is being written by another process; try again later`,
      options,
    );
  }
  if (code.startsWith('SQLITE_')) {
    return new FormatError(
      'file-unreadable',
      `${path} cannot be read: ${error.message} (${code})`,
      {},
      options,
    );
  }
  return error;
}
