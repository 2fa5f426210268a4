import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type IndexEntry, openIndex, openIndexWriter, type SearchHit, search } from '../../src/index.js';
import { openSqlite } from '../../src/platform/node/sqlite.js';
import { MADE, madeEntry, madeObject, madeVector, searchFolder, writeIndex } from './made-index.js';

const folder = searchFolder();
const ROOT = resolve(import.meta.dirname, '../..');

/** Everything that an index holds, in a form that can be compared. */
async function contentOf(path: string): Promise<{ about: unknown; hits: SearchHit[]; vectors: number[][] }> {
  const index = await openIndex(path);
  try {
    const hits = [...search(index, {})];
    const vectors = hits.map((hit) => [...index.vectorOf(index.fileAt(hit.path)!)]);
    return { about: index.about, hits, vectors };
  } finally {
    index.close();
  }
}

const ENTRIES: readonly IndexEntry[] = [
  madeEntry(1, {
    objects: [madeObject(12, 0.9), madeObject(12, 0.5), madeObject(15, 0.4)],
    classes: [{ index: 2, score: 0.7 }],
  }),
  madeEntry(2, { objects: [madeObject(12, 0.8), madeObject(12, 0.7)], classes: [{ index: 1, score: 0.05 }] }),
  madeEntry(3, { objects: [madeObject(15, 0.99)], classes: [{ index: 3, score: 1 }] }),
  madeEntry(4, { path: 'it\'s "quoted"; --.dicm', quality: 20.5 }),
  madeEntry(5, { path: new Uint8Array([0x61, 0xff, 0x2e, 0x64]) }),
];

describe('what is written is read again', () => {
  const path = join(folder, 'read.dicmdex');

  test('entries, names and vectors', async () => {
    await writeIndex(path, ENTRIES);
    const { about, hits, vectors } = await contentOf(path);
    const { classes: _, categories: __, ...meta } = MADE;
    expect(about).toEqual(meta);
    expect(hits.map((hit) => (typeof hit.path === 'string' ? hit.path : [...hit.path]))).toEqual(
      ENTRIES.map((entry) => (typeof entry.path === 'string' ? entry.path : [...entry.path])),
    );
    expect(vectors).toEqual(ENTRIES.map(({ vector }) => [...vector.values]));
    expect(hits[0]).toMatchObject({
      bytes: 501,
      width: 401,
      height: 300,
      quality: 50,
      classes: [{ index: 2, wnid: 'n00000003', label: 'seashore', score: 0.7 }],
      objects: [
        { label: 'dog', categoryId: 12, score: 0.9, box: { x: 10, y: 21, width: 30, height: 40 } },
        { label: 'dog', score: 0.5 },
        { label: 'person', score: 0.4 },
      ],
    });
  });

  test('an entry is replaced under its path, and its vector with it', async () => {
    const copy = join(folder, 'replaced.dicmdex');
    copyFileSync(path, copy);
    await writeIndex(copy, [madeEntry(2, { vector: madeEntry(77).vector, bytes: 9 })]);
    const { hits, vectors } = await contentOf(copy);
    expect(hits.length).toBe(ENTRIES.length);
    expect(hits[1]).toMatchObject({ path: 'coded/2.dicm', bytes: 9, objects: [], classes: [] });
    expect(vectors[1]).toEqual([...madeVector(77)]);
  });

  test('what is removed is not found any more, by nothing', async () => {
    const copy = join(folder, 'removed.dicmdex');
    copyFileSync(path, copy);
    const writer = await openIndexWriter(copy, MADE);
    writer.remove(['coded/1.dicm', 'coded/none.dicm', ENTRIES[4]!.path]);
    writer.close();
    const index = await openIndex(copy);
    const found = [...search(index, { like: ENTRIES[0]!.vector, top: 100 })];
    expect(found.map((hit) => hit.path).sort()).toEqual(
      ['coded/2.dicm', 'coded/3.dicm', ENTRIES[3]!.path].sort(),
    );
    expect([...search(index, { where: 'dog >= 1' })].map((hit) => hit.path)).toEqual(['coded/2.dicm']);
    index.close();
  });

  test('more than a block of vectors', async () => {
    const many = join(folder, 'many.dicmdex');
    const entries = Array.from({ length: 2500 }, (_, i) => madeEntry(i + 1));
    await writeIndex(many, entries.slice(0, 1500));
    await writeIndex(many, entries.slice(1500));
    const index = await openIndex(many);
    expect(index.size).toBe(2500);
    for (const at of [0, 1023, 1024, 2047, 2499]) {
      const { path: own, vector } = entries[at]!;
      const [best] = search(index, { like: vector, top: 1 });
      expect(best).toMatchObject({ path: own });
      expect(best!.distance).toBeLessThan(1e-6);
    }
    index.close();
  });
});

