import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { msSsim } from '../../src/evaluation/ms-ssim.js';
import { psnr } from '../../src/evaluation/psnr.js';
import { type BenchStep, benchmarkView, openCodec, type ViewBenchOptions } from '../../src/index.js';
import { encodeClassic, wrapPixels } from '../../src/platform/node/pictures/classic-codecs.js';
import { loadPicture } from '../../src/platform/node/pictures/load-picture.js';
import { dicm, jsonLines } from '../cli/run-cli.js';
import { TINY_MODEL } from '../session/helpers.js';
import { writeTinyView } from '../session/view-model.js';
import { drawnPicture } from './drawn-picture.js';
import { fakePrograms } from './fake-programs.js';
import { scratchFolder } from './labelled-folder.js';
import { writeLpips } from './lpips-folder.js';

const models = scratchFolder();
cpSync(TINY_MODEL, join(models, 'tiny'), { recursive: true });
await writeTinyView(join(models, 'view'));
const lpips = writeLpips(scratchFolder());
const nothing = fakePrograms({});
const butteraugli = fakePrograms({
  butteraugli_main: '[ -s "$1" ] && [ "$3 $4" = "--pnorm 3" ] && echo 4.25 && echo "3-norm: 1.5"',
});

/** The smallest sides that every measure takes, and some more. */
const folder = scratchFolder();
const pictures: string[] = [];
for (const seed of [0, 1, 2]) {
  const path = join(folder, `${seed}.png`);
  writeFileSync(path, await wrapPixels(drawnPicture(176 + seed, 161, seed)));
  pictures.push(path);
}
const tooSmall = join(folder, 'small.png');
writeFileSync(tooSmall, await wrapPixels(drawnPicture(300, 160)));

function options(extra: Partial<ViewBenchOptions> = {}): ViewBenchOptions {
  return {
    ...{ pictures, cache: scratchFolder(), model: models, backend: 'wasm', lpips },
    ...{ codecs: ['dicm-view', 'jpeg', 'bpg'], settings: { 'dicm-view': [5, 40, 95], jpeg: [5, 30, 80] } },
    ...{ timedImages: 1, jobs: 2, searchPath: [butteraugli, '/usr/bin', '/bin'].join(delimiter) },
    ...extra,
  };
}

const first = options({ stripBpp: 1.2 });
const { report, csv, markdown, plots, strips } = await benchmarkView(first);

