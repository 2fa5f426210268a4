// Accuracy against rate on the 250 images of classification/val.csv, coded and analysed by the command line, real
// file bytes: node scripts/bench/accuracy.js [--qualities 5,15,...] [--limit N] [--json FILE] [--classic]
// Needs a build and the evaluation data; without the data it says so and ends well. `--classic` adds JPEG, WebP and AVIF,
// decoded and given to the model's ResNet-50. `--set one-each --max-side N` codes training photographs of all classes
// (short side 256) instead, which is how the default of --max-side was chosen.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { runCli } from '../support/cli.js';
import { unpackEvaluationData } from '../support/evaluation-data.js';
import { openPixelNetwork } from '../support/pixel-network.js';
import { table } from '../support/table.js';

const { values } = parseArgs({
  options: {
    qualities: { type: 'string', default: '1,10,20,30,40,50,60,75,90,100' },
    limit: { type: 'string', default: '0' },
    set: { type: 'string', default: 'val' },
    'max-side': { type: 'string' },
    json: { type: 'string' },
    classic: { type: 'boolean', default: false },
  },
});

/** Settings of the classic codecs that land between about 0.1 and 0.6 bpp on these images. */
const CLASSIC = {
  jpeg: [5, 14, 30],
  webp: [1, 10, 30],
  avif: [5, 15, 28],
};

function summary(codec, setting, results) {
  const mean = (pick) => results.reduce((sum, r) => sum + pick(r), 0) / results.length;
  return {
    codec,
    setting,
    images: results.length,
    bytes: Math.round(mean((r) => r.bytes) * 10) / 10,
    bpp: Math.round(mean((r) => r.bpp) * 1e4) / 1e4,
    top1: Math.round(mean((r) => (r.answers[0] === r.truth ? 100 : 0)) * 10) / 10,
    top5: Math.round(mean((r) => (r.answers.slice(0, 5).includes(r.truth) ? 100 : 0)) * 10) / 10,
  };
}

async function codeWithDicm(rows, quality, folder) {
  const out = join(folder, `q${quality}`);
  const side = values['max-side'] === undefined ? [] : ['--max-side', values['max-side']];
  const paths = rows.map((r) => r.path);
  const encoded = await runCli(['encode', ...paths, '-q', String(quality), ...side, '-o', out, '--json']);
  const names = (await readdir(out)).map((name) => join(out, name));
  const sizes = new Map(encoded.map((line) => [basename(line.output), line]));
  const truths = new Map(rows.map((r) => [basename(r.path).replace(/\.[^.]*$/, ''), r.wnid]));
  const classified = await runCli(['analyze', 'classify', ...names, '--top', '5', '--json']);
  const results = [];
  for (const { file, predictions } of classified) {
    const { bpp } = sizes.get(basename(file));
    const { size } = await stat(file); // what is on disk, not what was reported
    const truth = truths.get(basename(file).replace(/\.dicm$/, ''));
    results.push({ bytes: size, bpp, truth, answers: predictions.map((p) => p.wnid) });
  }
  if (results.length !== rows.length) throw new Error(`${rows.length - results.length} images failed`);
  return summary('dicm', quality, results);
}

async function codeWithClassic(rows, network, format, quality) {
  const results = [];
  for (const { path, wnid } of rows) {
    const source = sharp(path);
    const { width, height } = await source.metadata();
    const lossy = format === 'jpeg' ? { quality, mozjpeg: true } : { quality };
    const bytes = format === 'png' ? await readFile(path) : await source[format](lossy).toBuffer();
    const { pixels } = await network.load(bytes, 'none');
    const answers = await network.classify(pixels, 5);
    const bpp = (8 * bytes.length) / (width * height);
    results.push({ bytes: bytes.length, bpp, truth: wnid, answers: answers.map((a) => a.wnid) });
  }
  return summary(format === 'png' ? 'original files' : format, format === 'png' ? '-' : quality, results);
}

const data = await unpackEvaluationData('classification');
if (data === undefined) process.exit(0);
const listName = values.set === 'val' ? 'val.csv' : 'train.csv';
const lines = (await readFile(join(data, listName), 'utf8')).trim().split('\n').slice(1);
const listed = lines.filter((line) => values.set === 'val' || line.startsWith('imagenet1k-one-each/'));
const limit = Number(values.limit) || listed.length;
const rows = listed.slice(0, limit).map((line) => {
  const [path, wnid] = line.trim().split(',');
  return { path: join(data, path), wnid };
});
const folder = await mkdtemp(join(tmpdir(), 'dicm-accuracy-'));
const summaries = [];
try {
  for (const quality of values.qualities.split(',').map(Number)) {
    summaries.push(await codeWithDicm(rows, quality, folder));
  }
  if (values.classic) {
    const network = await openPixelNetwork();
    summaries.push(await codeWithClassic(rows, network, 'png', 0));
    for (const [format, qualities] of Object.entries(CLASSIC)) {
      for (const quality of qualities) summaries.push(await codeWithClassic(rows, network, format, quality));
    }
    await network.dispose();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
console.log(`classification/${listName}, ${rows.length} images, judged over 1000 classes, real file bytes`);
console.log(
  table(
    ['codec', 'setting', 'bytes', 'bpp', 'top-1 %', 'top-5 %'],
    summaries.map((s) => [s.codec, String(s.setting), s.bytes, s.bpp, s.top1, s.top5]),
  ),
);
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(summaries, null, 2)}\n`);