describe('queries', () => {
  const path = join(folder, 'queries.dicmdex');
  const find = async (where: string) => {
    await writeIndex(path, ENTRIES);
    const index = await openIndex(path);
    try {
      return [...search(index, { where })].map(
        (hit) => ENTRIES.findIndex(({ path: own }) => Buffer.from(own).equals(Buffer.from(hit.path))) + 1,
      );
    } finally {
      index.close();
    }
  };

  test.each([
    ['dog >= 2', [1, 2]],
    ['dog@0.6 >= 2', [2]],
    ['dog >= 2 and person = 0', [2]],
    ['dog >= 2 and person', [1]],
    ['not dog', [3, 4, 5]],
    ['dog or person', [1, 2, 3]],
    ['class ~ "BEACH"', [2]],
    ['class ~ "beach" or class ~ "shore"', [1, 2]],
    ['class@0.1 ~ "beach"', []],
    [`class = "carpenter's kit"`, [3]],
    [`class = 'carpenter''s kit'`, [3]],
    ['class = "n00000003"', [1]],
    ['class !~ "e"', [4, 5]],
    ['path ~ "CODED/"', [1, 2, 3]],
    [`path ~ "it's ""quoted""; --"`, [4]],
    ["path ~ '%'", []],
    ["path ~ '_'", []],
    ['path = "coded/3.dicm"', [3]],
    ['width > 402 and width <= 404', [3, 4]],
    ['quality < 50', [4]],
    ['bytes = 505 or height != 300', [5]],
    [`path = "' OR 1=1 --"`, []],
    [`path = "x"" UNION SELECT 1 --"`, []],
  ])('%s', async (where, numbers) => {
    expect(await find(where)).toEqual(numbers);
  });

  test('what a query tries to do to the tables, it does not', async () => {
    expect(await find(`path ~ "'; DROP TABLE files; DELETE FROM scores; --"`)).toEqual([]);
    expect(await find('dog')).toEqual([1, 2]);
  });
});

describe('an index that cannot be used is refused by name', () => {
  const whole = join(folder, 'whole.dicmdex');
  const open = async (path: string) => (await openIndex(path)).close();

  test('one that does not exist', async () => {
    await expect(open(join(folder, 'none.dicmdex'))).rejects.toMatchObject({ code: 'file-missing' });
  });

  test('what is no SQLite file, and a SQLite file that is no index', async () => {
    const other = join(folder, 'other.dicmdex');
    writeFileSync(other, 'These are not the bytes of a database. '.repeat(100));
    await expect(open(other)).rejects.toMatchObject({ code: 'not-an-index' });
    const foreign = join(folder, 'foreign.dicmdex');
    const tables = await openSqlite(foreign, 'tests');
    tables.exec('CREATE TABLE files (file)');
    tables.close();
    await expect(open(foreign)).rejects.toMatchObject({ code: 'not-an-index' });
    await expect(openIndexWriter(foreign, MADE)).rejects.toMatchObject({ code: 'not-an-index' });
  });

  test('one of a newer version', async () => {
    await writeIndex(whole, ENTRIES);
    const newer = join(folder, 'newer.dicmdex');
    copyFileSync(whole, newer);
    const database = await openSqlite(newer, 'tests');
    database.pragma('user_version = 2');
    database.close();
    await expect(open(newer)).rejects.toMatchObject({ code: 'newer-index', exitCode: 4 });
    await expect(openIndexWriter(newer, MADE)).rejects.toMatchObject({ code: 'newer-index' });
  });

  test('one of another projection, by whoever writes and whoever searches', async () => {
    const other = { ...MADE, space: '89ab-76543210' };
    await expect(openIndexWriter(whole, other)).rejects.toMatchObject({
      code: 'index-projection',
      exitCode: 6,
    });
    const index = await openIndex(whole);
    const like = { values: madeVector(1), space: other.space };
    expect(() => search(index, { like })).toThrow(expect.objectContaining({ code: 'index-projection' }));
    index.close();
    const writer = await openIndexWriter(whole, MADE);
    expect(() => writer.put([madeEntry(9, { vector: like })])).toThrow(
      expect.objectContaining({ code: 'index-projection' }),
    );
    expect(writer.paths().length).toBe(ENTRIES.length);
    writer.close();
  });

  test('one that lacks something, or is cut off', async () => {
    const lacking = join(folder, 'lacking.dicmdex');
    copyFileSync(whole, lacking);
    const database = await openSqlite(lacking, 'tests');
    database.exec("DELETE FROM meta WHERE key = 'space'");
    database.close();
    await expect(open(lacking)).rejects.toMatchObject({
      code: 'index-damaged',
      message: expect.stringContaining('space'),
    });
    const cut = join(folder, 'cut.dicmdex');
    copyFileSync(whole, cut);
    truncateSync(cut, statSync(cut).size - 4096);
    await expect(contentOf(cut)).rejects.toMatchObject({ code: 'index-damaged' });
  });
});