describe('a run', () => {
  test('measures the pictures that the files decode to, at every size', async () => {
    const jpeg = report.series.find(({ id }) => id === 'jpeg')!;
    let [bytes, bpp, noise, similarity] = [0, 0, 0, 0];
    for (const path of pictures) {
      const original = await loadPicture(path, { maxSide: 'none' });
      const file = await encodeClassic(original, 'jpeg', 30);
      const rebuilt = await loadPicture(file, { maxSide: 'none' });
      bytes += file.length / 3;
      bpp += (8 * file.length) / (original.width * original.height) / 3;
      noise += psnr(original.data, rebuilt.data) / 3;
      similarity += msSsim(original, rebuilt) / 3;
    }
    const point = jpeg.points[1]!;
    expect(point.bytes).toBeCloseTo(bytes, 1);
    expect(point.bpp).toBeCloseTo(bpp, 5);
    expect(point.scores.psnr).toBeCloseTo(noise, 5);
    expect(point.scores.msSsim).toBeCloseTo(similarity, 5);
    expect(point.scores.butteraugli).toBe(1.5);
    expect(point.scores.lpips).toBeGreaterThan(0);
  });

  test('measures the view layer at the size of the source', async () => {
    const codec = await openCodec({ model: models, backend: 'wasm' });
    let noise = 0;
    for (const path of pictures) {
      const original = await loadPicture(path, { maxSide: 'none' });
      const { bytes } = await codec.encode(path, { layers: ['view'], maxSide: 'none', quality: 95 });
      noise += psnr(original.data, (await codec.decodePicture(bytes)).data) / 3;
    }
    await codec.dispose();
    const view = report.series.find(({ id }) => id === 'dicm-view')!;
    expect(view.points[2]!.scores.psnr).toBeCloseTo(noise, 5);
  });

  test('gives intervals, and times of encoding and decoding', () => {
    expect(report.series.map(({ id }) => id)).toEqual(['dicm-view', 'jpeg']);
    for (const { encodeMs, decodeMs, scores, intervals } of report.series.flatMap(({ points }) => points)) {
      expect(encodeMs).toBeGreaterThan(0);
      expect(decodeMs).toBeGreaterThan(0);
      expect(intervals.psnr!.low).toBeLessThanOrEqual(scores.psnr!);
      expect(intervals.psnr!.high).toBeGreaterThanOrEqual(scores.psnr!);
    }
  });

  test('compares the view layer with every other codec by every measure, and names what is missing', () => {
    expect(report.comparisons.map(({ series, anchor, metric }) => [series, anchor, metric])).toEqual(
      ['lpips', 'msSsim', 'psnr', 'butteraugli'].map((metric) => ['dicm-view', 'jpeg', metric]),
    );
    expect(report.missing).toEqual([{ id: 'bpg', name: 'BPG', reason: 'no bpgenc, no bpgdec on the PATH' }]);
    expect(report.missingMeasures).toEqual([]);
    expect(report.dataset).toEqual({ name: 'pictures', images: 3, available: 3, leftOut: [] });
  });

  test('is written as CSV, tables and a plot for each measure', async () => {
    const lines = csv.trimEnd().split('\n');
    expect(lines[0]).toBe(
      'series,setting,images,bytes,bpp,lpips,lpips_low,lpips_high,ms_ssim,ms_ssim_low,ms_ssim_high,psnr,psnr_low,' +
        'psnr_high,butteraugli,butteraugli_low,butteraugli_high,encode_ms,decode_ms,peak_memory_bytes',
    );
    expect(lines).toHaveLength(1 + 6);
    expect(new Set(lines.map((line) => line.split(',').length))).toEqual(new Set([20]));
    expect(markdown).toContain('| BD-rate % of dicm, view layer (tiny-view) beside |');
    expect(markdown).toContain('- BPG: no bpgenc');
    expect(plots.map(({ name }) => name)).toEqual([
      ...['plot-lpips.svg', 'plot-ms-ssim.svg', 'plot-psnr.svg', 'plot-butteraugli.svg'],
    ]);
    for (const { svg } of plots) {
      const picture = await loadPicture(new TextEncoder().encode(svg), { maxSide: 'none' });
      expect([picture.width, picture.height]).toEqual([960, 560]);
      expect(svg.match(/class="mark s-dicm-view"/g)).toHaveLength(3 + 1);
    }
    expect(plots[0]!.svg).toContain('lower is better');
  });

  test('draws the middle of each picture from every codec, at the same bytes', async () => {
    expect(strips.map(({ name }) => name)).toEqual(['0.png', '1.png', '2.png']);
    const [strip] = report.strips;
    expect(strip).toMatchObject({ image: pictures[0], file: '0.png' });
    expect(strip!.worstError).toBeLessThan(0.03);
    for (const { bytes } of strip!.codecs) {
      expect(Math.abs(bytes / strip!.targetBytes - 1)).toBeLessThanOrEqual(strip!.worstError + 1e-4);
    }
    const drawn = await loadPicture(strips[0]!.png, { maxSide: 'none' });
    const original = drawnPicture(176, 161, 0);
    // The first crop is the original, in the middle of the first place.
    const [left, top] = [12 + ((224 - 176) >> 1), 12 + ((224 - 161) >> 1)];
    for (const y of [0, 80, 160]) {
      const from = 3 * ((top + y) * drawn.width + left);
      expect([...drawn.data.subarray(from, from + 3 * 176)]).toEqual([
        ...original.data.subarray(3 * 176 * y, 3 * 176 * (y + 1)),
      ]);
    }
    expect(drawn.width).toBe(12 + 3 * (224 + 12));
  });

  test('does nothing twice once all is known', async () => {
    const steps: BenchStep[] = [];
    const onProgress = (step: BenchStep) => void steps.push(step);
    const again = await benchmarkView({ ...first, stripBpp: 'none', timedImages: 0, onProgress });
    expect(steps.at(-1)).toMatchObject({ phase: 'answers', done: 3 * 7, total: 3 * 7, cached: 3 * 7 });
    expect(again.strips).toEqual([]);
    const scores = (one: typeof report) =>
      one.series.map(({ points }) => points.map((point) => point.scores));
    expect(scores(again.report)).toEqual(scores(report));
    expect(again.report.comparisons).toEqual(report.comparisons);
  });
});

describe('what cannot be measured', () => {
  test('is named: LPIPS without its weights, Butteraugli without its program', async () => {
    const notes: string[] = [];
    const bare = await benchmarkView(
      options({
        codecs: ['jpeg'],
        lpips: undefined,
        searchPath: nothing,
        onNote: (note) => notes.push(note),
      }),
    );
    expect(bare.report.missingMeasures).toEqual([
      { metric: 'lpips', reason: expect.stringContaining('--lpips') },
      { metric: 'butteraugli', reason: expect.stringContaining('libjxl-devtools') },
    ]);
    expect(bare.report.series[0]!.points[0]!.scores).toMatchObject({ lpips: null, butteraugli: null });
    expect(bare.markdown).toMatch(/LPIPS \(not measured\).*Butteraugli \(not measured\)/);
    expect(bare.plots.map(({ metric }) => metric)).toEqual(['msSsim', 'psnr']);
    expect(notes).toContainEqual(expect.stringMatching(/^lpips is not measured/));
    expect(bare.report.comparisons).toEqual([]);
  });

  test('pictures that are too small, unreadable or named twice are left out', async () => {
    const given = [pictures[0]!, tooSmall, pictures[0]!, join(folder, 'gone.png')];
    const run = await benchmarkView(options({ pictures: given, codecs: ['jpeg'], stripBpp: 'none' }));
    expect(run.report.dataset).toMatchObject({ images: 1, available: 3 });
    expect(run.report.dataset.leftOut.map(({ image, code }) => [image, code])).toEqual([
      [pictures[0], 'duplicate'],
      [tooSmall, 'picture-too-small'],
      [join(folder, 'gone.png'), 'file-unreadable'],
    ]);
  });

  test('a program that says no 3-norm has failed', async () => {
    const old = fakePrograms({ butteraugli_main: 'echo 4.25' });
    const run = benchmarkView(
      options({ codecs: ['jpeg'], searchPath: [old, '/usr/bin', '/bin'].join(delimiter) }),
    );
    const { report } = await run;
    expect(report.series).toEqual([]);
    expect(report.failures[0]).toMatchObject({
      code: 'program-failed',
      message: expect.stringContaining('4.25'),
    });
  });
});

