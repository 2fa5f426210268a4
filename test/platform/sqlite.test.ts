import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { importOptional, missingPackage } from '../../src/platform/node/optional-package.js';
import { openSqlite } from '../../src/platform/node/sqlite.js';

const folder = mkdtempSync(join(tmpdir(), 'dicm-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a SQLite file', () => {
  test('keeps what is written into it', async () => {
    const path = join(folder, 'a.sqlite');
    const database = await openSqlite(path, 'These tests');
    database.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)');
    const insert = database.prepare('INSERT INTO t (b) VALUES (?)');
    const fill = database.transaction((words: string[]) => words.map((word) => insert.run(word).changes));
    expect(fill.immediate(['one', 'two'])).toEqual([1, 1]);
    database.close();
    const again = await openSqlite(path, 'These tests', { readonly: true });
    expect(again.prepare('SELECT b FROM t ORDER BY a').pluck().all()).toEqual(['one', 'two']);
    expect(() => again.exec('DELETE FROM t')).toThrow(/readonly/);
    again.close();
  });

  test('that is none is an error of SQLite, not of its package', async () => {
    const path = join(folder, 'b.sqlite');
    writeFileSync(path, 'no database at all, and longer than its head would be'.repeat(10));
    const database = await openSqlite(path, 'These tests');
    expect(() => database.prepare('SELECT * FROM t')).toThrow(
      expect.objectContaining({ code: 'SQLITE_NOTADB' }),
    );
    database.close();
    await expect(openSqlite(join(folder, 'c'), 'These tests', { fileMustExist: true })).rejects.toMatchObject(
      { code: 'SQLITE_CANTOPEN' },
    );
  });
});

test('a package that is not there is named, with what needs it and what brings it', async () => {
  await expect(
    importOptional('no-such-package', 'Lists in a cloud', 'no-such-package its-peer'),
  ).rejects.toThrow(
    'Lists in a cloud need the package no-such-package, which is not installed: npm install no-such-package its-peer brings it',
  );
  const unbuilt = missingPackage(
    'p',
    'Lists',
    'p',
    new Error('Could not locate the bindings file. Tried:\n -> a'),
  );
  expect(unbuilt).toMatchObject({ code: 'missing-package', exitCode: 6 });
  expect(unbuilt.message).toMatch(/does not load here \(Could not locate the bindings file. Tried:\): npm/);
});
