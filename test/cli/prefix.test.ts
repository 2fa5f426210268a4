import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { addLayer } from '../session/layered-file.js';
import { dicm, jsonLines, PHOTOS, scratchFolder } from './run-cli.js';

const folder = scratchFolder();
const run = (...args: string[]) => dicm(args, { cwd: folder });

beforeAll(async () => {
  const photo = join(PHOTOS, 'chelsea.png');
  const result = await run('encode', photo, '--max-side', '64', '-o', 'plain.dicm');
  expect(result.exitCode, result.stderr).toBe(0);
  const { whole, prefix, damaged } = addLayer(await readFile(join(folder, 'plain.dicm')));
  await writeFile(join(folder, 'layered.dicm'), whole);
  await writeFile(join(folder, 'first.dicm'), prefix);
  await writeFile(join(folder, 'damaged.dicm'), damaged);
});

/** What a command says about a file, without the file's name and the time it took. */
async function answer(name: string, task: string, ...more: string[]) {
  const args = ['analyze', task, name, '--backend', 'wasm', '--json', ...more];
  const result = await run(...args);
  expect(result.exitCode, result.stderr).toBe(0);
  const [{ file, elapsedMs, ...rest }] = jsonLines(result) as [Record<string, unknown>];
  return rest;
}

describe('--prefix', () => {
  test.each(['classify', 'all', 'embed'])('analyze %s', async (task) => {
    const whole = await answer('plain.dicm', task);
    expect(await answer('first.dicm', task, '--prefix')).toEqual(whole);
    expect(await answer('damaged.dicm', task, '--prefix')).toEqual(whole);
    expect(await answer('plain.dicm', task, '--prefix')).toEqual(whole);
  });

  test('without it a file that ends early is damaged', async () => {
    for (const args of [
      ['analyze', 'classify', 'first.dicm'],
      ['analyze', 'embed', 'damaged.dicm'],
      ['decode', 'first.dicm', '-o', 'x.npy'],
      ['verify', 'first.dicm'],
    ]) {
      const result = await run(...args, '--backend', 'wasm');
      expect(result.exitCode, args.join(' ')).toBe(3);
      expect(result.stderr).toMatch(/first\.dicm|damaged\.dicm/);
    }
  });

  test('decode, features and latents', async () => {
    for (const [name, more] of [
      ['f3.npy', []],
      ['y.safetensors', ['--latents']],
    ] as const) {
      for (const file of ['plain', 'first']) {
        const prefix = file === 'first' ? ['--prefix'] : [];
        const args = [
          'decode',
          `${file}.dicm`,
          '-o',
          `${file}-${name}`,
          '--backend',
          'wasm',
          ...prefix,
          ...more,
        ];
        expect(await run(...args)).toMatchObject({ exitCode: 0 });
      }
      const [plain, first] = [join(folder, `plain-${name}`), join(folder, `first-${name}`)];
      expect(await readFile(first)).toEqual(await readFile(plain));
    }
  });

  test('stdin', async () => {
    const stdin = await readFile(join(folder, 'first.dicm'));
    const args = ['analyze', 'classify', '-', '--prefix', '--backend', 'wasm'];
    const result = await dicm(args, { cwd: folder, stdin });
    expect(result.exitCode, result.stderr).toBe(0);
  });
});

describe('verify', () => {
  const semantic = { name: 'machine', profile: 'semantic', proved: true };

  test('says which layers it proved', async () => {
    const result = await run('verify', 'plain.dicm', 'layered.dicm', '--json');
    expect(result.exitCode).toBe(0);
    const reason = expect.stringContaining('perceptual');
    const bytes = expect.any(Number);
    expect(jsonLines(result)).toEqual([
      { schema: 'dicm.verify/1', file: 'plain.dicm', ok: true, bytes, digest: null, layers: [semantic] },
      {
        ...{ schema: 'dicm.verify/1', file: 'layered.dicm', ok: true, bytes, digest: null },
        layers: [semantic, { name: 'view', profile: 'perceptual', proved: false, reason }],
      },
    ]);
  });

  test('in words, warns of what it could not decode', async () => {
    expect(await run('verify', 'plain.dicm')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    const result = await run('verify', 'layered.dicm', '-v');
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    expect(result.stderr).toMatch(
      /^layered\.dicm: good, proved: machine layer\nwarning: layered\.dicm: the view layer /,
    );
  });

  test('--prefix proves the first layer only', async () => {
    const result = await run('verify', 'first.dicm', 'damaged.dicm', '--prefix', '--json');
    expect(result.exitCode, result.stdout).toBe(0);
    expect(jsonLines(result).map(({ layers }) => layers)).toEqual([[semantic], [semantic]]);
    expect(await run('verify', 'damaged.dicm')).toMatchObject({ exitCode: 3 });
  });
});
