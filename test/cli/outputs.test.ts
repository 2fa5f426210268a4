import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  realpath,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { dicm, jsonLines, PHOTOS, scratchFolder } from './run-cli.js';

const folder = scratchFolder();
const small = ['--max-side', '32'];

/** All files below a folder, sorted. */
async function tree(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)).sort();
}

async function photos(name: string, paths: readonly string[]): Promise<string> {
  const root = join(folder, name);
  const image = await sharp(join(PHOTOS, 'chelsea.png')).resize(40).png().toBuffer();
  for (const path of paths) {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), image);
  }
  return root;
}

describe('where results go', () => {
  test('beside the input', async () => {
    const root = await photos('beside', ['a.png', 'deep/b.jpeg']);
    const result = await dicm(['encode', 'a.png', 'deep/b.jpeg', ...small], { cwd: root });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(await tree(root)).toEqual(['a.dicm', 'a.png', 'deep/b.dicm', 'deep/b.jpeg']);
  });

  test('a directory with -r keeps its folders under -o; hidden and other files are left out', async () => {
    const root = await photos('tree', ['in/a.png', 'in/x/b.png', 'in/x/.hidden.png', 'in/x/note.txt']);
    const result = await dicm(['encode', '-r', 'in', '-o', 'out', '--json', ...small], { cwd: root });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(await tree(join(root, 'out'))).toEqual(['a.dicm', 'x/b.dicm']);
    expect(jsonLines(result).map(({ input }) => input)).toEqual(['in/a.png', 'in/x/b.png']);
    const verified = await dicm(['verify', '-r', 'out'], { cwd: root });
    expect(verified.exitCode).toBe(0);
  });

  test('several inputs make the -o directory; one input with a trailing slash too', async () => {
    const root = await photos('many', ['a.png', 'b.png']);
    expect((await dicm(['encode', 'a.png', 'b.png', '-o', 'out', ...small], { cwd: root })).exitCode).toBe(0);
    expect((await dicm(['encode', 'a.png', '-o', 'one/', ...small], { cwd: root })).exitCode).toBe(0);
    expect(await tree(root)).toEqual(['a.png', 'b.png', 'one/a.dicm', 'out/a.dicm', 'out/b.dicm']);
  });

  test('patterns are expanded; a file whose name looks like one is taken as it is', async () => {
    const root = await photos('globs', ['a1.png', 'a2.png', 'b1.png', 'c[1].png', 'd/a3.png']);
    const inputs = async (...patterns: string[]) => {
      const result = await dicm(['encode', ...patterns, '-o', 'out/', '-f', '--json', ...small], {
        cwd: root,
      });
      expect(result.exitCode, result.stderr).toBe(0);
      return jsonLines(result).map(({ input }) => input);
    };
    expect(await inputs('a*.png')).toEqual(['a1.png', 'a2.png']);
    expect(await inputs('**/a?.png')).toEqual(['a1.png', 'a2.png', 'd/a3.png']);
    expect(await inputs('{b,a}1.png')).toEqual(['a1.png', 'b1.png']);
    expect(await inputs('c[1].png')).toEqual(['c[1].png']);
  });

  test('two inputs with one output name are refused before any work', async () => {
    const root = await photos('collision', ['a.png', 'a.jpg', 'x/b.png', 'y/b.png']);
    for (const args of [
      ['a.png', 'a.jpg'],
      ['x/b.png', 'y/b.png', '-o', 'out'],
      ['a.png', 'a.png'],
    ]) {
      const result = await dicm(['encode', ...args, ...small], { cwd: root });
      expect(result.exitCode).toBe(2);
      expect(result.stderr).toContain('output-collision');
    }
    expect(await tree(root)).toEqual(['a.jpg', 'a.png', 'x/b.png', 'y/b.png']);
  });

  test('an input is never an output', async () => {
    const root = await photos('self', ['a.png']);
    const result = await dicm(['encode', 'a.png', '-o', './a.png', '-f', ...small], { cwd: root });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('output-is-input');
  });
});

