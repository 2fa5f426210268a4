import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { dicm, jsonLines, PHOTOS, scratchFolder } from './run-cli.js';

const folder = scratchFolder();
const coded = join(folder, 'coded');
const file = join(coded, 'chelsea.dicm');
const isNumber = expect.any(Number);

beforeAll(async () => {
  await mkdir(coded);
  await copyFile(join(PHOTOS, 'chelsea.png'), join(folder, 'chelsea.png'));
  const result = await dicm([
    'encode',
    join(folder, 'chelsea.png'),
    '-o',
    file,
    '-q',
    '20',
    '--max-side',
    '128',
  ]);
  expect(result.exitCode, result.stderr).toBe(0);
  await writeFile(join(folder, 'damaged.dicm'), (await readFile(file)).subarray(0, 200));
  await writeFile(join(folder, 'there.npy'), '');
});

describe('--json is one object a line', () => {
  test('dicm.encode/1', async () => {
    const output = join(folder, 'encoded.dicm');
    const input = join(folder, 'chelsea.png');
    const result = await dicm([
      'encode',
      input,
      '--json',
      '-o',
      output,
      '--max-side',
      '100',
      '--backend',
      'wasm',
    ]);
    expect(result.exitCode).toBe(0);
    const [object, ...rest] = jsonLines(result);
    expect(rest).toEqual([]);
    expect(object).toMatchObject({
      schema: 'dicm.encode/1',
      input,
      output,
      bytes: (await readFile(output)).length,
      width: 100,
      height: 67,
      sourceWidth: 451,
      sourceHeight: 300,
      quality: 50,
      backend: 'wasm',
      elapsedMs: isNumber,
    });
    expect(object!.bpp).toBeCloseTo((8 * (object!.bytes as number)) / 6700, 9);
  });

  test('dicm.encode/1 with a target', async () => {
    const output = join(folder, 'aimed.dicm');
    const args = ['encode', join(folder, 'chelsea.png'), '--json', '--max-side', '64', '-o', output];
    const [met] = jsonLines(await dicm([...args, '--target-bytes', '260']));
    expect(met).toMatchObject({ targetBytes: 260, targetReached: true });
    const missed = await dicm([...args, '-f', '--target-bytes', '30']);
    expect(missed.exitCode).toBe(0);
    expect(jsonLines(missed)[0]).toMatchObject({ targetBytes: 30, targetReached: false, quality: 1 });
    expect(missed.stderr).toMatch(/warning: .*more than the target of 30/);
  });

  test('dicm.inspect/1', async () => {
    const [object] = jsonLines(await dicm(['inspect', '--json', file]));
    const size = (await readFile(file)).length;
    expect(object).toEqual({
      schema: 'dicm.inspect/1',
      file,
      bytes: size,
      payloadBytes: isNumber,
      overheadBytes: isNumber,
      bpp: (8 * size) / (128 * 85),
      width: 128,
      height: 85,
      sourceWidth: 451,
      sourceHeight: 300,
      quality: 20,
      profile: 'semantic',
      version: '1.0',
      model: {
        name: 'tiny',
        decodeId: expect.stringMatching(/^[0-9a-f]{8}$/),
        renderId: expect.stringMatching(/^[0-9a-f]{4}$/),
      },
      tiles: 1,
      sections: [{ tag: 'tile', offset: isNumber, bytes: isNumber }],
      orientation: 1,
      layers: [
        {
          name: 'machine',
          profile: 'semantic',
          width: 128,
          height: 85,
          quality: 20,
          model: object!.model,
          tiles: 1,
          offset: isNumber,
          bytes: isNumber,
          payloadBytes: object!.payloadBytes,
        },
      ],
      prefixBytes: null,
      digest: null,
    });
    expect((object!.payloadBytes as number) + (object!.overheadBytes as number)).toBe(size);
    expect(object!.overheadBytes).toBeLessThanOrEqual(32);
  });

  test('dicm.classify/1', async () => {
    const result = await dicm(['analyze', 'classify', file, '--json', '--top', '3', '--backend', 'onnx']);
    expect(jsonLines(result)[0]).toMatchObject({
      schema: 'dicm.classify/1',
      file,
      predictions: Array.from({ length: 3 }, () => ({
        index: isNumber,
        wnid: expect.any(String),
        label: expect.any(String),
        score: isNumber,
      })),
      backend: 'onnx',
      elapsedMs: isNumber,
    });
  });

  test('dicm.decode/1', async () => {
    const output = join(folder, 'features.npy');
    const [object] = jsonLines(await dicm(['decode', file, '--json', '-o', output]));
    expect(object).toMatchObject({
      schema: 'dicm.decode/1',
      file,
      output,
      format: 'npy',
      arrays: [{ name: 'f3', type: 'float32', shape: [24, 32, 32] }],
      bytes: (await readFile(output)).length,
      backend: expect.any(String),
      elapsedMs: isNumber,
    });
  });

  test('dicm.verify/1, good and bad', async () => {
    const damaged = join(folder, 'damaged.dicm');
    const result = await dicm(['verify', '--json', file, damaged]);
    expect(result.exitCode).toBe(1);
    expect(jsonLines(result)).toEqual([
      {
        schema: 'dicm.verify/1',
        file,
        ok: true,
        bytes: (await readFile(file)).length,
        layers: [{ name: 'machine', profile: 'semantic', proved: true }],
        digest: null,
      },
      {
        schema: 'dicm.verify/1',
        file: damaged,
        ok: false,
        error: { code: 'truncated', message: expect.any(String) },
      },
    ]);
    expect(result.stderr).toMatch(/^1 done, 0 skipped, 1 failed; [\d,]+ B; \d+\.\d s\n$/);
  });

  test('dicm.error/1', async () => {
    const missing = join(folder, 'missing.dicm');
    const result = await dicm(['inspect', '--json', missing, file]);
    expect(result.exitCode).toBe(1);
    expect(jsonLines(result)).toEqual([
      {
        schema: 'dicm.error/1',
        file: missing,
        code: 'file-missing',
        message: expect.stringContaining('no such file'),
      },
      expect.objectContaining({ schema: 'dicm.inspect/1', file }),
    ]);
  });

  test('dicm.models/1 and dicm.doctor/1', async () => {
    const models = jsonLines(await dicm(['models', '--json']));
    expect(models[0]).toMatchObject({
      schema: 'dicm.models/1',
      name: 'tiny',
      profile: 'semantic',
      version: '1.0.0',
    });
    const result = await dicm(['doctor', '--json']);
    expect(result.exitCode, result.stdout + result.stderr).toBe(0);
    const [doctor] = jsonLines(result);
    expect(doctor).toMatchObject({
      schema: 'dicm.doctor/1',
      ok: true,
      backend: expect.any(String),
      node: process.version,
    });
    const backends = doctor!.backends as { name: string; ok: boolean }[];
    expect(backends.map(({ name }) => name)).toEqual(['tensorflow', 'onnx', 'wasm']);
    expect(backends.find(({ name }) => name === 'wasm')!.ok).toBe(true);
    expect(doctor!.models).toContainEqual(expect.objectContaining({ name: 'tiny', ok: true, problem: null }));
  });

  test('dicm.bitstream/1', async () => {
    const heatmap = join(folder, 'heat.png');
    const [object] = jsonLines(await dicm(['inspect', 'bitstream', file, '--json', '--heatmap', heatmap]));
    expect(object).toMatchObject({ schema: 'dicm.bitstream/1', file, checksum: 'ok', heatmap });
    const fields = object!.fields as { offset: number; bytes: number }[];
    let end = 0;
    for (const field of fields) {
      expect(field.offset).toBe(end);
      end += field.bytes;
    }
    expect(end).toBe(object!.bytes);
    const bits = object!.bits as { latentChannels: number[]; hyperChannels: number[] };
    expect([bits.latentChannels.length, bits.hyperChannels.length]).toEqual([32, 16]);
    const sharp = (await import('sharp')).default;
    const { width, height } = await sharp(heatmap).metadata();
    expect([width, height]).toEqual([8 * 16, 6 * 16]);
  });
});

