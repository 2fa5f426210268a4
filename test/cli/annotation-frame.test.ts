import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeMask, type RunLengthMask } from '../../src/index.js';
import { dicm, jsonLines, ROOT, scratchFolder } from './run-cli.js';

/** Stored as 64 x 40 pixels, to be turned by a quarter to the right. */
const PHOTO = join(ROOT, 'fixtures/cases/lists/exif-6.jpg');

const folder = scratchFolder();
const FEW = ['--min-score', '0.01', '--max-detections', '4', '--backend', 'wasm'];

interface Found {
  categoryId: number;
  box: { x: number; y: number; width: number; height: number };
  mask: RunLengthMask;
}

interface CocoResult {
  image_id: number;
  category_id: number;
  bbox: [number, number, number, number];
  segmentation: RunLengthMask;
}

let found: Found[];

beforeAll(async () => {
  await copyFile(PHOTO, join(folder, 'turned.jpg'));
  expect((await dicm(['encode', 'turned.jpg'], { cwd: folder })).exitCode).toBe(0);
  const args = ['analyze', 'segment', 'turned.dicm', '--json', ...FEW];
  const [answer] = jsonLines(await dicm(args, { cwd: folder }));
  expect(answer).toMatchObject({ width: 40, height: 64 });
  found = answer!.detections as Found[];
  expect(found).toHaveLength(4);
});

/** Asks for COCO results with annotations that state a size for the photograph. */
async function segment(size: object, ...more: string[]) {
  const images = [{ id: 1, file_name: 'turned.jpg', ...size }];
  await writeFile(join(folder, 'set.json'), JSON.stringify({ images }));
  const coco = ['--coco', 'out.json', '--coco-images', 'set.json', '-f', ...FEW, ...more];
  const result = await dicm(['analyze', 'segment', 'turned.dicm', ...coco], { cwd: folder });
  const results = async () => JSON.parse(await readFile(join(folder, 'out.json'), 'utf8')) as CocoResult[];
  return { result, results };
}

describe('COCO results lie in the frame of the annotations', () => {
  test('as stored: boxes and masks are turned back, and it is said', async () => {
    const { result, results } = await segment({ width: 64, height: 40 });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(result.stderr).toContain('1 of 1 photographs are annotated as they are stored');
    const entries = await results();
    expect(entries).toHaveLength(4);
    for (const [i, { bbox, segmentation }] of entries.entries()) {
      const { box, mask } = found[i]!;
      // A quarter turn to the right, undone: upright (X, Y) was stored at (Y, 40 - X).
      const stored = [box.y, 40 - box.x - box.width, box.height, box.width];
      stored.forEach((value, k) => {
        expect(bbox[k]).toBeCloseTo(value, 2);
      });
      expect(segmentation.size).toEqual([40, 64]);
      const upright = decodeMask(mask);
      const turned = decodeMask(segmentation);
      const pixels = Array.from({ length: 64 * 40 }, (_, at) => {
        const [x, y] = [at % 64, Math.floor(at / 64)];
        return upright.data[x * 40 + (39 - y)];
      });
      expect([...turned.data]).toEqual(pixels);
    }
  });

  test.each([
    ['upright', { width: 40, height: 64 }],
    ['of a size that nobody states', {}],
  ])('%s: as they were found', async (_, size) => {
    const { result, results } = await segment(size);
    expect([result.exitCode, result.stderr.includes('stored')]).toEqual([0, false]);
    expect((await results()).map(({ segmentation }) => segmentation)).toEqual(found.map(({ mask }) => mask));
  });

  test('of another size: refused by name', async () => {
    const { result } = await segment({ width: 128, height: 80 });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(
      'turned.dicm is of a photograph of 40 x 64 pixels, annotated in set.json as 128 x 80 [coco-frame]',
    );
    expect(result.stdout).toBe('');
  });
});

test('inputs that the annotations lack are left out where that is asked for', async () => {
  await copyFile(join(folder, 'turned.dicm'), join(folder, 'other.dicm'));
  const set = { images: [{ id: 1, file_name: 'turned.jpg' }] };
  await writeFile(join(folder, 'one.json'), JSON.stringify(set));
  const args = ['analyze', 'detect', 'other.dicm', 'turned.dicm', '--coco', 'one-out.json', ...FEW];
  const refused = await dicm([...args, '--coco-images', 'one.json'], { cwd: folder });
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain('1 of 2 inputs have no image of their name in one.json');
  const skipped = await dicm([...args, '--coco-images', 'one.json', '--coco-missing', 'skip', '--json'], {
    cwd: folder,
  });
  expect(skipped.exitCode, skipped.stderr).toBe(0);
  expect(skipped.stderr).toContain('1 of 2 files have no image id and are left out: other.dicm');
  expect(jsonLines(skipped).map(({ file }) => file)).toEqual(['turned.dicm']);
});
