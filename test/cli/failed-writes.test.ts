import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { dicm, MODELS, PHOTOS, PROGRAM, scratchFolder } from './run-cli.js';

const folder = scratchFolder();
const env = { ...process.env, DICM_MODEL_PATH: MODELS, DICM_MODEL: 'tiny' };
const large = join(folder, 'large.png');
const coded = join(folder, 'large.dicm');

beforeAll(async () => {
  await sharp(join(PHOTOS, 'rocket.jpg')).resize(2000, 1200).png({ compressionLevel: 1 }).toFile(large);
  const result = await dicm(['encode', large, '--max-side', 'none', '-q', '5', '-o', coded]);
  expect(result.exitCode, result.stderr).toBe(0);
});

describe('a write that fails', () => {
  test('a disk that is full', async () => {
    // A limit on the size of files fails a write half-way like a full disk does, and needs no rights.
    const root = join(folder, 'full');
    await mkdir(root);
    await writeFile(join(root, 'out.npy'), 'old');
    const script = `ulimit -f 512; exec "$0" "$@"`;
    const args = [PROGRAM, 'decode', coded, '-f', '-o', join(root, 'out.npy')];
    let failure: { status: number; stderr: Buffer } | undefined;
    try {
      execFileSync('sh', ['-c', script, process.execPath, ...args], {
        env,
        stdio: 'pipe',
      });
    } catch (error) {
      failure = error as typeof failure;
    }
    expect(failure?.stderr.toString()).toContain('cannot be written');
    expect(failure?.status).toBe(5);
    expect(await readdir(root)).toEqual(['out.npy']);
    expect(await readFile(join(root, 'out.npy'), 'utf8')).toBe('old');
  });

  test('a read-only folder', async ({ skip }) => {
    const root = join(folder, 'read-only');
    await mkdir(root);
    await chmod(root, 0o555);
    // The superuser may write anywhere; `nobody` may not, but does not see into a superuser's home either.
    const uid = process.getuid?.() === 0 ? 65534 : undefined;
    if ((await dicm(['--version'], { uid })).exitCode !== 0) {
      console.warn('skipped: a read-only folder: the user nobody cannot read this checkout');
      skip();
    }
    await chmod(folder, 0o755);
    const result = await dicm(['decode', coded, '--latents', '-o', join(root, 'out.safetensors')], { uid });
    expect(result.exitCode, result.stderr).toBe(5);
    expect(result.stderr).toContain('output-denied');
    expect(await readdir(root)).toEqual([]);
  });

  test('damage found half-way through', async () => {
    const root = join(folder, 'half');
    await mkdir(root);
    const { readDicm } = await import('../../src/container/read-dicm.js');
    const { writeDicm } = await import('../../src/container/write-dicm.js');
    const { header, tiles } = readDicm(new Uint8Array(await readFile(coded)));
    const bytes = tiles.at(-1)!.bytes.slice();
    bytes[20]! ^= 0x55;
    const forged = join(folder, 'forged.dicm');
    const last = { bytes, check: tiles.at(-1)!.check };
    await writeFile(forged, writeDicm({ header, tiles: [...tiles.slice(0, -1), last], ancillary: [] }));
    const result = await dicm(['decode', forged, '-o', join(root, 'out.npy')]);
    expect(result.exitCode, result.stderr).toBe(3);
    expect(await readdir(root)).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('stdout that does not take a result', () => {
  const file = join(folder, 'small.dicm');

  beforeAll(async () => {
    const args = ['encode', join(PHOTOS, 'rocket.jpg'), '--max-side', '64', '-o', file];
    expect((await dicm(args)).exitCode).toBe(0);
  });

  /** Runs the program with stdout on a device on which there is never any space left. */
  const runFull = (args: string[]) => {
    const full = openSync('/dev/full', 'w');
    try {
      return spawnSync(process.execPath, [PROGRAM, ...args], { env, stdio: ['ignore', full, 'pipe'] });
    } finally {
      closeSync(full);
    }
  };

  test.each([
    ['inspect', file],
    ['inspect', file, '--json'],
    ['inspect', '--json', join(folder, 'no-such-file.dicm')],
    ['inspect', 'bitstream', file],
    ['verify', '--json', file],
    ['analyze', 'classify', file],
    ['analyze', 'classify', file, '--json', '--quiet'],
    ['analyze', 'all', file, '--json'],
    ['analyze', 'embed', file],
    ['analyze', 'embed', file, '-o', '-'],
    ['encode', join(PHOTOS, 'rocket.jpg'), '-o', '-'],
    ['encode', join(PHOTOS, 'rocket.jpg'), '--json', '-f', '-o', join(folder, 'again.dicm')],
    ['decode', file, '-o', '-'],
    ['decode', file, '-o', '-', '--latents'],
    ['decode', file, '--json', '-f', '-o', join(folder, 'small.npy')],
    ['models'],
    ['models', '--json'],
    ['doctor'],
    ['--help'],
    ['encode', '--help'],
    ['--version'],
    ['no-such-command', '--json'],
  ])('%s %s %s %s', (...args) => {
    const { status, stderr } = runFull(args);
    expect(stderr.toString()).toContain('stdout cannot be written: no space left on the disk [disk-full]');
    expect(status).toBe(5);
  });

  test('at its end: the write that fills the disk takes only a part', async () => {
    const output = join(folder, 'cut.npy');
    const script = 'ulimit -f 1; exec "$0" "$@" > "$OUTPUT"';
    for (const args of [
      ['decode', coded, '-o', '-'],
      ['encode', large, '--max-side', 'none', '-o', '-'],
      ['inspect', 'bitstream', coded],
    ]) {
      const result = spawnSync('sh', ['-c', script, process.execPath, PROGRAM, ...args], {
        env: { ...env, OUTPUT: output },
      });
      expect(result.stderr.toString()).toContain('stdout cannot be written: the file would be larger than');
      expect(result.status).toBe(5);
    }
  });
});