describe('what makes no sense is refused before any work', () => {
  const wrong = scratchFolder();
  cpSync(lpips, wrong, { recursive: true });
  cpSync(join(lpips, 'squeezenet1_1.safetensors'), join(wrong, 'lpips_squeeze_v0.1_linear.safetensors'));
  const broken = scratchFolder();
  writeFileSync(join(broken, 'squeezenet1_1.safetensors'), 'no tensors');

  test.each([
    ['the machine layer, which has no picture', { codecs: ['dicm'] }, 'unknown-codec'],
    ['settings that are no numbers', { settings: { jpeg: [Number.NaN] } }, 'bad-setting'],
    ['no bits for strips', { stripBpp: 0 }, 'bad-target'],
    ['no pictures', { pictures: [] }, 'empty-dataset'],
    ['pictures of which none is left', { pictures: [tooSmall] }, 'empty-dataset'],
    ['a folder without weights', { lpips: scratchFolder() }, 'bad-lpips'],
    ['weights that are none', { lpips: broken }, 'bad-lpips'],
    ['heads of another network', { lpips: wrong }, 'bad-lpips'],
    ['an option that there is not', { metric: 'psnr' } as object, 'unknown-option'],
  ])('%s', async (_, extra, code) => {
    await expect(benchmarkView(options({ codecs: ['jpeg'], ...extra }))).rejects.toMatchObject({ code });
  });
});

describe('dicm bench view', () => {
  const env = { PATH: nothing };
  const small = ['--codecs', 'dicm-view,jpeg', '--settings', 'jpeg=20,60', '--settings', 'dicm-view=20,60'];
  const model = ['--model', models, '--backend', 'wasm', '--timed-images', '0', '--lpips', lpips];

  test('writes tables, JSON, CSV, plots and strips, and prints the tables', async () => {
    const output = join(scratchFolder(), 'results');
    const set = scratchFolder();
    mkdirSync(join(set, 'deep'));
    cpSync(pictures[0]!, join(set, 'deep', 'one.png'));
    cpSync(pictures[1]!, join(set, 'two.png'));
    const args = ['bench', 'view', '-r', set, ...small, ...model, '--strip-bpp', '1.2', '--name', 'My set'];
    const run = await dicm([...args, '-o', output], { env });
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stdout).toBe(readFileSync(join(output, 'results.md'), 'utf8'));
    expect(run.stdout).toContain('view: My set, 2 images, not fitted');
    const written = JSON.parse(readFileSync(join(output, 'results.json'), 'utf8'));
    expect(written).toMatchObject({ schema: 'dicm.bench-view/1', dataset: { images: 2 } });
    expect(readFileSync(join(output, 'results.csv'), 'utf8').split('\n')).toHaveLength(1 + 4 + 1);
    expect(readFileSync(join(output, 'plot-lpips.svg'), 'utf8')).toContain('My set, 2 images');
    for (const name of ['one.png', 'two.png']) {
      expect((await loadPicture(join(output, 'strips', name), { maxSide: 'none' })).width).toBe(12 + 3 * 236);
    }
    const again = await dicm([...args, '-o', output, '--json'], { env });
    expect(again.exitCode).toBe(5);
    expect(jsonLines(again)).toEqual([expect.objectContaining({ code: 'output-exists' })]);
  });

  test('ends with 1 when a picture is left out, and takes none from stdin', async () => {
    const args = [...small, ...model, '--strip-bpp', 'none', '-o', join(scratchFolder(), 'results')];
    const run = await dicm(['bench', 'view', pictures[0]!, tooSmall, ...args], { env });
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('small.png left out: the picture has 300 x 160 pixels');
    const piped = await dicm(['bench', 'view', '-', ...args, '--json'], { env, stdin: Uint8Array.of(1) });
    expect(piped.exitCode).toBe(2);
    expect(jsonLines(piped)).toEqual([expect.objectContaining({ code: 'stdin-not-taken' })]);
  });
});
