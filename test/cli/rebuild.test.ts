import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { readInfo } from '../../src/container/read-info.js';
import { writeTinyView } from '../session/view-model.js';
import { jsonLines, MODELS, PHOTOS, dicm as run, scratchFolder } from './run-cli.js';

const folder = scratchFolder();
const models = join(folder, 'models');
const coffee = join(PHOTOS, 'coffee.png');
const both = join(folder, 'both.dicm');
const view = join(folder, 'view.dicm');
const machine = join(folder, 'machine.dicm');

/** Runs `dicm` with a model of each profile. */
const dicm = (args: readonly string[], options: { stdin?: Uint8Array } = {}) =>
  run(args, { ...options, env: { DICM_MODEL_PATH: models } });

async function encode(...args: string[]): Promise<Record<string, unknown>> {
  const result = await dicm(['encode', ...args, '--json']);
  expect(result.stderr).toBe('');
  return jsonLines(result)[0]!;
}

const sizeOf = async (path: string | Buffer) => {
  const { width, height, format } = await sharp(path).metadata();
  return [width, height, format];
};

beforeAll(async () => {
  await cp(join(MODELS, 'tiny'), join(models, 'tiny'), { recursive: true });
  await writeTinyView(join(models, 'view'));
  await encode(coffee, '-o', machine);
  await encode(coffee, '-o', both, '--view', '--view-quality', '70');
  await encode(coffee, '-o', view, '--view-only');
});

describe('dicm encode', () => {
  test('--view adds a view in its own size and quality', async () => {
    const record = await encode(coffee, '-o', both, '-f', '--view', '-q', '30', '--view-quality', '70');
    const { layers, fileBytes } = readInfo(await readFile(both));
    expect(layers.map(({ profile, width, height }) => [profile, width, height])).toEqual([
      ['semantic', 288, 192],
      ['perceptual', 600, 400],
    ]);
    expect(record).toMatchObject({
      ...{ schema: 'dicm.encode/1', layers: ['machine', 'view'], model: 'tiny', bytes: fileBytes },
      ...{ width: 288, height: 192, quality: 30 },
      view: { width: 600, height: 400, quality: 70, model: 'tiny-view', bytes: expect.any(Number) },
    });
    const said = await dicm(['encode', coffee, '-o', both, '-f', '--view', '--view-side', '100']);
    expect(said.stderr).toMatch(/600 x 400 fitted to 288 x 192 .* {2}view 100 x 67 {2}.*quality 50/);
    await encode(coffee, '-o', both, '-f', '--view', '--view-quality', '70');
  });

  test('--view-only writes nothing else, of the size of its source', async () => {
    const record = await encode(coffee, '-o', view, '-f', '--view-only');
    expect(record).toMatchObject({
      layers: ['view'],
      model: 'tiny-view',
      width: 600,
      height: 400,
      effort: 1,
    });
    expect(record.view).toBeUndefined();
    expect(readInfo(await readFile(view)).layers.map(({ profile }) => profile)).toEqual(['perceptual']);
    const small = join(folder, 'small.dicm');
    const { bytes } = await encode(
      coffee,
      '-o',
      small,
      '--view-only',
      '--max-side',
      '90',
      '--target-bytes',
      '900',
    );
    expect(bytes).toBeLessThanOrEqual(900);
    expect(readInfo(await readFile(small)).header).toMatchObject({ width: 90, height: 60 });
  });

  test('--update knows a file with a view', async () => {
    const args = ['encode', coffee, '-o', both, '--update', '--view', '-v'];
    expect((await dicm([...args, '--view-quality', '70'])).stderr).toContain('skipped');
    expect((await dicm([...args, '--view-quality', '71'])).stderr).toContain('view 600 x 400');
    expect((await dicm([...args, '--view-quality', '71'])).stderr).toContain('skipped');
    expect((await dicm(args.filter((arg) => arg !== '--view'))).stderr).not.toContain('skipped');
    await encode(coffee, '-o', both, '-f', '--view', '--view-quality', '70');
  });

  test.each([
    [['--view-quality', '50'], '--view or --view-only'],
    [['--view', '--view-only'], 'cannot be used with'],
    [['--view', '--target-bytes', '900'], 'cannot be used with'],
    [['--view-only', '--view-quality', '50', '--target-bpp', '1'], 'not both'],
    [['--view-only', '--keep', 'top1'], 'cannot be used with'],
  ])('%j is refused', async (args, message) => {
    const result = await dicm(['encode', coffee, '-o', join(folder, 'x.dicm'), ...args]);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(message);
  });

  test('without a model of the profile says so', async () => {
    const model = ['--model', join(MODELS, 'tiny')];
    const result = await run([...model, 'encode', coffee, '-o', join(folder, 'x.dicm'), '--view-only']);
    expect(result.exitCode).toBe(6);
    expect(result.stderr).toMatch(/no model of the perceptual profile/);
  });
});

