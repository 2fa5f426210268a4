import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDicm } from '../../src/container/read-dicm.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import {
  type Analysis,
  type Codec,
  detect,
  ModelError,
  openCodec,
  type SegmentedDetection,
  segment,
  type Task,
  UsageError,
} from '../../src/index.js';
import { loadPicture } from '../../src/platform/node/pictures/load-picture.js';
import { decodeMask, maskArea } from '../../src/tasks/objects/run-length-mask.js';
import { CHELSEA, openTiny, photo, TINY_MODEL } from './helpers.js';

/** The tiny model's heads are random; at this score they report objects on every photograph. */
const LOW = 0.05;

let codec: Codec;
let file: Uint8Array;
let folder: string;

beforeAll(async () => {
  codec = await openTiny();
  file = (await codec.encode(await photo(300, 210), { maxSide: 100 })).bytes;
  folder = await mkdtemp(join(tmpdir(), 'dicm-analyze-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Checks everything that holds of any answer. */
function expectSound({ width, height, detections }: Pick<Analysis, 'width' | 'height' | 'detections'>): void {
  for (const [i, detection] of detections!.entries()) {
    const { label, categoryId, score, box } = detection;
    expect(label).toBe(`category ${categoryId}`);
    expect(score <= 1 && (i === 0 || score <= detections![i - 1]!.score)).toBe(true);
    expect(box.x >= 0 && box.y >= 0 && box.width > 0 && box.height > 0).toBe(true);
    expect(box.x + box.width).toBeLessThanOrEqual(width * (1 + 1e-12));
    expect(box.y + box.height).toBeLessThanOrEqual(height * (1 + 1e-12));
    if (!('mask' in detection)) continue;
    const { mask } = detection as SegmentedDetection;
    expect(mask.size).toEqual([height, width]);
    const { data } = decodeMask(mask);
    let outside = 0;
    for (let at = 0; at < data.length; at++) {
      const [x, y] = [(at % width) + 0.5, Math.floor(at / width) + 0.5];
      const isInside = x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;
      if (data[at] !== 0 && !isInside) outside++;
    }
    expect(outside).toBe(0);
  }
}

describe('detect and segment', () => {
  test('answer in source pixels', async () => {
    const found = await codec.segment(file, { minScore: LOW });
    expect(found).toMatchObject({ width: 300, height: 210, backend: 'wasm', notes: [] });
    expect(found.header).toMatchObject({ width: 100, height: 70, sourceWidth: 300, sourceHeight: 210 });
    expect(found.detections.length).toBeGreaterThan(3);
    expectSound(found);
    expect(found.detections.some(({ mask }) => maskArea(mask) > 0)).toBe(true);
  });

  test('find the same objects, with masks and without', async () => {
    const [boxes, masks] = [
      await codec.detect(file, { minScore: LOW }),
      await codec.segment(file, { minScore: LOW }),
    ];
    const bare = masks.detections.map(({ mask, ...detection }) => detection);
    expect(boxes.detections).toHaveLength(bare.length);
    expect(boxes.detections.map(({ categoryId }) => categoryId)).toEqual(
      bare.map(({ categoryId }) => categoryId),
    );
    for (const [i, { score, box }] of boxes.detections.entries()) {
      expect(score).toBeCloseTo(bare[i]!.score, 5);
      expect(box.x).toBeCloseTo(bare[i]!.box.x, 2);
    }
    expect(boxes.detections.every((detection) => !('mask' in detection))).toBe(true);
  });

  test('keep to the smallest score and the largest number', async () => {
    const all = await codec.detect(file, { minScore: 0 });
    expect(all.detections).toHaveLength(100);
    const three = await codec.detect(file, { minScore: 0, maxDetections: 3 });
    expect(three.detections).toEqual(all.detections.slice(0, 3));
    expect((await codec.detect(file, { minScore: 1 })).detections).toEqual([]);
    const usual = await codec.detect(file);
    expect(usual.detections.every(({ score }) => score >= 0.3)).toBe(true);
  });

  test('take a picture of one pixel', async () => {
    const { bytes } = await codec.encode(await photo(1, 1));
    const found = await codec.segment(bytes, { minScore: 0 });
    expect(found).toMatchObject({ width: 1, height: 1 });
    expectSound(found);
    for (const { mask } of found.detections) expect(mask.size).toEqual([1, 1]);
  });

  test('take a source of four billion pixels, of which the masks are no bitmap', async () => {
    const { header, tiles } = readDicm(file);
    const claimed = { ...header, sourceWidth: 65535, sourceHeight: 45874 };
    const bytes = writeDicm({ header: claimed, tiles, ancillary: [] });
    const small = await codec.segment(file, { minScore: 0, maxDetections: 5 });
    const large = await codec.segment(bytes, { minScore: 0, maxDetections: 5 });
    const factor = (65535 * 45874) / (300 * 210);
    for (const [i, { mask, categoryId }] of large.detections.entries()) {
      expect(categoryId).toBe(small.detections[i]!.categoryId);
      const area = maskArea(small.detections[i]!.mask);
      expect(Math.abs(maskArea(mask) / factor - area)).toBeLessThan(0.1 * area + 30);
    }
  });

  test('one executor finds what the other finds', async () => {
    const onnx = await openTiny({ backend: 'onnx', threads: 1 });
    const [a, b] = [
      await codec.segment(file, { minScore: LOW }),
      await onnx.segment(file, { minScore: LOW }),
    ];
    expect(a.detections.map(({ categoryId }) => categoryId)).toEqual(
      b.detections.map(({ categoryId }) => categoryId),
    );
    for (const [i, { score, box, mask }] of a.detections.entries()) {
      expect(score).toBeCloseTo(b.detections[i]!.score, 4);
      expect(box.width).toBeCloseTo(b.detections[i]!.box.width, 1);
      expect(Math.abs(maskArea(mask) - maskArea(b.detections[i]!.mask))).toBeLessThan(10);
    }
  });

  test('the functions for one file', async () => {
    const options = { model: TINY_MODEL, backend: 'wasm', minScore: LOW } as const;
    const [boxes, masks] = [await detect(file, options), await segment(file, options)];
    expect(boxes.detections.length).toBe(masks.detections.length);
    expectSound(boxes);
    expectSound(masks);
  });
});

describe('analyze', () => {
  test('says everything at once that the tasks say one by one', async () => {
    const tasks: Task[] = ['classify', 'detect', 'segment'];
    const all = await codec.analyze(file, { tasks, top: 3, detect: { minScore: LOW } });
    const { predictions } = await codec.classify(file, { top: 3 });
    expect(all.predictions!.map(({ index }) => index)).toEqual(predictions.map(({ index }) => index));
    expect(all.predictions![0]!.score).toBeCloseTo(predictions[0]!.score, 6);
    const { detections } = await codec.segment(file, { minScore: LOW });
    expect(all.detections).toHaveLength(detections.length);
    for (const [i, { score, label }] of all.detections!.entries()) {
      expect(label).toBe(detections[i]!.label);
      expect(score).toBeCloseTo(detections[i]!.score, 5);
    }
    expectSound(all);
  });

  test('reports the categories that are wanted alone, as many of them as without others', async () => {
    const { detections: everything } = await codec.detect(file, { minScore: LOW, maxDetections: 1000 });
    const { label, categoryId } = everything.at(-1)!;
    const wanted = everything.filter((one) => one.label === label);
    expect(wanted.length).toBeLessThan(everything.length);
    for (const categories of [[label], [categoryId]]) {
      const settings = { minScore: LOW, maxDetections: wanted.length, categories };
      expect((await codec.detect(file, settings)).detections).toEqual(wanted);
    }
  });

  test('leaves out what was not asked for', async () => {
    const classes = await codec.analyze(file, { tasks: ['classify'] });
    expect(Object.keys(classes)).not.toContain('detections');
    const boxes = await codec.analyze(file, { tasks: ['detect'] });
    expect(Object.keys(boxes)).not.toContain('predictions');
  });

  test.each<[string, Parameters<Codec['analyze']>[1]]>([
    ['no-tasks', { tasks: [] }],
    ['no-tasks', { tasks: null as never }],
    ['no-tasks', { tasks: 'classify' as never }],
    ['bad-task', { tasks: ['caption' as Task] }],
    ['bad-top', { tasks: ['classify'], top: 1.5 }],
    ['bad-min-score', { tasks: ['detect'], detect: { minScore: -0.1 } }],
    ['bad-min-score', { tasks: ['classify'], minScore: Number.NaN }],
    ['unknown-category', { tasks: ['detect'], detect: { categories: [] } }],
    ['unknown-category', { tasks: ['detect'], detect: { categories: 'cat' as never } }],
    ['unknown-category', { tasks: ['detect'], detect: { categories: ['unicorn'] } }],
    ['bad-max-detections', { tasks: ['detect'], detect: { maxDetections: 0 } }],
  ])('%s is refused', async (code, options) => {
    const error = await codec.analyze(file, options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ code });
  });

  test('a model without heads classifies, and says what it lacks', async () => {
    const plain = join(folder, 'plain');
    await cp(TINY_MODEL, plain, { recursive: true });
    const path = join(plain, 'manifest.json');
    const { detection, ...manifest } = JSON.parse(await readFile(path, 'utf8'));
    expect(detection.categories).toHaveLength(20);
    await writeFile(path, JSON.stringify(manifest));
    const other = await openCodec({ model: plain, backend: 'wasm' });
    try {
      expect((await other.classify(file)).predictions).toHaveLength(5);
      for (const call of [other.detect, other.segment]) {
        const error = await call(file).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(ModelError);
        expect(error).toMatchObject({ code: 'no-heads', exitCode: 6 });
        expect((error as ModelError).message).toContain('tiny');
      }
    } finally {
      await other.dispose();
    }
  });
});

describe('a picture of several tiles', () => {
  let large: Uint8Array;
  beforeAll(async () => {
    large = (await codec.encode(await photo(1300, 600), { maxSide: 'none', quality: 10 })).bytes;
  });

  test('is classified by its tiles and searched by windows, in one call or several', async () => {
    const steps: string[] = [];
    const all = await codec.analyze(large, {
      tasks: ['classify', 'segment'],
      detect: { minScore: LOW },
      onProgress: (done, total) => steps.push(`${done}/${total}`),
    });
    // Three columns and two rows of tiles; three windows of one row.
    expect(steps).toEqual(['2/6', '4/6', '6/6']);
    expect(all).toMatchObject({ width: 1300, height: 600 });
    expectSound(all);
    const { predictions } = await codec.classify(large);
    expect(all.predictions!.map(({ index }) => index)).toEqual(predictions.map(({ index }) => index));
    expect(all.predictions![0]!.score).toBeCloseTo(predictions[0]!.score, 6);
    const { detections } = await codec.detect(large, { minScore: LOW });
    expect(all.detections!.map(({ label }) => label)).toEqual(detections.map(({ label }) => label));
    expect(detections.some(({ box }) => box.x + box.width > 1024)).toBe(true);
  });

  test('can be given up between windows', async () => {
    const stop = new AbortController();
    const call = codec.detect(large, { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('analyzePicture', () => {
  test('answers what analyzePixels answers about the same pixels', async () => {
    const question = { tasks: ['classify', 'detect'] as Task[], detect: { minScore: LOW } };
    const picture = await loadPicture(CHELSEA, { maxSide: 120 });
    const found = await codec.analyzePicture(picture, question);
    expect(found).toMatchObject({ width: 451, height: 300 });
    expect(found).toEqual(await codec.analyzePixels(CHELSEA, { ...question, maxSide: 120 }));
  });

  test.each([{ width: 119 }, { height: 0 }, { width: 1.5 }])(
    'refuses a picture whose size is not that of its pixels: %o',
    async (wrong) => {
      const picture = await loadPicture(CHELSEA, { maxSide: 120 });
      const call = codec.analyzePicture({ ...picture, ...wrong }, { tasks: ['classify'] });
      await expect(call).rejects.toMatchObject({ name: 'UsageError', code: 'bad-picture' });
    },
  );
});

describe('analyzePixels', () => {
  test('answers about any picture without the codec', async () => {
    const tasks: Task[] = ['classify', 'segment'];
    const found = await codec.analyzePixels(CHELSEA, { tasks, maxSide: 120, detect: { minScore: LOW } });
    expect(found).toMatchObject({
      width: 451,
      height: 300,
      backend: 'wasm',
      notes: [expect.stringContaining('451 x 300 pixels fitted to 120 x 80')],
    });
    expect(found.model.name).toBe('tiny');
    expect(found).not.toHaveProperty('header');
    expect(found.predictions).toHaveLength(5);
    expect(found.detections!.length).toBeGreaterThan(0);
    expectSound(found);
  });

  test('takes pictures of several tiles and of one pixel', async () => {
    const large = await codec.analyzePixels(await photo(1040, 530), {
      ...{ tasks: ['classify', 'detect'], maxSide: 'none' },
      detect: { minScore: LOW },
    });
    expect(large.detections!.some(({ box }) => box.x + box.width > 768)).toBe(true);
    expectSound(large);
    const dot = await codec.analyzePixels(await photo(1, 1), { tasks: ['segment'], detect: { minScore: 0 } });
    expectSound(dot);
  });

  test('is the network that the codec stands between', async () => {
    // Pixels of one tile: the same as the tile's own picture.
    const png = await photo(96, 64);
    const [a, b] = [
      await codec.analyzePixels(png, { tasks: ['classify'], top: 1 }),
      await codec.analyzePixels(png, { tasks: ['classify', 'detect'], top: 1 }),
    ];
    expect(a.predictions![0]!.index).toBe(b.predictions![0]!.index);
    expect(a.predictions![0]!.score).toBeCloseTo(b.predictions![0]!.score, 6);
  });
});