describe('overwriting', () => {
  test('only with -f, keeping the mode of the file', async () => {
    const root = await photos('force', ['a.png']);
    await writeFile(join(root, 'a.dicm'), 'precious');
    await chmod(join(root, 'a.dicm'), 0o640);
    const refused = await dicm(['encode', 'a.png', ...small], { cwd: root });
    expect(refused.exitCode).toBe(5);
    expect(refused.stderr).toContain('-f overwrites it');
    expect(await readFile(join(root, 'a.dicm'), 'utf8')).toBe('precious');
    const forced = await dicm(['encode', 'a.png', '-f', ...small], { cwd: root });
    expect(forced.exitCode).toBe(0);
    expect((await stat(join(root, 'a.dicm'))).mode & 0o777).toBe(0o640);
    expect(await tree(root)).toEqual(['a.dicm', 'a.png']);
  });

  test('through a symbolic link the file behind it is written', async () => {
    const root = await photos('link', ['a.png']);
    await writeFile(join(root, 'real.dicm'), 'old');
    await symlink('real.dicm', join(root, 'a.dicm'));
    expect((await dicm(['encode', 'a.png', '-f', ...small], { cwd: root })).exitCode).toBe(0);
    expect((await lstat(join(root, 'a.dicm'))).isSymbolicLink()).toBe(true);
    expect(await realpath(join(root, 'a.dicm'))).toBe(await realpath(join(root, 'real.dicm')));
    expect((await readFile(join(root, 'real.dicm')))[0]).toBe(0x8e);
  });

  test('a device is written to, not replaced', async () => {
    const root = await photos('device', ['a.png']);
    const result = await dicm(['encode', 'a.png', '-o', '/dev/null', ...small], { cwd: root });
    expect(result.exitCode, result.stderr).toBe(0);
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
  });
});

describe('arrays', () => {
  const file = join(folder, 'arrays.dicm');

  beforeAll(async () => {
    await copyFile(join(PHOTOS, 'coffee.png'), join(folder, 'arrays.png'));
    expect((await dicm(['encode', join(folder, 'arrays.png'), '--max-side', '90'])).exitCode).toBe(0);
  });

  test('.npy has the head NumPy reads', async () => {
    expect((await dicm(['decode', file])).exitCode).toBe(0);
    const bytes = await readFile(join(folder, 'arrays.npy'));
    expect(bytes.subarray(0, 8)).toEqual(Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]));
    const end = 10 + bytes.readUInt16LE(8);
    expect(end % 64).toBe(0);
    const head = bytes.toString('latin1', 10, end);
    expect(head.trimEnd()).toBe("{'descr': '<f4', 'fortran_order': False, 'shape': (16, 24, 32), }");
    expect(head.endsWith('\n')).toBe(true);
    expect(bytes.length - end).toBe(16 * 24 * 32 * 4);
  });

  test('.safetensors holds the same features', async () => {
    const output = join(folder, 'arrays.safetensors');
    expect((await dicm(['decode', file, '-o', output])).exitCode).toBe(0);
    const bytes = await readFile(output);
    const start = 8 + Number(bytes.readBigUInt64LE());
    const head = JSON.parse(bytes.toString('utf8', 8, start));
    expect(head.f3).toEqual({ dtype: 'F32', shape: [16, 24, 32], data_offsets: [0, 49152] });
    expect(head.__metadata__).toMatchObject({ width: '90', height: '60', sourceWidth: '600' });
    const npy = await readFile(join(folder, 'arrays.npy'));
    expect(bytes.subarray(start)).toEqual(npy.subarray(npy.length - 49152));
  });

  test('--latents gives y_hat and z_hat, without an executor', async () => {
    const output = join(folder, 'latents.safetensors');
    const result = await dicm(['decode', file, '--latents', '-o', output, '--json']);
    expect(jsonLines(result)[0]).toMatchObject({
      backend: null,
      arrays: [
        { name: 'y_hat', type: 'float32', shape: [4, 6, 32] },
        { name: 'z_hat', type: 'int32', shape: [1, 2, 16] },
      ],
    });
    const bytes = await readFile(output);
    const start = 8 + Number(bytes.readBigUInt64LE());
    const head = JSON.parse(bytes.toString('utf8', 8, start));
    expect(head.z_hat).toEqual({ dtype: 'I32', shape: [1, 2, 16], data_offsets: [3072, 3200] });
    expect(bytes.length).toBe(start + 3200);
  });

  test('what cannot hold them is refused', async () => {
    const latents = await dicm(['decode', file, '--latents', '-o', 'x.npy']);
    expect([latents.exitCode, latents.stderr]).toEqual([2, expect.stringContaining('.safetensors')]);
    const picture = await dicm(['decode', file, '-o', 'x.png']);
    expect([picture.exitCode, picture.stderr]).toEqual([2, expect.stringContaining('no picture')]);
  });
});