describe('dicm decode', () => {
  test.each([
    ['png', 'png'],
    ['jpg', 'jpeg'],
    ['jpeg', 'jpeg'],
    ['webp', 'webp'],
    ['avif', 'heif'],
    ['tiff', 'tiff'],
    ['tif', 'tiff'],
  ])('rebuilds a .%s that shows the photograph', async (extension, format) => {
    const output = join(folder, `picture.${extension}`);
    const result = await dicm(['decode', both, '-o', output, '--json']);
    expect(jsonLines(result)[0]).toMatchObject({
      ...{ schema: 'dicm.picture/1', file: both, output, width: 600, height: 400, model: 'tiny-view' },
      ...{ backend: expect.any(String), notes: [] },
    });
    expect(await sizeOf(output)).toEqual([600, 400, format]);
    const [a, b] = await Promise.all(
      [output, coffee].map((path) => sharp(path).removeAlpha().raw().toBuffer()),
    );
    const error = a!.reduce((sum, value, i) => sum + Math.abs(value - b![i]!), 0) / a!.length;
    expect(error).toBeLessThan(12);
  });

  test('scales it to the source, whole or a region', async () => {
    const small = join(folder, 'fitted.dicm');
    await encode(coffee, '-o', small, '--view', '--view-side', '150');
    const output = join(folder, 'source.png');
    await dicm(['decode', small, '-o', output]);
    expect(await sizeOf(output)).toEqual([150, 100, 'png']);
    await dicm(['decode', small, '-o', output, '-f', '--size', 'source']);
    expect(await sizeOf(output)).toEqual([600, 400, 'png']);
    const region = ['--region', '64,64,128,64'];
    const [record] = jsonLines(await dicm(['decode', small, '-o', output, '-f', ...region, '--json']));
    expect(record).toMatchObject({ area: { x: 16, y: 16, width: 32, height: 16 }, width: 32, height: 16 });
    await dicm(['decode', small, '-o', output, '-f', '--size', 'source', ...region]);
    expect(await sizeOf(output)).toEqual([128, 64, 'png']);
  });

  test('writes to stdout, and many into a folder', async () => {
    const piped = await dicm(['decode', '-', '-o', '-', '--format', 'webp'], { stdin: await readFile(view) });
    expect(await sizeOf(piped.bytes)).toEqual([600, 400, 'webp']);
    const many = join(folder, 'many');
    await mkdir(many);
    await cp(both, join(many, 'a.dicm'));
    await cp(view, join(many, 'b.dicm'));
    const result = await dicm([
      'decode',
      '-r',
      many,
      '-o',
      join(folder, 'out/'),
      '--format',
      'jpg',
      '--quiet',
    ]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await sizeOf(join(folder, 'out', 'a.jpg'))).toEqual([600, 400, 'jpeg']);
    expect(await sizeOf(join(folder, 'out', 'b.jpg'))).toEqual([600, 400, 'jpeg']);
  });

  test('keeps the colours and the profile of the photograph', async () => {
    const red = sharp({
      create: { width: 40, height: 30, channels: 3, background: { r: 200, g: 60, b: 50 } },
    });
    const photo = join(folder, 'p3.png');
    await writeFile(photo, await red.withIccProfile('p3').png().toBuffer());
    const output = join(folder, 'red.png');
    const means: number[][] = [];
    for (const metadata of ['icc', 'none']) {
      await encode(
        photo,
        '-o',
        join(folder, 'p3.dicm'),
        '-f',
        '--view-only',
        '-q',
        '95',
        '--metadata',
        metadata,
      );
      await dicm(['decode', join(folder, 'p3.dicm'), '-o', output, '-f']);
      const { icc } = await sharp(output).metadata();
      expect(icc).toEqual(metadata === 'icc' ? (await sharp(photo).metadata()).icc : undefined);
      // Read as whoever looks at it does, by its profile.
      const { channels } = await sharp(await sharp(output).toColourspace('srgb').raw().toBuffer(), {
        raw: { width: 40, height: 30, channels: 3 },
      }).stats();
      means.push(channels.map(({ mean }) => mean));
    }
    for (const [i, expected] of [200, 60, 50].entries()) {
      for (const mean of means) expect(Math.abs(mean[i]! - expected)).toBeLessThan(6);
    }
  });

  test('of a file without a view says what to do, and of others goes on', async () => {
    const result = await dicm(['decode', machine, view, '-o', join(folder, 'some/'), '--format', 'png']);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toMatch(/machine\.dicm has no view layer.*--view or --view-only.*\[no-picture\]/s);
    expect(await sizeOf(join(folder, 'some', 'view.png'))).toEqual([600, 400, 'png']);
    const alone = await dicm(['decode', machine, '-o', join(folder, 'no.png')]);
    expect(alone.stderr).toContain('no-picture');
    expect(alone.exitCode).not.toBe(0);
  });

  test.each([
    [['-o', 'p.png', '--layer', 'layer4'], 'format-mismatch'],
    [['-o', 'p.png', '--prefix'], 'format-mismatch'],
    [['-o', 'p.png', '--latents'], 'format-mismatch'],
    [['-o', 'p.png', '--format', 'jpg'], 'format-mismatch'],
    [['-o', 'p.npy', '--format', 'png'], 'output-kind'],
    [['-o', 'p.npy', '--size', 'source'], 'option-needs-other'],
  ])('%j is refused', async (args, code) => {
    const result = await dicm(['decode', view, ...args]);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(`[${code}]`);
  });
});

