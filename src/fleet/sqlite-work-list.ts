import { randomUUID } from 'node:crypto';
import { BackendError } from '../errors.js';
import { openSqlite, type SqliteDatabase, type SqliteStatement } from '../platform/node/sqlite.js';
import { LeaseWatch, type SeenLease } from './lease-watch.js';
import { prepareTables } from './sqlite-tables.js';
import {
  itemId,
  type Key,
  type Piece,
  piecesOfLoss,
  type RunTask,
  taskId,
  type WorkItem,
} from './work-item.js';
import type {
  Added,
  Lease,
  LeaseKind,
  LeaseRules,
  Outcome,
  ParkedInput,
  ResultLine,
  WorkList,
  WorkStatus,
} from './work-list.js';

/** Time that a transaction of another process is waited for. */
const BUSY_MS = 20_000;

/** Rows that are read at a time where all are wanted, so that no reader holds up writers. */
const PAGE_ROWS = 1000;

interface ItemRow {
  seq: number;
  id: string;
  task: string;
  keys: string;
  tries: number;
  reason: string | null;
}

/** A work list in a SQLite file, for the processes of one machine: no server, and nothing to set up. */
export class SqliteWorkList implements WorkList {
  readonly #database: SqliteDatabase;
  readonly #rules: LeaseRules;
  readonly #watch: LeaseWatch;
  readonly #tokens = new WeakMap<Lease, string>();
  readonly #tasks = new Map<string, RunTask>();
  readonly #statements = new Map<string, SqliteStatement>();

  private constructor(database: SqliteDatabase, rules: LeaseRules) {
    this.#database = database;
    this.#rules = rules;
    this.#watch = new LeaseWatch(rules.leaseMs);
  }

  /**
   * Opens a list.
   *
   * @param create - Make the file if there is none.
   * @throws BackendError `missing-package`, `work-list-failed`
   */
  static async open(path: string, rules: LeaseRules, create: boolean): Promise<SqliteWorkList> {
    return named(path, async () => {
      const options = { fileMustExist: !create, timeout: BUSY_MS };
      const database = await openSqlite(path, 'Work lists in a file', options);
      database.pragma('journal_mode = WAL');
      // A power cut may take the last commits along: what they said is done is then found done once more.
      database.pragma('synchronous = NORMAL');
      prepareTables(database, path);
      return new SqliteWorkList(database, rules);
    });
  }

