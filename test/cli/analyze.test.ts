import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { planOverlays } from '../../src/cli/plan-overlays.js';
import { decodeMask, type RunLengthMask } from '../../src/index.js';
import { dicm, jsonLines, PHOTOS, scratchFolder } from './run-cli.js';

const folder = scratchFolder();
const isNumber = expect.any(Number);
/** The tiny model is not trained: what it finds is arbitrary, but the same every time. */
const FEW = ['--min-score', '0.01', '--max-detections', '3', '--backend', 'wasm'];

interface Found {
  label: string;
  categoryId: number;
  score: number;
  box: { x: number; y: number; width: number; height: number };
  mask?: RunLengthMask;
}

beforeAll(async () => {
  for (const [photo, name] of [
    ['chelsea.png', '12.png'],
    ['rocket.jpg', '34.jpg'],
  ] as const) {
    await mkdir(join(folder, 'photos'), { recursive: true });
    await copyFile(join(PHOTOS, photo), join(folder, 'photos', name));
  }
  const result = await dicm(['encode', '-r', 'photos', '-o', 'coded', '--max-side', '96'], { cwd: folder });
  expect(result.exitCode, result.stderr).toBe(0);
  await writeFile(
    join(folder, 'damaged.dicm'),
    (await readFile(join(folder, 'coded/12.dicm'))).subarray(0, 99),
  );
});

const run = (...args: string[]) => dicm(['analyze', ...args], { cwd: folder });

/** Runs one command on one file and returns its object. */
async function analyze(task: string, ...more: string[]): Promise<Record<string, unknown>> {
  const result = await run(task, 'coded/12.dicm', '--json', ...FEW, ...more);
  expect(result.exitCode, result.stderr).toBe(0);
  const [object, ...rest] = jsonLines(result);
  expect(rest).toEqual([]);
  return object!;
}

describe('--json', () => {
  const detection = {
    label: expect.stringMatching(/^category \d+$/),
    categoryId: isNumber,
    score: isNumber,
    box: { x: isNumber, y: isNumber, width: isNumber, height: isNumber },
  };
  const mask = { size: [300, 451], counts: expect.any(String) };
  const around = {
    file: 'coded/12.dicm',
    width: 451,
    height: 300,
    backend: 'wasm',
    elapsedMs: isNumber,
    model: 'tiny',
  };

  test('dicm.detect/1', async () => {
    const object = await analyze('detect');
    expect(object).toEqual({ schema: 'dicm.detect/1', ...around, detections: Array(3).fill(detection) });
    for (const { box, score } of object.detections as Found[]) {
      expect(Math.min(box.x, box.y, box.width, box.height, score)).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(451 + 1e-6);
      expect(box.y + box.height).toBeLessThanOrEqual(300 + 1e-6);
    }
  });

  test('dicm.segment/1', async () => {
    const object = await analyze('segment');
    expect(object).toEqual({
      schema: 'dicm.segment/1',
      ...around,
      detections: Array(3).fill({ ...detection, mask }),
    });
    for (const found of object.detections as Found[]) {
      expect(decodeMask(found.mask!)).toMatchObject({ width: 451, height: 300 });
    }
  });

  test('dicm.analyze/1 says in one pass what the three commands say', async () => {
    const all = await analyze('all', '--top', '2');
    expect(all).toEqual({
      schema: 'dicm.analyze/1',
      ...around,
      predictions: Array(2).fill({
        index: isNumber,
        wnid: expect.any(String),
        label: expect.any(String),
        score: isNumber,
      }),
      detections: Array(3).fill({ ...detection, mask }),
    });
    const [classified] = jsonLines(
      await run('classify', 'coded/12.dicm', '--json', '--top', '2', '--backend', 'wasm'),
    );
    const segmented = await analyze('segment');
    expect(all.predictions).toEqual(classified!.predictions);
    expect(all.detections).toEqual(segmented.detections);
  });
});