test('what handles layers knows the view', async () => {
  expect(jsonLines(await dicm(['verify', both, '--json']))[0]).toMatchObject({
    layers: [
      { profile: 'semantic', proved: true },
      { profile: 'perceptual', proved: true },
    ],
  });
  const [inspected] = jsonLines(await dicm(['inspect', both, '--json']));
  expect(inspected).toMatchObject({
    layers: [
      { name: 'machine', width: 288 },
      { name: 'view', width: 600 },
    ],
  });
  await dicm(['strip', both, '--layer', 'view', '-o', join(folder, 'stripped.dicm')]);
  expect(await readFile(join(folder, 'stripped.dicm'))).toEqual(await readFile(machine));
});

test.each([
  ['grey', 1, 17, 9],
  ['with transparency', 4, 1, 30],
  ['of one pixel', 3, 1, 1],
] as const)('a photograph %s comes back', async (_, channels, width, height) => {
  const data = Buffer.alloc(width * height * channels, 128);
  const path = join(folder, `c${channels}.png`);
  await sharp(data, { raw: { width, height, channels } }).png().toFile(path);
  const output = join(folder, `c${channels}-back.png`);
  await encode(path, '-o', join(folder, 'c.dicm'), '-f', '--view');
  await dicm(['decode', join(folder, 'c.dicm'), '-o', output]);
  expect(await sizeOf(output)).toEqual([width, height, 'png']);
  const { channels: stats } = await sharp(output).stats();
  // Of transparent pixels half is the white behind them.
  const expected = channels === 4 ? 192 : 128;
  for (const { mean } of stats) expect(Math.abs(mean - expected)).toBeLessThan(8);
});

test('a photograph turned by Exif is rebuilt upright', async () => {
  const path = join(folder, 'turned.jpg');
  await sharp(coffee).resize(90, 60).withMetadata({ orientation: 6 }).jpeg().toFile(path);
  await encode(path, '-o', join(folder, 'turned.dicm'), '--view-only');
  await dicm(['decode', join(folder, 'turned.dicm'), '-o', join(folder, 'upright.png')]);
  expect(await sizeOf(join(folder, 'upright.png'))).toEqual([60, 90, 'png']);
});
