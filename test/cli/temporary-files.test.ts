import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isLeftOver, withTemporary } from '../../src/cli/temporary-files.js';
import { writeOutput } from '../../src/cli/write-output.js';
import { scratchFolder } from './run-cli.js';

const HOUR = 60 * 60 * 1000;
const folder = scratchFolder();

/** Name under which this process writes. */
async function ownName(target = join(folder, 'out.dicm')): Promise<string> {
  return withTemporary(target, async (path) => path.slice(path.lastIndexOf('/') + 1));
}

/** Id of a process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

describe('a temporary file', () => {
  test('says who writes it, and keeps within what a name may have', async () => {
    expect(await ownName()).toMatch(
      new RegExp(`^\\.out\\.dicm\\.[0-9a-f]{6}-${process.pid}-\\w+\\.tmp-dicm$`),
    );
    const long = '\u753b'.repeat(80);
    expect(Buffer.byteLength(await ownName(join(folder, `${long}.dicm`)))).toBeLessThan(256);
    const target = join(folder, `${long}.dicm`);
    await writeOutput(target, Buffer.from('x'), { force: false });
    expect(existsSync(target)).toBe(true);
  });

  test('is left over when its process is gone and an hour has passed', async () => {
    const own = await ownName();
    const dead = own.replace(`-${process.pid}-`, `-${deadPid()}-`);
    expect(isLeftOver(dead, 2 * HOUR)).toBe(true);
    expect(isLeftOver(dead, HOUR / 2)).toBe(false);
    expect(isLeftOver(own, 100 * HOUR)).toBe(false);
    // Somebody else's process is there, too.
    expect(isLeftOver(own.replace(`-${process.pid}-`, '-1-'), 2 * HOUR)).toBe(false);
  });

  test('of another machine, or of a version that did not say who writes it', async () => {
    const foreign = (await ownName()).replace(/\.([0-9a-f]{6})-\d+/, (_, hash: string) => {
      return `.${hash === 'abcdef' ? 'fedcba' : 'abcdef'}-${process.pid}`;
    });
    expect(isLeftOver(foreign, 2 * HOUR)).toBe(false);
    expect(isLeftOver(foreign, 25 * HOUR)).toBe(true);
    expect(isLeftOver('.a.dicm.k3j4h5k6j7.tmp-dicm', 2 * HOUR)).toBe(true);
    expect(isLeftOver('.a.dicm.k3j4h5k6j7.tmp-dicm', HOUR / 2)).toBe(false);
  });
});

test('the next file that is written into a folder removes what was left over there, and nothing else', async () => {
  const place = join(folder, 'place');
  mkdirSync(place);
  const own = await ownName();
  const dead = own.replace(`-${process.pid}-`, `-${deadPid()}-`);
  const names = [own, dead, dead.replace('.tmp-dicm', '0.tmp-dicm'), 'a.tmp-dicm', '.keep'];
  const old = new Date(Date.now() - 2 * HOUR);
  for (const name of names) {
    writeFileSync(join(place, name), 'x');
    // The third is still being written to, for all anybody knows.
    if (name !== names[2]) utimesSync(join(place, name), old, old);
  }
  await writeOutput(join(place, 'new.dicm'), Buffer.from('x'), { force: false });
  expect(readdirSync(place).sort()).toEqual([own, names[2], 'a.tmp-dicm', '.keep', 'new.dicm'].sort());
});