describe('text', () => {
  test('a table of objects', async () => {
    const lines = (await run('segment', 'coded/12.dicm', ...FEW)).stdout.trimEnd().split('\n');
    expect(lines[0]).toBe('coded/12.dicm');
    expect(lines[1]).toMatch(/^ {2}score {2}label +x +y +width +height +mask$/);
    expect(lines).toHaveLength(6);
    for (const line of lines.slice(2, 5)) {
      expect(line).toMatch(/^ {2}[01]\.\d{3} {2}category \d+( +\d+){4} +\d+\.\d %$/);
    }
    expect(lines[5]).toBe('  in 451 x 300 pixels');
  });

  test('nothing found is an answer', async () => {
    const result = await run('detect', 'coded/12.dicm', '--min-score', '1');
    expect(result.exitCode, result.stderr).toBe(0);
    expect(result.stdout).toContain('no object with a score of 1 or more');
  });
});

describe('--coco', () => {
  test('one file for a whole batch, in the order of the inputs', async () => {
    const result = await run('segment', '-r', 'coded', '--coco', 'results.json', ...FEW);
    expect(result.exitCode, result.stderr).toBe(0);
    const results = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as Record<
      string,
      unknown
    >[];
    expect(results.map(({ image_id }) => image_id)).toEqual([12, 12, 12, 34, 34, 34]);
    const [first] = (await analyze('segment')).detections as Found[];
    const { bbox, score, ...rest } = results[0] as { bbox: number[]; score: number };
    expect(rest).toEqual({ image_id: 12, category_id: first!.categoryId, segmentation: first!.mask });
    Object.values(first!.box).forEach((value, i) => {
      expect(bbox[i]).toBeCloseTo(value, 3);
    });
    expect(score).toBeCloseTo(first!.score, 6);

    const again = await run('detect', 'coded/12.dicm', '--coco', 'results.json', ...FEW);
    expect([again.exitCode, again.stderr]).toEqual([5, expect.stringContaining('output-exists')]);
    const forced = await run('detect', 'coded/12.dicm', '-f', '--coco', 'results.json', ...FEW);
    expect(forced.exitCode, forced.stderr).toBe(0);
    const boxes = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as object[];
    expect(boxes.map((entry) => 'segmentation' in entry)).toEqual([false, false, false]);
  });

  test('ids come from annotations; what is missing is said', async () => {
    const annotations = {
      images: [
        { id: 900, file_name: 'a/12.png' },
        { id: 901, file_name: 'damaged.png' },
      ],
      categories: [{ id: 77, name: 'Category 18' }],
    };
    await writeFile(join(folder, 'instances.json'), JSON.stringify(annotations));
    const args = ['--coco', 'named.json', '--coco-images', 'instances.json', ...FEW];
    const result = await run('detect', 'coded/12.dicm', 'damaged.dicm', ...args);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('1 of 2 images are not in it');
    const results = JSON.parse(await readFile(join(folder, 'named.json'), 'utf8')) as Record<
      string,
      unknown
    >[];
    const found = (await analyze('detect')).detections as Found[];
    const kept = found.filter(({ label }) => label === 'category 18');
    expect(kept.length).toBeGreaterThan(0);
    expect(results.map(({ image_id, category_id }) => [image_id, category_id])).toEqual(
      kept.map(() => [900, 77]),
    );
    expect(result.stderr.includes('has no category')).toBe(kept.length < found.length);
  });

  test('nothing found is an empty list, and nothing analysed is no file', async () => {
    expect((await run('detect', 'coded/12.dicm', '--min-score', '1', '--coco', 'empty.json')).exitCode).toBe(
      0,
    );
    expect(JSON.parse(await readFile(join(folder, 'empty.json'), 'utf8'))).toEqual([]);
    await copyFile(join(folder, 'damaged.dicm'), join(folder, '5.dicm'));
    expect((await run('detect', '5.dicm', '--coco', 'none.json')).exitCode).toBe(3);
    expect(await readdir(folder)).not.toContain('none.json');
  });
});

