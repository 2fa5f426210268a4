import { FormatError, ModelError } from '../errors.js';
import type { SqliteDatabase } from '../platform/node/sqlite.js';
import type { SearchVector } from '../tasks/vector/project-features.js';
import { asIndexError, openIndexFile } from './picture-index.js';
import { createSchema, type IndexMeta, readMeta, SCORE_UNITS } from './schema.js';
import { blockBytes, placeOf, setSlot } from './vector-block.js';

/** What an index holds of a file. */
export interface IndexEntry extends FileState {
  /** As it is kept: relative to the folder of the index, with `/` between folders; bytes where a name is no UTF-8. */
  readonly path: string | Uint8Array;
  /** Of the photograph after orientation, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Of the coded picture, in pixels. */
  readonly codedWidth: number;
  readonly codedHeight: number;
  /** 1 to 100. */
  readonly quality: number;
  readonly vector: SearchVector;
  /** Classes with a score that is kept. */
  readonly classes: readonly { readonly index: number; readonly score: number }[];
  /** Objects with a score that is kept; boxes in pixels of the photograph. */
  readonly objects: readonly {
    readonly categoryId: number;
    readonly score: number;
    readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  }[];
}

/** By what it is seen that a file has changed. */
export interface FileState {
  /** Size of the file. */
  readonly bytes: number;
  /** When it was last written, in ms since 1970. */
  readonly modifiedMs: number;
  /** Of its content, 32 bytes. */
  readonly sha256: Uint8Array;
}

/** What a new index is made with. */
export interface NewIndex extends IndexMeta {
  readonly classes: readonly { readonly index: number; readonly wnid: string; readonly label: string }[];
  readonly categories: readonly { readonly id: number; readonly name: string }[];
}

/** An index that is open for writing. Every call is a transaction: after a crash all of it is there, or nothing. */
export class IndexWriter {
  readonly path: string;
  readonly about: IndexMeta;
  readonly #database: SqliteDatabase;
  /** Blocks of vectors that the transaction has changed. */
  readonly #changed = new Map<number, Uint8Array>();

  constructor(path: string, database: SqliteDatabase) {
    this.path = path;
    this.#database = database;
    this.about = readMeta(database, path);
  }

  /** What is known of a file; undefined where it is not in the index. */
  stateOf(path: string | Uint8Array): FileState | undefined {
    const sql = 'SELECT bytes, modified_ms AS modifiedMs, sha256 FROM files WHERE path = ?';
    return this.#guarded(() => this.#database.prepare(sql).get(path) as FileState | undefined);
  }

  /** Paths of all files. */
  paths(): (string | Uint8Array)[] {
    const sql = 'SELECT path FROM files ORDER BY file';
    return this.#guarded(() => this.#database.prepare(sql).pluck().all() as (string | Uint8Array)[]);
  }

