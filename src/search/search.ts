import { FormatError } from '../errors.js';
import type { SqliteValue } from '../platform/node/sqlite.js';
import type { SearchVector } from '../tasks/vector/project-features.js';
import { wrongSpace } from './index-writer.js';
import { BestNeighbours, type Neighbour, scanBlock } from './nearest.js';
import { asIndexError, type PictureIndex } from './picture-index.js';
import { type Condition, compileQuery } from './query/compile-query.js';
import { parseQuery } from './query/parse-query.js';
import { SCORE_UNITS } from './schema.js';
import { reciprocalLength } from './vector-block.js';

/** What to look for: files like a picture, files of which a query holds, or both. */
export interface SearchOptions {
  /** Vector of a picture, as the task `vector` gives it; the files whose vectors are nearest are found. */
  like?: SearchVector | undefined;
  /** A query (docs/cli.md, Search). */
  where?: string | undefined;
  /** How many files at most; 20 with `like`, all without. */
  top?: number | undefined;
  /** Path in the index of a file that is not to be found: the one that others are to be like. */
  except?: string | Uint8Array | undefined;
}

/** A file that was found. */
export interface SearchHit {
  /** As the index keeps it: relative to its folder; bytes where a name is no UTF-8. */
  path: string | Uint8Array;
  /** 0 for the same direction, 1 for none in common, 2 for the opposite; with `like` only. */
  distance?: number;
  bytes: number;
  /** Of the photograph after orientation, in pixels. */
  width: number;
  height: number;
  quality: number;
  /** Best first. */
  classes: { index: number; wnid: string; label: string; score: number }[];
  /** Best first; boxes in pixels of the photograph. */
  objects: {
    label: string;
    categoryId: number;
    score: number;
    box: { x: number; y: number; width: number; height: number };
  }[];
}

const DEFAULT_TOP = 20;

/**
 * Finds files in an index: with `like` the nearest first, without in the order in which they were indexed. Pictures are not
 * read, and only one block of vectors is in memory at a time.
 *
 * @throws UsageError `bad-query`, `unknown-category`; ModelError `index-projection`; FormatError `index-damaged`
 */
export function search(index: PictureIndex, options: SearchOptions): IterableIterator<SearchHit> {
  const { like, where, top = like === undefined ? Infinity : DEFAULT_TOP, except } = options;
  try {
    const condition = where === undefined ? undefined : compileQuery(parseQuery(where), index.names);
    const left = except === undefined ? undefined : index.fileAt(except);
    if (like !== undefined) return describeAll(index, findNearest(index, like, { condition, top, left }));
    const files = filesWhere(index, condition).filter((file) => file !== left);
    return describeAll(
      index,
      files.slice(0, top).map((file) => ({ file })),
    );
  } catch (error) {
    throw asIndexError(index.path, error);
  }
}

/** Numbers of the files for which a condition holds. */
function filesWhere({ database }: PictureIndex, condition: Condition | undefined): number[] {
  const { sql, values } = condition ?? { sql: '1', values: [] as SqliteValue[] };
  const statement = database.prepare(`SELECT file FROM files WHERE ${sql} ORDER BY file`).pluck();
  return statement.all(...values) as number[];
}

/** Which files a condition allows, by their number: 1 for each that it does. */
export function allowedFiles(index: PictureIndex, condition: Condition): Uint8Array {
  const last = Number(index.database.prepare('SELECT max(file) FROM files').pluck().get() ?? 0);
  const allowed = new Uint8Array(last + 1);
  for (const file of filesWhere(index, condition)) allowed[file] = 1;
  return allowed;
}

function findNearest(
  index: PictureIndex,
  { values, space }: SearchVector,
  { condition, top, left }: { condition: Condition | undefined; top: number; left: number | undefined },
): Neighbour[] {
  const { about, path } = index;
  if (space !== about.space) throw wrongSpace(path, about.space, 'the picture to compare with has', space);
  const query = { values, scale: reciprocalLength(values) };
  const allowed = condition && allowedFiles(index, condition);
  // One more than asked for, in case the one that is left out is among them.
  const best = new BestNeighbours(left === undefined ? top : top + 1);
  for (const { first, block } of index.blocks()) scanBlock(block, first, query, best, allowed);
  return best
    .sorted()
    .filter(({ file }) => file !== left)
    .slice(0, top);
}

function* describeAll(
  index: PictureIndex,
  found: readonly { readonly file: number; readonly likeness?: number }[],
): Generator<SearchHit, void, undefined> {
  const describe = hitReader(index);
  for (const { file, likeness } of found) {
    const hit = describe(file);
    yield likeness === undefined ? hit : { ...hit, distance: Math.max(0, 1 - likeness) };
  }
}

/** Reads what an index knows of a file. */
export function hitReader({ database, path }: PictureIndex): (file: number) => SearchHit {
  const files = database.prepare('SELECT path, bytes, width, height, quality FROM files WHERE file = ?');
  const scores = database.prepare(
    'SELECT class AS "index", wnid, label, score FROM scores JOIN classes USING (class) WHERE file = ? ORDER BY score DESC, class',
  );
  const objects = database.prepare(
    'SELECT name AS label, category AS categoryId, score, x, y, width, height FROM objects JOIN categories USING (category) WHERE file = ? ORDER BY score DESC, n',
  );
  return (file) => {
    const row = files.get(file) as Omit<SearchHit, 'classes' | 'objects'> | undefined;
    if (row === undefined)
      throw new FormatError('index-damaged', `${path} has a vector of file ${file}, and nothing else of it`);
    const classes = scores.all(file) as SearchHit['classes'];
    const found = objects.all(file) as (Omit<SearchHit['objects'][0], 'box'> &
      SearchHit['objects'][0]['box'])[];
    return {
      ...row,
      classes: classes.map((one) => ({ ...one, score: one.score / SCORE_UNITS })),
      objects: found.map(({ label, categoryId, score, x, y, width, height }) => {
        return { label, categoryId, score: score / SCORE_UNITS, box: { x, y, width, height } };
      }),
    };
  };
}
