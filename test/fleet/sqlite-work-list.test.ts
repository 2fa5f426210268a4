import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openWorkList } from '../../src/fleet/open-work-list.js';
import { shardKeys } from '../../src/fleet/work-item.js';
import { openSqlite } from '../../src/platform/node/sqlite.js';
import { describeWorkList, keysNamed, TASK } from './work-list-contract.js';

const folder = mkdtempSync(join(tmpdir(), 'dicm-fleet-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RULES = { leaseMs: 1200, tries: 3, worker: 'one' };
let count = 0;
describeWorkList('a work list in SQLite', RULES, async () => {
  const path = join(folder, `list-${count++}.sqlite`);
  return () => openWorkList(path, RULES, true);
});

describe('a file', () => {
  test('that is not there is made by those that add only', async () => {
    await expect(openWorkList(join(folder, 'none'), RULES, false)).rejects.toMatchObject({
      code: 'work-list-failed',
      message: expect.stringMatching(/none cannot be used: unable to open .*`dicm run add` makes it$/),
    });
    await expect(openWorkList(join(folder, 'no', 'folder'), RULES, true)).rejects.toMatchObject({
      code: 'work-list-failed',
    });
  });

  test('of another program, of another kind, or of a later version is refused', async () => {
    const other = await openSqlite(join(folder, 'other'), 'Tests');
    other.exec('CREATE TABLE t (a)');
    other.close();
    await expect(openWorkList(join(folder, 'other'), RULES, true)).rejects.toThrow(/of another program/);
    writeFileSync(join(folder, 'text'), 'text '.repeat(1000));
    await expect(openWorkList(join(folder, 'text'), RULES, true)).rejects.toMatchObject({
      code: 'work-list-failed',
    });
    await (await openWorkList(join(folder, 'later'), RULES, true)).close();
    const later = await openSqlite(join(folder, 'later'), 'Tests');
    later.pragma('user_version = 9');
    later.close();
    await expect(openWorkList(join(folder, 'later'), RULES, true)).rejects.toThrow(/version 9.*knows 1/);
  });

  test('keeps names that are no text, and many items', async () => {
    const list = await openWorkList(join(folder, 'names'), RULES, true);
    const keys = [{ source: '/in/\udce4.png', name: '\udce4' }, ...keysNamed('b', 2500)];
    expect(await list.add(shardKeys(TASK, keys, 1))).toEqual({ items: 2501, inputs: 2501 });
    const leases = await list.lease('fresh', 3000);
    expect(leases.flatMap((lease) => lease.keys)).toEqual(keys);
    for (const lease of leases) {
      await list.done(lease, [{ key: lease.keys[0]!, line: JSON.stringify(lease.keys[0]) }]);
    }
    let at = 0;
    for await (const line of list.results()) expect(JSON.parse(line)).toEqual(keys[at++]);
    expect(at).toBe(keys.length);
    await list.close();
  });
});

test('an address of another kind is refused', async () => {
  await expect(openWorkList('redis://localhost', RULES, true)).rejects.toMatchObject({
    code: 'bad-work-list',
  });
});
