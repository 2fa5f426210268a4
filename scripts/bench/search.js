// Searching in indexes of made-up files: node scripts/bench/search.js [FILES...], 10,000, 100,000 and 1,000,000 unless given.
// How long the index takes to write, how large it is, and milliseconds of queries in the library, the median of some. Each file
// has five classes and an object; vectors are random, so nothing is near anything, which is the worst case of a search. Needs a
// build (npm run build) and better-sqlite3.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openIndex, openIndexWriter, search } from '#dicm/index.js';
import { table } from '../support/table.js';

/** @import { IndexEntry } from '../../src/search/index-writer.js' */

const SIZES = process.argv.slice(2).map(Number);
const DIMENSIONS = 128;
const SPACE = '89ab-01234567';
const BATCH = 1000;
const RUNS = 9;
const CATEGORIES = ['dog', 'person', 'cat', 'car'].map((name, id) => ({ id, name }));

/** A generator of numbers from 0 to 1, the same ones in every run. */
function generator(seed = 1) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const random = generator();
/** @param {number} below */
const drawn = (below) => Math.floor(below * random());
const vector = () => ({
  values: Int8Array.from({ length: DIMENSIONS }, () => drawn(255) - 127),
  space: SPACE,
});

/**
 * @param {number} number
 * @returns {IndexEntry}
 */
function entry(number) {
  return {
    ...{ path: `coded/${number}.dicm`, bytes: 1000, modifiedMs: 1_700_000_000_000 + number },
    sha256: new Uint8Array(32).fill(drawn(256)),
    ...{ width: 640, height: 480, codedWidth: 288, codedHeight: 216, quality: 50, vector: vector() },
    classes: Array.from({ length: 5 }, (_, i) => ({
      index: 5 * drawn(200) + i,
      score: 0.1 + 0.1 * random(),
    })),
    objects: [
      { categoryId: drawn(4), score: 0.3 + 0.7 * random(), box: { x: 10, y: 20, width: 30, height: 40 } },
    ],
  };
}

/** @param {string} path @param {number} files */
async function write(path, files) {
  const writer = await openIndexWriter(path, {
    ...{ model: 'made-up', decodeId: '01234567', renderId: '89ab', space: SPACE, dimensions: DIMENSIONS },
    ...{ minClassScore: 0.02, minObjectScore: 0.3, categories: CATEGORIES },
    classes: Array.from({ length: 1000 }, (_, i) => ({ index: i, wnid: `n${i}`, label: `class ${i}` })),
  });
  let spentMs = 0;
  for (let first = 0; first < files; first += BATCH) {
    const entries = Array.from({ length: Math.min(BATCH, files - first) }, (_, i) => entry(first + i));
    const began = performance.now();
    writer.put(entries);
    spentMs += performance.now() - began;
  }
  writer.close();
  return spentMs;
}

/** @param {() => unknown} work */
async function medianMs(work) {
  const times = [];
  for (let run = 0; run < RUNS; run++) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return Number(times.sort((a, b) => a - b)[RUNS >> 1]?.toFixed(1));
}

const folder = mkdtempSync(join(tmpdir(), 'dicm-bench-search-'));
try {
  const rows = [];
  for (const files of SIZES.length > 0 ? SIZES : [10_000, 100_000, 1_000_000]) {
    const path = join(folder, `${files}.dicmdex`);
    const writeMs = await write(path, files);
    const index = await openIndex(path);
    const where = 'dog >= 1 and person = 0';
    rows.push([
      ...[files, Number((writeMs / files).toFixed(3)), Math.round(statSync(path).size / files)],
      await medianMs(() => [...search(index, { like: vector(), top: 20 })]),
      await medianMs(() => [...search(index, { like: vector(), where, top: 20 })]),
      await medianMs(() => [...search(index, { where, top: 20 })]),
      await medianMs(async () => {
        const opened = await openIndex(path);
        const found = [...search(opened, { like: vector(), top: 20 })];
        opened.close();
        return found;
      }),
    ]);
    index.close();
    rmSync(path);
  }
  console.log(
    table(
      [
        'files',
        'write, ms a file',
        'bytes a file',
        'like, ms',
        'like and where',
        'where, first 20',
        'open and like',
      ],
      rows,
    ),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
