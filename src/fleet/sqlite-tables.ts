import { BackendError } from '../errors.js';
import type { SqliteDatabase } from '../platform/node/sqlite.js';

/** Version of the tables, in `user_version` of the file. */
const SCHEMA_VERSION = 1;

/** `dicm`, in the head of the file. */
const APPLICATION_ID = 0x6469636d;

const SCHEMA = `
  CREATE TABLE tasks (id TEXT PRIMARY KEY, task TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE items (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, task TEXT NOT NULL, keys TEXT NOT NULL,
    inputs INTEGER NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL,
    token TEXT, beat INTEGER NOT NULL DEFAULT 0, worker TEXT, reason TEXT
  ) STRICT;
  -- With the columns that counting needs, so that it never reads the keys.
  CREATE INDEX items_by_state ON items (state, tries, seq, inputs, worker);
  CREATE TABLE results (
    seq INTEGER PRIMARY KEY, task TEXT NOT NULL, source TEXT NOT NULL, line TEXT NOT NULL, UNIQUE (task, source)
  ) STRICT;
`;

/**
 * Makes the tables of a work list in a new file.
 *
 * @throws BackendError `work-list-failed` for a file of another program, or of another version
 */
export function prepareTables(database: SqliteDatabase, path: string): void {
  database
    .transaction(() => {
      const id = database.pragma('application_id', { simple: true });
      const version = database.pragma('user_version', { simple: true });
      const tables = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
      if (id === 0 && version === 0 && tables === 0) {
        database.exec(SCHEMA);
        database.pragma(`application_id = ${APPLICATION_ID}`);
        database.pragma(`user_version = ${SCHEMA_VERSION}`);
      } else if (id !== APPLICATION_ID) {
        throw new BackendError(
          'work-list-failed',
          `${path} is a SQLite file of another program, no work list`,
        );
      } else if (version !== SCHEMA_VERSION) {
        const message = `${path} is a work list of version ${version}; this dicm knows ${SCHEMA_VERSION}`;
        throw new BackendError('work-list-failed', message);
      }
    })
    .immediate();
}