  /**
   * Adds files, or replaces what is known of them.
   *
   * @throws ModelError `index-projection` for a vector of another space; OutputError `index-busy`, `disk-full`
   */
  put(entries: readonly IndexEntry[]): void {
    for (const { vector, path } of entries) this.#checkVector(vector, String(path));
    this.#write(() => {
      for (const entry of entries) this.#putOne(entry);
    });
  }

  /** Takes files for those that are known, written at another time with the same content. */
  touch(files: readonly { readonly path: string | Uint8Array; readonly modifiedMs: number }[]): void {
    const update = this.#database.prepare('UPDATE files SET modified_ms = ? WHERE path = ?');
    this.#write(() => {
      for (const { path, modifiedMs } of files) update.run(modifiedMs, path);
    });
  }

  /** Removes files. */
  remove(paths: readonly (string | Uint8Array)[]): void {
    this.#write(() => {
      for (const path of paths) {
        const file = this.#fileAt(path);
        if (file === undefined) continue;
        for (const table of ['scores', 'objects', 'files']) {
          this.#database.prepare(`DELETE FROM ${table} WHERE file = ?`).run(file);
        }
        this.#setVector(file, undefined);
      }
    });
  }

  /** Closes the file. */
  close(): void {
    this.#database.close();
  }

  #putOne(entry: IndexEntry): void {
    const database = this.#database;
    const known = this.#fileAt(entry.path);
    const columns = [
      ...[entry.bytes, Math.round(entry.modifiedMs), entry.sha256, entry.width, entry.height],
      ...[entry.codedWidth, entry.codedHeight, entry.quality],
    ];
    let file = known;
    if (file === undefined) {
      const sql = 'INSERT INTO files VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)';
      file = Number(database.prepare(sql).run(entry.path, ...columns).lastInsertRowid);
    } else {
      const sql =
        'UPDATE files SET bytes = ?, modified_ms = ?, sha256 = ?, width = ?, height = ?, coded_width = ?, coded_height = ?, quality = ? WHERE file = ?';
      database.prepare(sql).run(...columns, file);
      database.prepare('DELETE FROM scores WHERE file = ?').run(file);
      database.prepare('DELETE FROM objects WHERE file = ?').run(file);
    }
    const addScore = database.prepare('INSERT INTO scores VALUES (?, ?, ?)');
    for (const { index, score } of entry.classes) addScore.run(file, index, Math.round(score * SCORE_UNITS));
    const addObject = database.prepare('INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    for (const [n, { categoryId, score, box }] of entry.objects.entries()) {
      const [x, y] = [Math.round(box.x), Math.round(box.y)];
      const [width, height] = [Math.round(box.width), Math.round(box.height)];
      addObject.run(file, categoryId, n, Math.round(score * SCORE_UNITS), x, y, width, height);
    }
    this.#setVector(file, entry.vector.values);
  }

  /** Changes a vector in its block; blocks are written once, at the end of the transaction. */
  #setVector(file: number, vector: Int8Array | undefined): void {
    const { dimensions } = this.about;
    const { block, slot } = placeOf(file);
    let bytes = this.#changed.get(block);
    if (bytes === undefined) {
      const known = this.#database.prepare('SELECT data FROM vectors WHERE block = ?').pluck().get(block);
      bytes = (known as Uint8Array | undefined) ?? new Uint8Array(blockBytes(dimensions));
      this.#changed.set(block, bytes);
    }
    setSlot(bytes, slot, vector, dimensions);
  }

  #writeBlocks(): void {
    const write = this.#database.prepare('INSERT OR REPLACE INTO vectors VALUES (?, ?)');
    for (const [block, bytes] of this.#changed) write.run(block, bytes);
  }

  #fileAt(path: string | Uint8Array): number | undefined {
    return this.#database.prepare('SELECT file FROM files WHERE path = ?').pluck().get(path) as
      | number
      | undefined;
  }

  #checkVector({ space, values }: SearchVector, path: string): void {
    if (space !== this.about.space) throw wrongSpace(this.path, this.about.space, path, space);
    if (values.length === this.about.dimensions) return;
    throw new FormatError(
      'index-damaged',
      `${this.path} states ${this.about.dimensions} dimensions, and vectors of ${space} have ${values.length}`,
    );
  }

  #write(work: () => void): void {
    const transaction = this.#database.transaction(() => {
      work();
      this.#writeBlocks();
    });
    try {
      this.#guarded(() => transaction.immediate());
    } finally {
      this.#changed.clear();
    }
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw asIndexError(this.path, error);
    }
  }
}

/** The error for vectors that must not be compared. */
export function wrongSpace(index: string, wanted: string, what: string, found: string): ModelError {
  return new ModelError(
    'index-projection',
    `${index} has vectors of ${wanted}, and ${what} one of ${found} (render id and projection), which cannot be compared. ` +
      'Use the model of the index by --model, or index the files anew',
  );
}

/**
 * Opens an index for writing, and makes it where there is none.
 *
 * @param made - With what; an index that is there has to have the same vectors, and keeps its own scores.
 * @throws ModelError `index-projection` where it was made with another model; FormatError `not-an-index`, `index-damaged`;
 *   UnsupportedError `newer-index`; OutputError; BackendError `missing-package`
 */
export async function openIndexWriter(path: string, made: NewIndex): Promise<IndexWriter> {
  const { classes, categories, ...meta } = made;
  const database = await openIndexFile(path, {});
  try {
    // Nothing is in a file that was just made, nor in what is left when that was interrupted.
    if (database.pragma('page_count', { simple: true }) === 0) {
      database.transaction(() => {
        createSchema(database, meta);
        const addClass = database.prepare('INSERT INTO classes VALUES (?, ?, ?)');
        for (const { index, wnid, label } of classes) addClass.run(index, wnid, label);
        const addCategory = database.prepare('INSERT INTO categories VALUES (?, ?)');
        for (const { id, name } of categories) addCategory.run(id, name);
      })();
    }
    const writer = new IndexWriter(path, database);
    const { space } = writer.about;
    if (space !== made.space) throw wrongSpace(path, space, `the model ${made.model}`, made.space);
    return writer;
  } catch (error) {
    database.close();
    throw asIndexError(path, error);
  }
}