describe('crashes', () => {
  test('what a killed writer did not end is taken back by who reads next, if it may write', async () => {
    const path = join(folder, 'whole.dicmdex');
    await writeIndex(path, [...ENTRIES, ...Array.from({ length: 200 }, (_, i) => madeEntry(10 + i))]);
    const before = await contentOf(path);
    const crashed = join(folder, 'crashed.dicmdex');
    const database = await openSqlite(path, 'tests', {});
    // Pages that do not fit a cache of one are written before the transaction ends; its journal is then in use.
    database.pragma('cache_size = 1');
    database.exec('BEGIN; UPDATE files SET bytes = bytes + 1; UPDATE objects SET score = 0');
    for (const suffix of ['', '-journal']) copyFileSync(`${path}${suffix}`, `${crashed}${suffix}`);
    database.exec('ROLLBACK');
    database.close();
    expect(readFileSync(crashed).equals(readFileSync(path))).toBe(false);

    if (process.getuid?.() !== 0) {
      chmodSync(crashed, 0o444);
      await expect(openIndex(crashed)).rejects.toMatchObject({
        code: 'output-denied',
        message: expect.stringContaining('was interrupted while it was written'),
      });
      chmodSync(crashed, 0o644);
    }
    expect(await contentOf(crashed)).toEqual(before);
    expect(readFileSync(crashed).equals(readFileSync(path))).toBe(true);
  });

  test('what was killed while it wrote leaves whole transactions', async () => {
    const path = join(folder, 'killed.dicmdex');
    const program = join(folder, 'write-for-ever.mjs');
    writeFileSync(
      program,
      `import { openIndexWriter } from ${JSON.stringify(join(ROOT, 'dist/src/index.js'))};
       const writer = await openIndexWriter(${JSON.stringify(path)}, ${JSON.stringify(MADE)});
       for (let batch = 0; ; batch++) {
         writer.put(Array.from({ length: 10 }, (_, i) => ({
           path: batch + '/' + i, bytes: 1, modifiedMs: 1, sha256: new Uint8Array(32), width: 1, height: 1,
           codedWidth: 1, codedHeight: 1, quality: 50, classes: [{ index: 0, score: 1 }], objects: [],
           vector: { values: new Int8Array(40).fill(1 + (batch % 100)), space: ${JSON.stringify(MADE.space)} },
         })));
         process.stdout.write('.');
       }`,
    );
    for (let kill = 0; kill < 5; kill++) {
      const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
      const exit = once(child, 'exit');
      let written = 0;
      for await (const piece of child.stdout) {
        written += piece.length;
        if (written > 3 + 7 * kill) break;
      }
      child.kill('SIGKILL');
      await exit;
      const { hits, vectors } = await contentOf(path);
      expect(hits.length % 10).toBe(0);
      expect(hits.length).toBeGreaterThanOrEqual(10 * (3 + 7 * kill));
      for (const [i, hit] of hits.entries()) {
        const batch = Number(String(hit.path).split('/')[0]);
        expect(hit.classes.length).toBe(1);
        expect(vectors[i]![0]).toBe(1 + (batch % 100));
      }
    }
  });

  test('a file without anything in it is made an index', async () => {
    const path = join(folder, 'empty.dicmdex');
    writeFileSync(path, '');
    await writeIndex(path, ENTRIES);
    expect((await contentOf(path)).hits.length).toBe(ENTRIES.length);
  });

  test('a transaction that fails changes nothing', async () => {
    const path = join(folder, 'failed.dicmdex');
    await writeIndex(path, ENTRIES);
    const before = readFileSync(path);
    const writer = await openIndexWriter(path, MADE);
    const bad = madeEntry(8, { width: undefined as never });
    expect(() => writer.put([madeEntry(7), bad])).toThrow();
    writer.close();
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});