describe('--overlay', () => {
  test('a picture for a file, a folder for several, on their sources', async () => {
    const plain = await run('detect', 'coded/12.dicm', '--overlay', 'plain.png', ...FEW);
    expect(plain.exitCode, plain.stderr).toBe(0);
    expect(await sharp(join(folder, 'plain.png')).metadata()).toMatchObject({ width: 902, height: 600 });

    const args = ['all', '-r', 'coded', '--overlay', 'drawn', '--on', 'photos', '--json', ...FEW];
    const result = await run(...args);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(jsonLines(result).map(({ overlay }) => overlay)).toEqual(['drawn/12.png', 'drawn/34.png']);
    expect((await readdir(join(folder, 'drawn'))).sort()).toEqual(['12.png', '34.png']);
    const { channels } = await sharp(join(folder, 'drawn/34.png')).stats();
    // A photograph is below it.
    expect(Math.min(...channels.map(({ stdev }) => stdev))).toBeGreaterThan(20);
    const again = await run(...args);
    expect(again.exitCode).toBe(1);
    expect(jsonLines(again).map(({ code }) => code)).toEqual(['output-exists', 'output-exists']);
  });

  test('pictures are the same every time', async () => {
    for (const name of ['a.png', 'b.png']) {
      expect((await run('segment', 'coded/12.dicm', '--overlay', name, ...FEW)).exitCode).toBe(0);
    }
    expect(await readFile(join(folder, 'a.png'))).toEqual(await readFile(join(folder, 'b.png')));
  });
});

describe('what makes no sense is refused before any work', () => {
  test.each([
    [['detect', 'coded/12.dicm', '--on', 'photos/12.png'], 'option-needs-other'],
    [['detect', 'coded/12.dicm', '--coco-images', 'x.json'], 'option-needs-other'],
    [['detect', 'coded/12.dicm', '--overlay', 'x.jpg'], 'overlay-not-png'],
    [['detect', 'coded/12.dicm', '--overlay', '-'], 'overlay-stdout'],
    [['detect', 'coded/12.dicm', '--coco', '-'], 'coco-stdout'],
    [['detect', 'damaged.dicm', '--coco', 'x.json'], 'coco-no-id'],
    [['detect', 'coded/12.dicm', '--coco', 'coded/../coded/12.dicm', '-f'], 'output-is-input'],
    [['detect', 'coded/12.dicm', '--coco', 'x.png', '--overlay', 'x.png'], 'output-collision'],
    [['detect', '-r', 'coded', '--overlay', 'x', '--on', 'photos/12.png'], 'overlay-source-missing'],
    [['detect', 'damaged.dicm', '--overlay', 'x.png', '--on', 'photos'], 'overlay-source-missing'],
  ])('%j', async (args, code) => {
    const before = await readdir(folder);
    const result = await run(...args);
    expect(result.exitCode, result.stderr).toBe(2);
    expect(result.stderr).toContain(`[${code}]`);
    expect(result.stdout).toBe('');
    expect(await readdir(folder)).toEqual(before);
  });

  test('a source is found however its accents are written', async () => {
    const given = {
      inputs: [{ path: 'e\u0301te\u0301.dicm', relative: 'e\u0301te\u0301.dicm' }],
      isOpen: false,
    };
    await mkdir(join(folder, 'accents'));
    await writeFile(join(folder, 'accents', '\u00e9t\u00e9.png'), '');
    const [planned] = await planOverlays(given, join(folder, 'drawn.png'), join(folder, 'accents'));
    expect(planned!.source).toBe(join(folder, 'accents', '\u00e9t\u00e9.png'));
  });

  test('a source that may be one of two', async () => {
    await mkdir(join(folder, 'doubled'));
    for (const name of ['12.png', '12.jpg']) await writeFile(join(folder, 'doubled', name), '');
    const result = await run('detect', 'coded/12.dicm', '--overlay', 'y.png', '--on', 'doubled');
    expect([result.exitCode, result.stderr]).toEqual([2, expect.stringContaining('12.jpg or 12.png')]);
  });

  test('another picture than the source', async () => {
    const result = await run(
      'detect',
      'coded/12.dicm',
      '--overlay',
      'y.png',
      '--on',
      join(PHOTOS, 'astronaut.png'),
    );
    expect([result.exitCode, result.stderr]).toEqual([2, expect.stringContaining('overlay-source-size')]);
    expect(await readdir(folder)).not.toContain('y.png');
  });

  test('a photograph where a .dicm file is expected', async () => {
    for (const task of ['detect', 'segment', 'all']) {
      const result = await run(task, 'photos/12.png');
      expect([result.exitCode, result.stderr]).toEqual([3, expect.stringContaining('dicm encode')]);
    }
  });
});
