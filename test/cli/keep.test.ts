import { copyFileSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { PHOTOS, scratchFolder } from './run-cli.js';
import { runHere } from './run-here.js';

const folder = scratchFolder();
const input = join(folder, 'chelsea.png');
const output = join(folder, 'out.dicm');
const common = ['--max-side', '64', '--backend', 'wasm', '-f'];
const encode = (...args: string[]) => runHere(['encode', input, '-o', output, ...common, ...args]);

/** What the tiny model keeps of every file, and what it keeps of none. */
const KEPT = ['--keep', 'labels'];
const LOST = ['--keep', 'boxes=1', '--min-score', '0.01'];

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(PHOTOS, 'chelsea.png'), input);
});

describe('encode --keep', () => {
  test('says what is kept, in words and as JSON', async () => {
    const told = await encode(...KEPT, '--verbose');
    expect(told.exitCode).toBe(0);
    expect(told.stderr).toMatch(/quality 1 {2}keeps labels$/m);
    expect(told.stderr).toContain('the network was asked 2 times');
    const { exitCode, objects } = await encode(
      '--keep',
      'labels,labels=0.4',
      '--keep',
      'labels=0.9',
      '--json',
    );
    expect(exitCode).toBe(0);
    const keep = ['labels', 'labels=0.4', 'labels=0.9'];
    expect(objects[0]).toMatchObject({ schema: 'dicm.encode/1', keep, kept: true, analyses: 2, quality: 1 });
    expect(statSync(output).size).toBe(objects[0]!.bytes);
  });

  test('says nothing of it where it is not asked for', async () => {
    const { objects } = await encode('--json');
    for (const key of ['keep', 'kept', 'analyses']) expect(objects[0]).not.toHaveProperty(key);
  });

  test('what cannot be kept is a warning, and a failure with --strict; the file is written', async () => {
    const { exitCode, stderr } = await encode(...LOST);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('chelsea.png: even the file of quality 100 does not keep boxes=1');
    const before = statSync(output).mtimeMs;
    const strict = await encode(...LOST, '--strict', '--json');
    expect(strict.exitCode).toBe(1);
    expect(strict.objects).toHaveLength(1);
    expect(strict.objects[0]).toMatchObject({ kept: false, quality: 100, analyses: 10 });
    expect(statSync(output).mtimeMs).toBeGreaterThan(before);
    expect((await encode(...KEPT, '--strict')).exitCode).toBe(0);
  });

  test('is done again by --update, since no file says what is kept of it, and left out by --skip-existing', async () => {
    const other = join(folder, 'again.dicm');
    const again = (...args: string[]) =>
      runHere(['encode', input, '-o', other, '--max-side', '64', '--backend', 'wasm', '--json', ...args]);
    expect((await again(...KEPT)).exitCode).toBe(0);
    expect((await again(...KEPT, '--update')).objects[0]).toMatchObject({ schema: 'dicm.encode/1' });
    expect((await again(...KEPT, '--skip-existing')).objects[0]).toMatchObject({ schema: 'dicm.skipped/1' });
  });

  test.each([
    [['--keep', 'top1', '-q', '50'], /--keep finds the quality itself.*leave -q out/],
    [['--keep', 'top1', '--target-bytes', '500'], /leave --target-bytes out/],
    [['--keep', 'top1', '--target-bpp', '0.5'], /leave --target-bpp out/],
    [['--keep', 'top9'], /there is no answer top9 to keep; there are top1, top5, labels, boxes, masks/],
    [['--keep', 'boxes=2'], /above 0, at most 1/],
    [['--keep', ','], /at least one/],
    [['--keep', 'top1', '--min-score', '0.5'], /--keep boxes/],
    [['--min-score', '0.5'], /--keep boxes/],
    [['--strict'], /--keep/],
  ])('%j is a usage error', async (args, message) => {
    const unwritten = join(folder, 'unwritten.dicm');
    const { exitCode, stderr } = await runHere(['encode', input, '-o', unwritten, ...args]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
    expect(existsSync(unwritten)).toBe(false);
  });
});