  async add(items: Iterable<WorkItem> | AsyncIterable<WorkItem>): Promise<Added> {
    const insertTask = this.#prepare('INSERT OR IGNORE INTO tasks VALUES (?, ?)');
    const insert = this.#insertion('OR IGNORE');
    const added: Added = { items: 0, inputs: 0 };
    const write = this.#database.transaction((some: readonly WorkItem[]) => {
      for (const item of some) {
        const task = taskId(item.task);
        insertTask.run(task, JSON.stringify(item.task));
        const { changes } = insert(itemId(item), task, { keys: item.keys, tries: 0 });
        added.items += changes;
        added.inputs += changes * item.keys.length;
      }
    });
    for await (const some of pages(items, PAGE_ROWS)) this.#run(() => write.immediate(some));
    return added;
  }

  async lease(kind: LeaseKind, count: number): Promise<Lease[]> {
    return this.#run(() => this.#database.transaction(() => this.#leaseNow(kind, count)).immediate());
  }

  #leaseNow(kind: LeaseKind, count: number): Lease[] {
    this.#takeBackSilent();
    const token = randomUUID();
    const rows = this.#prepare(
      `UPDATE items SET state = 'leased', token = $token, beat = 0, worker = $worker WHERE seq IN (
           SELECT seq FROM items WHERE state = 'waiting' AND tries ${kind === 'fresh' ? '= 0' : '> 0'}
           ORDER BY ${kind === 'fresh' ? 'seq' : 'tries, seq'} LIMIT $count)
         RETURNING seq, id, task, keys, tries, reason`,
    ).all({ token, worker: this.#rules.worker, count: kind === 'fresh' ? count : 1 }) as ItemRow[];
    rows.sort((a, b) => a.seq - b.seq);
    return rows.map(({ id, task, keys, tries }) => {
      const lease: Lease = {
        ...{ id, tries },
        task: this.#taskOf(task),
        keys: JSON.parse(keys) as Key[],
      };
      this.#tokens.set(lease, token);
      return lease;
    });
  }

  /** Takes back what has belonged to a worker of which nothing is heard any more. */
  #takeBackSilent(): void {
    const leases = this.#prepare("SELECT id, token, beat FROM items WHERE state = 'leased'").all();
    for (const { id, token } of this.#watch.look(leases as SeenLease[], performance.now())) {
      const row = this.#prepare(
        'SELECT seq, id, task, keys, tries, reason FROM items WHERE id = ? AND token = ?',
      ).get(id, token) as ItemRow;
      const keys = JSON.parse(row.keys) as Key[];
      this.#putBack(row, piecesOfLoss(keys, row.tries, this.#rules.tries), 0);
    }
  }

  async progress(lease: Lease): Promise<boolean> {
    return this.#run(() => {
      const sql = 'UPDATE items SET beat = beat + 1 WHERE id = ? AND token = ?';
      const { changes } = this.#prepare(sql).run(lease.id, this.#tokenOf(lease));
      return changes === 1;
    });
  }

  async done(lease: Lease, lines: readonly ResultLine[]): Promise<void> {
    return this.fail(lease, { lines, pieces: [] });
  }

  async fail(lease: Lease, { lines, pieces }: Outcome): Promise<void> {
    const end = this.#database.transaction(() => {
      const insert = this.#prepare('INSERT OR IGNORE INTO results (task, source, line) VALUES (?, ?, ?)');
      const task = taskId(lease.task);
      for (const { key, line } of lines) insert.run(task, key.source, line);
      const row = this.#prepare(
        'SELECT seq, id, task, keys, tries, reason FROM items WHERE id = ? AND token = ?',
      ).get(lease.id, this.#tokenOf(lease)) as ItemRow | undefined;
      const left = pieces.reduce((sum, { keys }) => sum + keys.length, 0);
      if (row !== undefined) this.#putBack(row, pieces, lease.keys.length - left);
    });
    this.#run(() => end.immediate());
  }

  /**
   * Ends a lease: what is left of it becomes items of their own.
   *
   * @param done - Inputs of it that are done.
   */
  #putBack({ id, task, keys }: ItemRow, pieces: readonly Piece[], done: number): void {
    const same = pieces.find((piece) => JSON.stringify(piece.keys) === keys);
    const insert = this.#insertion('OR REPLACE');
    if (same === undefined) {
      this.#prepare(
        "UPDATE items SET state = 'done', inputs = ?, token = NULL, worker = NULL WHERE id = ?",
      ).run(done, id);
    }
    for (const piece of pieces) {
      const item: WorkItem = { task: this.#taskOf(task), keys: piece.keys };
      insert(piece === same ? id : itemId(item), task, piece);
    }
  }

  #insertion(conflict: 'OR IGNORE' | 'OR REPLACE') {
    const statement = this.#prepare(
      `INSERT ${conflict} INTO items (id, task, keys, inputs, state, tries, reason) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    return (id: string, task: string, { keys, tries, parked, reason }: Piece) =>
      statement.run(
        ...[id, task, JSON.stringify(keys), keys.length],
        ...[parked === undefined ? 'waiting' : 'parked', tries, parked ?? reason ?? null],
      );
  }

  async status(): Promise<WorkStatus> {
    return this.#run(() => {
      const rows = this.#prepare(
        'SELECT state, tries > 0 AS again, sum(inputs) AS inputs FROM items GROUP BY state, tries > 0',
      ).all() as { state: string; again: number; inputs: number }[];
      const sum = (state: string, again?: number) =>
        rows
          .filter((row) => row.state === state && (again === undefined || row.again === again))
          .reduce((total, { inputs }) => total + inputs, 0);
      const workers = this.#prepare(
        "SELECT worker AS name, sum(inputs) AS inputs FROM items WHERE state = 'leased' GROUP BY worker ORDER BY worker",
      ).all() as { name: string; inputs: number }[];
      const [waiting, again] = [sum('waiting', 0), sum('waiting', 1)];
      return { waiting, again, leased: sum('leased'), done: sum('done'), parked: sum('parked'), workers };
    });
  }

  async isOver(): Promise<boolean> {
    const sql = "SELECT EXISTS (SELECT 1 FROM items WHERE state IN ('waiting', 'leased'))";
    return this.#run(() => this.#prepare(sql).pluck().get() === 0);
  }

  async *parked(): AsyncGenerator<ParkedInput, void, undefined> {
    const sql =
      "SELECT seq, id, task, keys, tries, reason FROM items WHERE state = 'parked' AND seq > ? ORDER BY seq LIMIT ?";
    for (const { task, keys, tries, reason } of this.#paged<ItemRow>(sql)) {
      for (const { source } of JSON.parse(keys) as Key[]) {
        yield { source, command: this.#taskOf(task).command, tries, reason: reason ?? '' };
      }
    }
  }

  async retry(): Promise<number> {
    const again = this.#database.transaction(() => {
      const sql = "SELECT coalesce(sum(inputs), 0) FROM items WHERE state = 'parked'";
      const inputs = this.#prepare(sql).pluck().get() as number;
      this.#database.exec(
        "UPDATE items SET state = 'waiting', tries = 0, reason = NULL WHERE state = 'parked'",
      );
      return inputs;
    });
    return this.#run(() => again.immediate());
  }

  async *results(): AsyncGenerator<string, void, undefined> {
    const sql = 'SELECT seq, line FROM results WHERE seq > ? ORDER BY seq LIMIT ?';
    for (const { line } of this.#paged<{ seq: number; line: string }>(sql)) yield line;
  }

  async close(): Promise<void> {
    this.#run(() => this.#database.close());
  }

  *#paged<Row extends { seq: number }>(sql: string): Generator<Row> {
    const statement = this.#prepare(sql);
    let after = 0;
    for (;;) {
      const rows = this.#run(() => statement.all(after, PAGE_ROWS)) as Row[];
      yield* rows;
      if (rows.length < PAGE_ROWS) return;
      after = rows.at(-1)!.seq;
    }
  }

  /** Statements are prepared once. */
  #prepare(sql: string): SqliteStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #taskOf(id: string): RunTask {
    const known = this.#tasks.get(id);
    if (known !== undefined) return known;
    const text = this.#prepare('SELECT task FROM tasks WHERE id = ?').pluck().get(id) as string;
    const task = JSON.parse(text) as RunTask;
    this.#tasks.set(id, task);
    return task;
  }

  #tokenOf(lease: Lease): string {
    return this.#tokens.get(lease) ?? '';
  }

  #run<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      throw asListError('the work list', error);
    }
  }
}

async function named<R>(path: string, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    throw asListError(path, error);
  }
}

/** What SQLite says, as an error with a name. */
function asListError(path: string, error: unknown): unknown {
  const { code, message } = error as { code?: unknown; message?: string };
  // better-sqlite3 says this of a folder that is not there, without a code.
  const isPlace = error instanceof TypeError && /directory does not exist/.test(error.message);
  if (!isPlace && !/^SQLITE_/.test(String(code))) return error;
  const hint = code === 'SQLITE_CANTOPEN' ? '; `dicm run add` makes it' : '';
  return new BackendError('work-list-failed', `${path} cannot be used: ${message}${hint}`, [], {
    cause: error,
  });
}

async function* pages<T>(items: Iterable<T> | AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let page: T[] = [];
  for await (const item of items) {
    page.push(item);
    if (page.length === size) {
      yield page;
      page = [];
    }
  }
  if (page.length > 0) yield page;
}
