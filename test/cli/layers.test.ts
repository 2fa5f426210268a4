import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { cutPrefix } from '../../src/container/open-prefix.js';
import { readInfo } from '../../src/container/read-info.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import { layeredFile, sampleFile } from '../container/samples.js';
import { dicm, jsonLines, scratchFolder } from './run-cli.js';

const folder = scratchFolder();
const exif = { tag: 3, name: 'exif', data: new Uint8Array(7) };
const layered = writeDicm({ ...layeredFile(), ancillary: [exif] });
const plain = writeDicm({ ...sampleFile(), ancillary: [exif] });
const prefix = cutPrefix(layered);
const file = join(folder, 'photo.dicm');
const single = join(folder, 'single.dicm');

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
const bytesOf = async (path: string) => new Uint8Array(await readFile(path));

beforeAll(async () => {
  await writeFile(file, layered);
  await writeFile(single, plain);
  await mkdir(join(folder, 'many'));
  await writeFile(join(folder, 'many', 'a.dicm'), layered);
  await writeFile(join(folder, 'many', 'b.dicm'), plain);
});

describe('dicm strip', () => {
  test('writes the file without its view layer beside it', async () => {
    const result = await dicm(['strip', file, '--layer', 'view']);
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    expect(result.stderr).toContain('photo.dicm -> ');
    expect(await bytesOf(join(folder, 'photo.stripped.dicm'))).toEqual(plain);
    expect(await bytesOf(file)).toEqual(layered);
  });

  test('goes where -o says, and overwrites only with -f', async () => {
    const output = join(folder, 'machine.dicm');
    const args = ['strip', file, '--layer', 'view', '-o', output, '--json'];
    const [object] = jsonLines(await dicm(args));
    expect(object).toEqual({
      schema: 'dicm.strip/1',
      file,
      output,
      bytes: plain.length,
      inputBytes: layered.length,
    });
    expect(await dicm(args)).toMatchObject({ exitCode: 5 });
    expect(await dicm([...args, '-f'])).toMatchObject({ exitCode: 0 });
    expect(await dicm(['strip', file, '--layer', 'view', '-o', file, '-f'])).toMatchObject({ exitCode: 2 });
  });

  test('is a filter between stdin and stdout', async () => {
    const result = await dicm(['strip', '-', '--layer', 'view'], { stdin: layered });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(new Uint8Array(result.bytes)).toEqual(plain);
  });

  test('fails on a file without that layer, and goes on with the others', async () => {
    const one = await dicm(['strip', single, '--layer', 'view', '--json']);
    expect(one.exitCode).toBe(2);
    expect(jsonLines(one)[0]).toMatchObject({ schema: 'dicm.error/1', file: single, code: 'missing-layer' });
    expect(await exists(join(folder, 'single.stripped.dicm'))).toBe(false);
    const output = join(folder, 'machines/');
    const many = await dicm(['strip', '-r', join(folder, 'many'), '--layer', 'view', '-o', output]);
    expect(many.exitCode).toBe(1);
    expect(await bytesOf(join(output, 'a.dicm'))).toEqual(plain);
  });

  test.each([
    [[], 'missingMandatoryOptionValue'],
    [['--layer', 'machine'], 'invalidArgument'],
  ])('wants the name of a layer that can be left out: %j', async (args, code) => {
    const result = await dicm(['strip', file, ...args, '--json']);
    expect(result.exitCode).toBe(2);
    expect(jsonLines(result)[0]).toMatchObject({ code });
  });
});

describe('dicm cut', () => {
  test('writes the prefix beside the file', async () => {
    expect(await dicm(['cut', file, '--prefix'])).toMatchObject({ exitCode: 0, stdout: '' });
    expect(await bytesOf(join(folder, 'photo.prefix.dicm'))).toEqual(prefix);
  });

  test('takes what is cut behind the prefix, from stdin too', async () => {
    const result = await dicm(['cut', '-', '--prefix', '-o', '-'], { stdin: layered.subarray(0, -20) });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(new Uint8Array(result.bytes)).toEqual(prefix);
    const output = join(folder, 'rest.dicm');
    const [object] = jsonLines(await dicm(['cut', file, '--prefix', '-o', output, '--json']));
    expect(object).toMatchObject({ schema: 'dicm.cut/1', bytes: prefix.length, inputBytes: layered.length });
  });

  test.each([
    ['a file without a prefix', plain, 2, 'no-prefix-check'],
    ['less than the prefix', prefix.subarray(0, -1), 3, 'truncated'],
    ['a damaged first layer', prefix.with(30, prefix[30]! ^ 1), 3, 'prefix-mismatch'],
  ])('refuses %s', async (_name, stdin, exitCode, code) => {
    const result = await dicm(['cut', '-', '--prefix', '-o', join(folder, 'none.dicm'), '--json'], { stdin });
    expect(result.exitCode).toBe(exitCode);
    expect(jsonLines(result)[0]).toMatchObject({ code });
    expect(await exists(join(folder, 'none.dicm'))).toBe(false);
  });
});

