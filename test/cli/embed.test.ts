import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openTiny } from '../session/helpers.js';
import { dicm, jsonLines, PHOTOS, scratchFolder } from './run-cli.js';

const folder = scratchFolder();
const codec = await openTiny();
const run = (...args: string[]) => dicm(['analyze', 'embed', ...args, '--backend', 'wasm'], { cwd: folder });
let vectors: Float32Array[];

beforeAll(async () => {
  for (const photo of ['chelsea.png', 'rocket.jpg']) {
    const options = ['--max-side', '96', '-o', 'coded/'];
    const result = await dicm(['encode', join(PHOTOS, photo), ...options], { cwd: folder });
    expect(result.exitCode, result.stderr).toBe(0);
  }
  vectors = await Promise.all(
    ['chelsea', 'rocket'].map(async (name) => {
      const file = await readFile(join(folder, `coded/${name}.dicm`));
      return (await codec.embed(file)).embedding;
    }),
  );
});

/** Shape and values of a .npy file of 32-bit floats. */
function parseNpy(bytes: Buffer): { shape: number[]; data: Float32Array } {
  const end = 10 + bytes.readUInt16LE(8);
  const head = bytes.subarray(10, end).toString('latin1');
  expect(head).toContain("'descr': '<f4', 'fortran_order': False");
  const shape = /'shape': \(([^)]*)\)/
    .exec(head)![1]!
    .split(',')
    .filter((text) => text.trim() !== '');
  return { shape: shape.map(Number), data: new Float32Array(Uint8Array.from(bytes.subarray(end)).buffer) };
}

describe('vectors', () => {
  test('go to a .npy file', async () => {
    const result = await run('coded/chelsea.dicm', '-o', 'chelsea.npy');
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    const bytes = await readFile(join(folder, 'chelsea.npy'));
    const { length } = vectors[0]!;
    expect(result.stderr).toBe(
      `coded/chelsea.dicm -> chelsea.npy  [${length}]  ${bytes.length.toLocaleString('en')} B\n`,
    );
    expect(parseNpy(bytes)).toEqual({ shape: [length], data: vectors[0] });
    const again = await run('coded/chelsea.dicm', '-o', 'chelsea.npy');
    expect(again).toMatchObject({ exitCode: 5 });
    expect(again.stderr).toContain('output-exists');
    expect((await run('coded/chelsea.dicm', '-o', '-')).bytes).toEqual(bytes);
  });

  test('go to files of a folder', async () => {
    const result = await run('-r', 'coded', '-o', 'vectors', '--json');
    expect(result.exitCode, result.stderr).toBe(0);
    expect(jsonLines(result)).toEqual(
      ['chelsea', 'rocket'].map((name) => ({
        ...{ schema: 'dicm.embed/1', file: `coded/${name}.dicm`, output: `vectors/${name}.npy` },
        ...{ bytes: 128 + 4 * vectors[0]!.length, length: vectors[0]!.length },
        ...{ backend: 'wasm', elapsedMs: expect.any(Number), model: 'tiny' },
      })),
    );
    expect(parseNpy(await readFile(join(folder, 'vectors/rocket.npy'))).data).toEqual(vectors[1]);
  });

  test('are JSON, a line for each file, where no output is named', async () => {
    const [plain, json] = [await run('-r', 'coded'), await run('-r', 'coded', '--json')];
    expect(plain.exitCode, plain.stderr).toBe(0);
    const [lines, sameLines] = [jsonLines(plain), jsonLines(json)];
    expect(lines.map(({ file }) => file)).toEqual(['coded/chelsea.dicm', 'coded/rocket.dicm']);
    for (const [i, { schema, embedding, length }] of lines.entries()) {
      expect([schema, length]).toEqual(['dicm.embed/1', vectors[i]!.length]);
      // Every value is the 32-bit float again.
      expect(Float32Array.from(embedding as number[])).toEqual(vectors[i]);
      expect(sameLines[i]!.embedding).toEqual(embedding);
    }
  });

  test('of a region are those of that part only', async () => {
    const result = await run('coded/chelsea.dicm', '--region', '0,0,150,150');
    expect(result.exitCode, result.stderr).toBe(0);
    const file = await readFile(join(folder, 'coded/chelsea.dicm'));
    const { embedding } = await codec.embed(file, { region: { x: 0, y: 0, width: 150, height: 150 } });
    expect(Float32Array.from(jsonLines(result)[0]!.embedding as number[])).toEqual(embedding);
    expect(embedding).not.toEqual(vectors[0]);
  });

  test.each([
    [['coded/chelsea.dicm', '-o', 'x.json'], 2, 'embedding-not-npy'],
    [['coded/chelsea.dicm', '-o', '-', '--json'], 2, 'stdout-conflict'],
    [['coded/chelsea.dicm', 'coded/rocket.dicm', '-o', '-'], 2, 'output-collision'],
    [['coded/chelsea.dicm', '--region', '1,2,3'], 2, 'x,y,width,height'],
    [['coded/chelsea.dicm', '--region', '1,2,0,3'], 2, 'x,y,width,height'],
    [['coded/chelsea.dicm', '--region', '451,0,9,9'], 2, 'bad-region'],
    [['nothing.dicm'], 3, 'file-missing'],
  ])('%j is refused', async (args, exitCode, words) => {
    const result = await run(...args);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stdout + result.stderr).toContain(words);
  });
});

describe('a region', () => {
  test('of the features says what they are features of', async () => {
    const args = ['decode', 'coded/chelsea.dicm', '--region', '100,0,1,100', '--backend', 'wasm'];
    const result = await dicm([...args, '-o', 'part.npy', '--json'], { cwd: folder });
    expect(result.exitCode, result.stderr).toBe(0);
    // 451 pixels of the photograph are 96 coded ones: whole blocks of 16 hold the region.
    expect(jsonLines(result)[0]).toMatchObject({
      area: { x: 16, y: 0, width: 16, height: 32 },
      arrays: [{ name: 'f3', shape: [8, 4, 32] }],
    });
    expect(parseNpy(await readFile(join(folder, 'part.npy'))).shape).toEqual([8, 4, 32]);
    const file = await readFile(join(folder, 'coded/chelsea.dicm'));
    const { area } = await codec.decodeFeatures(file, { region: { x: 100, y: 0, width: 1, height: 100 } });
    expect(area).toEqual({ x: 16, y: 0, width: 16, height: 32 });
  });

  test('of the picture is where objects are looked for, in pixels of the photograph', async () => {
    const args = [
      'analyze',
      'detect',
      'coded/chelsea.dicm',
      '--min-score',
      '0',
      '--backend',
      'wasm',
      '--json',
    ];
    const result = await dicm([...args, '--region', '250,150,200,150'], { cwd: folder });
    const [{ width, height, detections }] = jsonLines(result) as [
      { width: number; height: number; detections: { box: { x: number; y: number } }[] },
    ];
    expect([width, height]).toEqual([451, 300]);
    expect(detections.length).toBeGreaterThan(0);
    // The region begins at 53.2 of 96 coded pixels, its block at 48; at 31.9 of 64 coded rows, its block at 16.
    for (const { box } of detections) {
      expect(box.x).toBeGreaterThanOrEqual((48 / 96) * 451 - 1e-6);
      expect(box.y).toBeGreaterThanOrEqual((16 / 64) * 300 - 1e-6);
    }
  });

  test('is nothing for latents', async () => {
    const result = await dicm(['decode', 'coded/chelsea.dicm', '--latents', '--region', '0,0,9,9'], {
      cwd: folder,
    });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain("option '--region <x,y,w,h>'");
  });
});