describe('exit codes', () => {
  test.each([
    ['3 for a damaged file', ['inspect', 'damaged.dicm'], 3, 'truncated'],
    [
      '3 for a picture where a .dicm file is expected',
      ['analyze', 'classify', 'chelsea.png'],
      3,
      'dicm encode',
    ],
    [
      '3 for a .dicm file where a picture is expected',
      ['encode', 'coded/chelsea.dicm', '-o', 'x.dicm'],
      3,
      'already-dicm',
    ],
    ['3 for what is no picture', ['encode', 'damaged.dicm', '-o', 'x.dicm'], 3, 'already-dicm'],
    ['3 for a missing file', ['encode', 'missing.png'], 3, 'file-missing'],
    ['6 for a missing model', ['encode', 'chelsea.png', '--model', './nowhere'], 6, 'model-missing'],
    [
      '6 for a model name that is not installed',
      ['encode', 'chelsea.png', '--model', 'other'],
      6,
      'model-missing',
    ],
    ['7 for a limit', ['inspect', 'coded/chelsea.dicm', '--limit', 'maxPixels=100'], 7, 'maxPixels'],
    [
      '7 for the size of the file',
      ['inspect', 'coded/chelsea.dicm', '--limit', 'maxFileBytes=100'],
      7,
      'maxFileBytes',
    ],
    ['5 for a file that exists', ['decode', 'coded/chelsea.dicm', '-o', 'there.npy'], 5, 'output-exists'],
    [
      '5 for a folder that does not',
      ['decode', 'coded/chelsea.dicm', '-o', 'no/where.npy'],
      5,
      'output-no-folder',
    ],
    ['2 for a directory without -r', ['encode', '.'], 2, 'is-directory'],
    ['2 for a pattern without matches', ['verify', 'no*.dicm'], 2, 'no-match'],
  ])('%s', async (_, args, exitCode, text) => {
    const result = await dicm(args, { cwd: folder });
    expect(result.exitCode, result.stderr).toBe(exitCode);
    expect(result.stderr).toContain(text);
    expect(result.stdout).toBe('');
  });

  test('4 for a valid file of a newer version', async () => {
    const newer = await readFile(file);
    newer[5] = 0x20;
    await writeFile(join(folder, 'newer.dicm'), newer);
    const result = await dicm(['verify', join(folder, 'newer.dicm')]);
    expect(result.exitCode).toBe(4);
  });

  test('1 when some of several inputs failed, and the others are done', async () => {
    const output = join(folder, 'some');
    const result = await dicm(['encode', 'chelsea.png', 'missing.png', '-o', output], { cwd: folder });
    expect(result.exitCode).toBe(1);
    await readFile(join(output, 'chelsea.dicm'));
  });

  test('verify is silent and 0 for good files', async () => {
    const result = await dicm(['verify', file]);
    expect(result).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  });

  test('-- ends the options', async () => {
    await copyFile(join(folder, 'chelsea.png'), join(folder, '-q.png'));
    const result = await dicm(['encode', '--max-side', '32', '--', '-q.png'], { cwd: folder });
    expect(result.exitCode, result.stderr).toBe(0);
    await readFile(join(folder, '-q.dicm'));
  });

  test('--quiet says nothing, -v says the choice and the reason', async () => {
    const args = ['encode', 'chelsea.png', '-f', '--max-side', '32', '-o', 'quiet.dicm'];
    expect(await dicm([...args, '--quiet'], { cwd: folder })).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: '',
    });
    const { stderr } = await dicm([...args, '-v'], { cwd: folder });
    expect(stderr).toMatch(/backend (onnx|tensorflow|wasm) \d/);
    expect(stderr).toContain('model tiny');
  });
});