describe('without -o, -r takes no results of earlier runs', () => {
  const views = join(folder, 'views');
  const names = async () => (await readdir(views)).sort();
  beforeAll(async () => {
    await mkdir(views);
    await writeFile(join(views, 'a.dicm'), layered);
  });

  test('so that strip and cut can be run again, one after the other', async () => {
    const all = ['a.dicm', 'a.prefix.dicm', 'a.stripped.dicm'];
    for (const args of [
      ['strip', '--layer', 'view'],
      ['cut', '--prefix'],
      ['strip', '--layer', 'view'],
    ]) {
      const result = await dicm([...args, '-r', views, '-f', '--json']);
      expect(result.exitCode, result.stderr).toBe(0);
      expect(jsonLines(result).map(({ file: input }) => input)).toEqual([join(views, 'a.dicm')]);
    }
    expect(await names()).toEqual(all);
    expect(await bytesOf(join(views, 'a.prefix.dicm'))).toEqual(prefix);
  });

  test('but what is named, and with -o all that there is', async () => {
    const named = await dicm(['cut', '--prefix', join(views, 'a.prefix.dicm'), '-o', '-']);
    expect(new Uint8Array(named.bytes)).toEqual(prefix);
    await rm(join(views, 'a.stripped.dicm'));
    const elsewhere = join(folder, 'prefixes/');
    expect(await dicm(['cut', '--prefix', '-r', views, '-o', elsewhere])).toMatchObject({ exitCode: 0 });
    expect((await readdir(elsewhere)).sort()).toEqual(['a.dicm', 'a.prefix.dicm']);
  });
});

describe('dicm inspect', () => {
  test('shows layers and prefix in words', async () => {
    const { stdout } = await dicm(['inspect', file]);
    const [machine, view] = readInfo(layered).layers;
    expect(stdout).toMatch(new RegExp(`prefix +${prefix.length} B`));
    expect(stdout).toMatch(new RegExp(`machine layer +${machine!.bytes} B, 224 x 160 pixels in 1 tile`));
    expect(stdout).toMatch(new RegExp(`view layer +${view!.bytes} B, 600 x 429 pixels in 2 tiles`));
    expect(stdout).toMatch(/exif +/);
    expect(stdout).not.toMatch(/prefix-check|^ +layer/m);
    const single = (await dicm(['inspect', '-'], { stdin: plain })).stdout;
    expect(single).not.toMatch(/layer|prefix/);
  });

  test('and as JSON', async () => {
    const [object] = jsonLines(await dicm(['inspect', '--json', file]));
    const { layers } = readInfo(layered);
    expect(object).toMatchObject({ version: '1.1', prefixBytes: prefix.length });
    expect(object!.layers).toEqual([
      expect.objectContaining({ name: 'machine', profile: 'semantic', tiles: 1, bytes: layers[0]!.bytes }),
      {
        name: 'view',
        profile: 'perceptual',
        width: 600,
        height: 429,
        quality: 15.5,
        model: { name: null, decodeId: 'fedcba98', renderId: '7654' },
        tiles: 2,
        offset: prefix.length,
        bytes: layers[1]!.bytes,
        payloadBytes: 80,
      },
    ]);
  });

  test('a layer of a kind that is not known is named as one', async () => {
    const unknown = { tag: 5, name: 'layer', data: Uint8Array.from([0x10, 0x10, 7]) };
    const stdin = writeDicm({ ...layeredFile(), ancillary: [unknown] });
    expect((await dicm(['inspect', '-'], { stdin })).stdout).toMatch(/^ +layer +5 B$/m);
  });

  test('bitstream lists the fields of layers', async () => {
    const [object] = jsonLines(await dicm(['inspect', 'bitstream', file, '--json']));
    const names = (object!.fields as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['prefix-check content', 'layer 1 flags', 'layer 1 tile 1 payload']),
    );
  });
});
