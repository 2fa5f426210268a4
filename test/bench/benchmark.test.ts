import { cpSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import {
  type BenchOptions,
  type BenchReport,
  type BenchStep,
  benchmark,
  openCodec,
} from '../../src/index.js';
import { encodeClassic, wrapPixels } from '../../src/platform/node/pictures/classic-codecs.js';
import { loadPicture } from '../../src/platform/node/pictures/load-picture.js';
import { COCO_CATEGORIES } from '../../src/tasks/objects/category-lists.js';
import { TINY_MODEL } from '../session/helpers.js';
import { writeTinyView } from '../session/view-model.js';
import { writeDetector } from './detectors/write-detector.js';
import { fakePrograms } from './fake-programs.js';
import { labelledFolder, scratchFolder } from './labelled-folder.js';

const dataset = await labelledFolder(['c00000001', 'c00000002', 'unknown'], 3);
writeFileSync(join(dataset, 'c00000001', 'broken.png'), 'no picture');
const nothing = fakePrograms({});

/** Options of a small run: six images, five codings of each. */
function options(extra: Partial<BenchOptions> = {}): BenchOptions {
  return {
    ...{ task: 'classify', dataset, cache: scratchFolder(), model: TINY_MODEL, backend: 'wasm' },
    ...{ codecs: ['dicm', 'jpeg', 'bpg'], settings: { dicm: [20, 90], jpeg: [5, 30, 80] } },
    ...{ maxSide: 48, timedImages: 1, jobs: 2, anchor: 'jpeg', searchPath: nothing },
    ...extra,
  };
}

/** A report without what differs from run to run. */
function comparable({ series, uncompressed, ...rest }: BenchReport): unknown {
  const plain = ({ encodeMs, analyzeMs, peakMemoryBytes, ...point }: (typeof series)[0]['points'][0]) =>
    point;
  const { elapsedMs, peakMemoryBytes, ...fixed } = rest;
  return {
    ...{ ...fixed, environment: undefined, uncompressed: plain({ setting: 0, ...uncompressed }) },
    series: series.map((one) => ({ ...one, points: one.points.map(plain) })),
  };
}

const first = options();
const { report, csv, markdown, svg } = await benchmark(first);

describe('a run', () => {
  test('counts real bytes of the fitted picture, and bits per pixel of the source', async () => {
    const jpeg = report.series.find(({ id }) => id === 'jpeg')!;
    const sizes: number[] = [];
    for (const name of ['c00000001', 'c00000002']) {
      for (const i of [0, 1, 2]) {
        const picture = await loadPicture(join(dataset, name, `${i}.png`), { maxSide: 48 });
        expect([picture.width, picture.height]).toEqual([48, 32]);
        sizes.push((await encodeClassic(picture, 'jpeg', 30)).length);
      }
    }
    const mean = sizes.reduce((a, b) => a + b) / 6;
    expect(jpeg.points[1]).toMatchObject({ setting: 30, images: 6, bytes: Number(mean.toFixed(1)) });
    expect(jpeg.points[1]!.bpp).toBeCloseTo((8 * mean) / (96 * 64), 4);
    const file = statSync(join(dataset, 'c00000001', '0.png')).size;
    expect(report.uncompressed.bytes).toBeCloseTo(file, -2);
  });

  test('encodes with an effort, and does not take results of another for its own', async () => {
    const settings = { dicm: [40] };
    const refined = await benchmark({ ...first, codecs: ['dicm'], settings, effort: 3, anchor: undefined });
    const [series] = refined.report.series;
    expect(series!.name).toBe('dicm (tiny, effort 3)');
    const codec = await openCodec({ model: TINY_MODEL, backend: 'wasm' });
    const sizes: number[] = [];
    for (const name of ['c00000001', 'c00000002']) {
      for (const i of [0, 1, 2]) {
        const image = join(dataset, name, `${i}.png`);
        sizes.push((await codec.encode(image, { quality: 40, maxSide: 48, effort: 3 })).bytes.length);
      }
    }
    await codec.dispose();
    expect(series!.points[0]!.bytes).toBeCloseTo(sizes.reduce((a, b) => a + b) / 6, 1);
  });

  test('gives dicm the files that the library writes, and its own answers', async () => {
    const codec = await openCodec({ model: TINY_MODEL, backend: 'wasm' });
    let [bytes, hits] = [0, 0];
    for (const name of ['c00000001', 'c00000002']) {
      for (const i of [0, 1, 2]) {
        const file = await codec.encode(join(dataset, name, `${i}.png`), { quality: 90, maxSide: 48 });
        bytes += file.bytes.length / 6;
        const { predictions } = await codec.classify(file.bytes, { top: 5 });
        hits += Number(predictions.some(({ wnid }) => wnid === name)) / 6;
      }
    }
    await codec.dispose();
    const point = report.series.find(({ id }) => id === 'dicm')!.points[1]!;
    expect(point.bytes).toBeCloseTo(bytes, 1);
    expect(point.scores.top5).toBeCloseTo(hits, 5);
  });

  test('agrees with the uncompressed network where nothing is compressed', () => {
    expect(report.uncompressed.scores.agreement).toBe(1);
  });

  test('names what is missing, unlabelled and broken', () => {
    expect(report.missing).toEqual([{ id: 'bpg', name: 'BPG', reason: 'no bpgenc, no bpgdec on the PATH' }]);
    expect(report.dataset).toMatchObject({ images: 6, available: 7 });
    expect(report.dataset.leftOut.map(({ image, code }) => [image, code])).toEqual([
      ['unknown/0.png', 'unlabelled'],
      ['unknown/1.png', 'unlabelled'],
      ['unknown/2.png', 'unlabelled'],
      ['c00000001/broken.png', 'not-an-image'],
    ]);
  });

  test('times and weighs every point', () => {
    for (const point of report.series.flatMap(({ points }) => points)) {
      expect(point.encodeMs).toBeGreaterThan(0);
      expect(point.analyzeMs).toBeGreaterThan(0);
      expect(point.peakMemoryBytes).toBeGreaterThan(1e6);
    }
    expect(report.environment.timedImages).toBe(1);
  });

  test('is compared with the anchor', () => {
    expect(report.comparisons.map(({ series, anchor }) => [series, anchor])).toEqual([['dicm', 'jpeg']]);
    const { bdRate } = report.comparisons[0]!;
    expect(bdRate.value ?? bdRate.note).toBeDefined();
  });

  test('is written as CSV with a line for each point', () => {
    const lines = csv.trimEnd().split('\n');
    expect(lines[0]).toBe(
      'series,setting,images,bytes,bpp,top1,top5,agreement,low,high,encode_ms,analyze_ms,peak_memory_bytes',
    );
    expect(lines.slice(1).map((line) => line.split(',').slice(0, 2).join(' ').trim())).toEqual([
      ...['uncompressed', 'dicm 20', 'dicm 90', 'jpeg 5', 'jpeg 30', 'jpeg 80'],
    ]);
    expect(new Set(lines.map((line) => line.split(',').length))).toEqual(new Set([13]));
  });

  test('is written as tables', () => {
    expect(markdown).toContain('| dicm (tiny)');
    expect(markdown).toContain('quality 80');
    expect(markdown).toContain('- BPG: no bpgenc, no bpgdec on the PATH');
    expect(markdown).toContain('- c00000001/broken.png: ');
  });

  test('is drawn as a picture that the image library can read', async () => {
    const picture = await loadPicture(new TextEncoder().encode(svg), { maxSide: 'none' });
    expect([picture.width, picture.height]).toEqual([960, 560]);
    expect(svg.match(/class="mark s-jpeg"/g)).toHaveLength(3 + 1);
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(svg).toContain('class="ceiling"');
  });
});

describe('a run that was interrupted', () => {
  test('goes on where it stopped, and ends with the same results', async () => {
    const controller = new AbortController();
    const again = options({ signal: controller.signal });
    const stop = ({ done }: BenchStep) => {
      if (done === 12) controller.abort(new Error('enough'));
    };
    await expect(benchmark({ ...again, onProgress: stop })).rejects.toThrow('enough');
    let known = 0;
    const count = ({ phase, cached }: BenchStep) => {
      if (phase === 'answers') known = Math.max(known, cached);
    };
    const { report: second } = await benchmark({ ...again, signal: undefined, onProgress: count });
    expect(known).toBeGreaterThanOrEqual(12);
    expect(known).toBeLessThan(7 * 6);
    expect(comparable(second)).toEqual(comparable(report));
  });

  test('does nothing twice once all is known', async () => {
    const steps: BenchStep[] = [];
    const { report: second } = await benchmark({ ...first, onProgress: (step) => steps.push(step) });
    const answers = steps.filter(({ phase }) => phase === 'answers').at(-1)!;
    // All but the image that cannot be read.
    expect(answers).toMatchObject({ done: 7 * 6, total: 7 * 6, cached: 6 * 6 });
    expect(comparable(second)).toEqual(comparable(report));
  });

  test('does other settings and other sizes anew', async () => {
    let cached = 0;
    const count = (step: BenchStep) => {
      if (step.phase === 'answers') cached = step.cached;
    };
    const one = { ...first, codecs: ['jpeg'], timedImages: 0, anchor: undefined, onProgress: count };
    await benchmark({ ...one, settings: { jpeg: [30, 31] } });
    expect(cached).toBe(2 * 6);
    await benchmark({ ...one, settings: { jpeg: [30] }, maxSide: 32 });
    expect(cached).toBe(0);
  });
});

test('some images are drawn by the seed', async () => {
  const draw = async (seed: number) => {
    const { report } = await benchmark({ ...first, codecs: ['jpeg'], images: 3, seed, timedImages: 0 });
    return report;
  };
  const some = await draw(2);
  expect(some.dataset.images + some.dataset.leftOut.filter(({ code }) => code !== 'unlabelled').length).toBe(
    3,
  );
  expect(comparable(await draw(2))).toEqual(comparable(some));
});

describe('what makes no sense is refused before any work', () => {
  test.each([
    ['a codec nobody knows', { codecs: ['gif'] }, 'unknown-codec'],
    ['a metric of another task', { metric: 'ap' }, 'unknown-metric'],
    ['an anchor that is missing', { anchor: 'bpg' }, 'anchor-missing'],
    ['a data set that is not there', { dataset: 'nowhere' }, 'bad-dataset'],
    ['a detector for classes', { detector: 'x.onnx' }, 'detector-task'],
    ['another network for detection', { task: 'detect', pixelNetwork: 'x' } as const, 'pixel-network-task'],
    ['weights that are none', { pixelNetwork: 'nowhere.safetensors' }, 'bad-pixel-network'],
    ['settings that are no numbers', { settings: { jpeg: [Number.NaN] } }, 'bad-setting'],
  ])('%s', async (_, extra, code) => {
    await expect(benchmark({ ...first, ...extra })).rejects.toMatchObject({ code });
  });
});

describe('objects', () => {
  /** Two drawn pictures with an object each, whose disc the instance map marks. */
  async function instances(): Promise<string> {
    const folder = await labelledFolder(['pictures'], 2);
    const map = new Uint8Array(96 * 64);
    for (let y = 20; y < 44; y++) map.fill(1, y * 96 + 30, y * 96 + 60);
    const png = sharp(map, { raw: { width: 96, height: 64, channels: 1 } }).toColourspace('b-w');
    await png.png().toFile(join(folder, 'map.png'));
    const images = [1, 2].map((id) => ({
      ...{ id, file_name: `pictures/${id - 1}.png`, instance_map: 'map.png', width: 96, height: 64 },
    }));
    const annotations = [1, 2].map((id) => ({
      ...{ id, image_id: id, category_id: 3, bbox: [30, 20, 30, 24], iscrowd: 0, instance: 1 },
    }));
    const categories = [3, 4, 21].map((id) => ({ id, name: `category ${id}` }));
    writeFileSync(join(folder, 'set.json'), JSON.stringify({ images, annotations, categories }));
    return join(folder, 'set.json');
  }

  test.each([
    ['detect', ['ap', 'ap50', 'ap75']],
    ['segment', ['maskAp', 'maskAp50', 'maskAp75', 'boxAp', 'boxAp50', 'boxAp75']],
  ] as const)('%s: every way gets its average precision, in all and by category', async (task, metrics) => {
    const notes: string[] = [];
    const settings = { dicm: [50], jpeg: [80] };
    const onNote = (note: string) => notes.push(note);
    const { report } = await benchmark(options({ task, dataset: await instances(), settings, onNote }));
    expect(report.metric).toBe(metrics[0]);
    for (const { points } of report.series) {
      expect(Object.keys(points[0]!.scores)).toEqual(metrics);
      for (const score of Object.values(points[0]!.scores)) expect(score).toBeGreaterThanOrEqual(0);
    }
    expect(report.categories!.map(({ name, objects }) => [name, objects])).toEqual([
      ['category 3', 2],
      ['category 4', 0],
    ]);
    expect(report.categories![1]!.scores).toEqual({ uncompressed: null, dicm: null, jpeg: null });
    expect(notes).toContain('categories the model does not know are left out: category 21');
  });

  test('a detector of pixels reads the same files beside the model, and says boxes', async () => {
    const detector = writeDetector(join(scratchFolder(), 'nano.onnx'), [
      { position: 20, box: [0.5, 0.5, 0, 0], category: COCO_CATEGORIES.indexOf('dog'), score: 1 },
    ]);
    const dataset = await instances();
    const settings = { dicm: [50], jpeg: [80, 20] };
    const { report, markdown } = await benchmark(options({ task: 'segment', dataset, settings, detector }));
    expect(report.series.map(({ id }) => id)).toEqual(['dicm', 'jpeg', 'jpeg+nano']);
    const [, jpeg, read] = report.series;
    expect(read!.points.map(({ setting, bytes }) => [setting, bytes])).toEqual(
      jpeg!.points.map(({ setting, bytes }) => [setting, bytes]),
    );
    for (const { scores } of read!.points) {
      expect(scores.maskAp).toBeNull();
      // Dogs are none of the data set's categories.
      expect(scores.boxAp50).toBe(0);
    }
    expect(report.detector!.name).toBe('nano');
    expect(report.detector!.uncompressed.scores).toMatchObject({ maskAp: null, boxAp50: 0 });
    expect(report.categories![0]!.scores).not.toHaveProperty('jpeg+nano');
    expect(markdown).toContain('where it is named by nano');
  });

  test('the view layer is a codec for pictures beside the others, read by the model and by the detector', async () => {
    const models = scratchFolder();
    cpSync(TINY_MODEL, join(models, 'tiny'), { recursive: true });
    await writeTinyView(join(models, 'view'));
    const detector = writeDetector(join(scratchFolder(), 'nano.onnx'), []);
    const { report, svg } = await benchmark({
      ...options({ task: 'detect', dataset: await instances(), detector, model: models, anchor: 'jpeg' }),
      ...{ codecs: ['dicm', 'dicm-view', 'jpeg'], maxSide: 64, timedImages: 0 },
      settings: { dicm: [50], 'dicm-view': [50, 90], jpeg: [80] },
    });
    expect(report.series.map(({ id }) => id)).toEqual([
      ...['dicm', 'dicm-view', 'jpeg', 'dicm-view+nano', 'jpeg+nano'],
    ]);
    const codec = await openCodec({ model: models, backend: 'wasm' });
    const folder = await labelledFolder(['pictures'], 2);
    let bytes = 0;
    for (const i of [0, 1]) {
      const image = join(folder, 'pictures', `${i}.png`);
      const fitted = await wrapPixels(await loadPicture(image, { maxSide: 64 }));
      const file = await codec.encode(fitted, { layers: ['view'], quality: 90 });
      bytes += file.bytes.length / 2;
    }
    await codec.dispose();
    const [, view] = report.series;
    expect(view!.points[1]!.bytes).toBeCloseTo(bytes, 1);
    expect(svg.match(/class="mark s-dicm-view"/g)).toHaveLength(2 * (2 + 1));
  });

  test('detection takes its boxes from what segmentation kept, and counts only the categories asked for', async () => {
    const settings = { dicm: [50], jpeg: [80] };
    const shared = options({ task: 'segment', dataset: await instances(), settings, timedImages: 0 });
    const { report: masks } = await benchmark(shared);
    const steps: BenchStep[] = [];
    const { report: boxes } = await benchmark({
      ...{ ...shared, task: 'detect', categories: ['category 3'] },
      onProgress: (step) => steps.push(step),
    });
    expect(steps.at(-1)).toMatchObject({ done: 6, cached: 6 });
    expect(boxes.categories!.map(({ name }) => name)).toEqual(['category 3']);
    for (const [i, { points }] of boxes.series.entries()) {
      // Category 4 has no object here, so the means are over one category in both.
      expect(points[0]!.scores.ap50).toBe(masks.series[i]!.points[0]!.scores.boxAp50);
    }
    await expect(benchmark({ ...shared, categories: ['category 5'] })).rejects.toMatchObject({
      code: 'unknown-category',
    });
  });
});
