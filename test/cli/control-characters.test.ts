import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { addDigest } from '../../src/index.js';
import { copyTiny } from '../model/tiny-copies.js';
import { dicm, jsonLines, PHOTOS, scratchFolder } from './run-cli.js';

const folder = scratchFolder();

/** Names that would colour, forge a line, go back in the line, set the title of the window, or be read backwards. */
const NAMES = [
  'red\u001b[31m.dicm',
  'a.dicm: good\nerror: the disk is full [disk-full]\n.dicm',
  'back\r\b\u007fspace.dicm',
  'title\u001b]0;owned\u0007.dicm',
  'c1\u009b2J\u0085.dicm',
  'mcid.\u202egpj.\u2066\u2028.dicm',
];

/** What may not reach a terminal: all controls but the ends of lines, and what turns the direction. */
const CONTROLS = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u;

function expectHarmless({ stdout, stderr }: { stdout: string; stderr: string }, lines?: number): void {
  const text = stdout + stderr;
  expect(text.replaceAll('\n', '')).not.toMatch(CONTROLS);
  for (const line of text.split('\n')) expect(line).not.toMatch(/^error: the disk is full/);
  if (lines !== undefined) expect(text.split('\n').filter((line) => line !== '').length).toBe(lines);
}

describe.skipIf(process.platform === 'win32')('names of files', () => {
  beforeAll(async () => {
    await mkdir(join(folder, 'photos'));
    await mkdir(join(folder, 'coded'));
    const one = join(folder, 'one.dicm');
    const made = await dicm(['encode', join(PHOTOS, 'chelsea.png'), '--max-side', '64', '-o', one]);
    expect(made.exitCode, made.stderr).toBe(0);
    for (const name of NAMES) {
      await copyFile(join(PHOTOS, 'chelsea.png'), join(folder, 'photos', name.replace(/dicm$/, 'png')));
      await copyFile(one, join(folder, 'coded', name));
    }
  });

  test.each([
    ['encode', ['encode', '-r', 'photos', '-o', 'out', '--max-side', '64', '-v']],
    ['encode again', ['encode', '-r', 'photos', '-o', 'out', '--max-side', '64']],
    ['encode --skip-existing', ['encode', '-r', 'photos', '-o', 'out', '--skip-existing', '-v']],
    ['decode', ['decode', '-r', 'coded', '-o', 'arrays', '--layer', 'pooled']],
    ['classify', ['analyze', 'classify', '-r', 'coded', '--top', '1']],
    ['detect', ['analyze', 'all', '-r', 'coded', '--overlay', 'drawn', '--min-score', '0.9']],
    ['inspect', ['inspect', '-r', 'coded']],
    ['verify', ['verify', '-r', 'coded', '-v']],
    ['strip', ['strip', '--layer', 'view', '-r', 'coded', '-o', 'stripped']],
    ['passing over', ['encode', '-r', '.', '-o', 'out2', '--max-side', '64', '-v']],
  ])('%s', async (_, args) => {
    const result = await dicm(args, { cwd: folder });
    expectHarmless(result);
    expect(result.stdout + result.stderr).toContain('\\x1b[31m');
    expect(result.stdout + result.stderr).toContain('\\nerror: the disk is full');
    expect(result.stdout + result.stderr).toContain('\\u202egpj.\\u2066\\u2028');
  });

  test.each([
    ['a file that is missing', ['inspect', `no${NAMES[1]}`]],
    ['a picture that is none', ['encode', `coded/${NAMES[1]}`, '-o', 'x.dicm']],
    ['a command that there is not', [NAMES[1]!]],
    ['a task that there is not', ['analyze', `x${NAMES[1]}`, 'y']],
    ['an option that there is not', ['inspect', `--x${NAMES[1]}`]],
    ['a value', ['encode', 'a.png', '--max-side', NAMES[1]!]],
    ['an output', ['encode', '-', '-o', `x${NAMES[1]}.jpg`]],
    ['a model', ['verify', `coded/${NAMES[0]}`, '--model', NAMES[1]!]],
    ['a limit', ['inspect', 'x.dicm', '--limit', NAMES[1]!]],
  ])('%s', async (_, args) => {
    const result = await dicm(args, { cwd: folder });
    expect(result.exitCode).not.toBe(0);
    expectHarmless(result, 1);
    expect(result.stderr).toContain('\\nerror: the disk is full');
  });

  test('--json has them as they are', async () => {
    const result = await dicm(['inspect', '-r', 'coded', '--json'], { cwd: folder });
    const files = jsonLines(result).map(({ file }) => file);
    expect(files.sort()).toEqual(NAMES.map((name) => join('coded', name)).sort());
  });
});

describe('what files and models say of themselves', () => {
  const evil = 'cat\u001b[2J\nerror: forged\u202e';

  test('labels and names of a model', async () => {
    const model = await copyTiny(join(folder, 'model'));
    await edit(join(model, 'manifest.json'), (manifest) => {
      Object.assign(manifest, { version: evil, description: evil, licence: evil });
    });
    await edit(join(model, 'classes.json'), (classes) => {
      for (const entry of classes as unknown as { label: string }[]) entry.label = evil;
    });
    const [photo, coded] = [join(PHOTOS, 'chelsea.png'), join(folder, 'evil.dicm')];
    for (const args of [
      ['encode', photo, '--max-side', '64', '-o', coded, '-v'],
      ['analyze', 'classify', coded, '--top', '2', '-v'],
      ['models'],
      ['doctor', '--backend', 'wasm'],
      ['inspect', coded],
    ]) {
      const result = await dicm([...args, ...(args[0] === 'inspect' ? [] : ['--model', model])]);
      expect(result.exitCode, result.stderr).toBe(0);
      expectHarmless(result);
      for (const line of (result.stdout + result.stderr).split('\n')) expect(line).not.toMatch(/^error:/);
    }
    const { stdout } = await dicm(['analyze', 'classify', coded, '--top', '1', '--model', model]);
    expect(stdout).toContain('cat\\x1b[2J\\nerror: forged\\u202e');
  });

  test('tags and bytes of a file', async () => {
    const one = new Uint8Array(await readFile(join(folder, 'one.dicm')));
    const { bytes } = await addDigest(one, async () => '0'.repeat(64));
    await writeFile(join(folder, 'tagged.dicm'), bytes);
    for (const command of [['inspect'], ['inspect', 'bitstream'], ['verify']]) {
      expectHarmless(await dicm([...command, join(folder, 'tagged.dicm')]));
    }
  });
});

/** Changes a file of JSON. */
async function edit(path: string, change: (value: Record<string, unknown>) => void): Promise<void> {
  const value = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  change(value);
  await writeFile(path, JSON.stringify(value));
}
