import { importOptional, missingPackage } from './optional-package.js';

/** What can be bound to a statement and comes out of a column. */
export type SqliteValue = string | number | bigint | Uint8Array | null;

/** A prepared statement, as better-sqlite3 has it: values are bound by place, or by name from one object. */
export interface SqliteStatement {
  run(...values: (SqliteValue | Readonly<Record<string, SqliteValue>>)[]): {
    changes: number;
    lastInsertRowid: number | bigint;
  };
  /** The first row; undefined where there is none. */
  get(...values: (SqliteValue | Readonly<Record<string, SqliteValue>>)[]): unknown;
  all(...values: (SqliteValue | Readonly<Record<string, SqliteValue>>)[]): unknown[];
  iterate(...values: (SqliteValue | Readonly<Record<string, SqliteValue>>)[]): IterableIterator<unknown>;
  /** Rows as their only column. */
  pluck(): SqliteStatement;
}

/** The part of better-sqlite3 that is used. All of it is synchronous. */
export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement;
  /** Runs statements that take and give nothing. */
  exec(sql: string): unknown;
  pragma(text: string, options?: { simple: boolean }): unknown;
  /** A function that runs `work` in a transaction, which an error rolls back; `immediate` locks from the beginning. */
  transaction<Args extends unknown[], R>(
    work: (...args: Args) => R,
  ): ((...args: Args) => R) & { immediate(...args: Args): R };
  loadExtension(path: string): unknown;
  close(): unknown;
}

/** How to open a file. */
export interface SqliteOptions {
  readonly readonly?: boolean;
  /** The file has to be there. */
  readonly fileMustExist?: boolean;
  /** How long to wait for another process that writes, in ms. */
  readonly timeout?: number;
}

const PACKAGE = 'better-sqlite3';

type Constructor = new (path: string, options: SqliteOptions) => SqliteDatabase;

/**
 * Opens a SQLite file, or `:memory:`, by better-sqlite3, which is an optional package: its native part is downloaded or built when it
 * is installed, and npm leaves it out where neither works.
 *
 * @param purpose - What needs it, for the message: `work lists in SQLite files`.
 * @throws BackendError `missing-package`; better-sqlite3's own error, with a `code` that begins with `SQLITE_`, for a file that
 *   cannot be opened
 */
export async function openSqlite(
  path: string,
  purpose: string,
  options: SqliteOptions = {},
): Promise<SqliteDatabase> {
  const { default: Database } = await importOptional<{ default: Constructor }>(PACKAGE, purpose);
  try {
    return new Database(path, options);
  } catch (error) {
    // The native part is loaded with the first file.
    if (/^SQLITE_/.test(String((error as NodeJS.ErrnoException).code)) || error instanceof TypeError) {
      throw error;
    }
    throw missingPackage(PACKAGE, purpose, PACKAGE, error);
  }
}
