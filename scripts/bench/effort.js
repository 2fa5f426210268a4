// What refinement of symbols gives: node scripts/bench/effort.js PICTURES.txt [options]
// PICTURES.txt names pictures, one a line. Each is encoded at every quality and effort; networks say of the file what they
// say of the picture, more or less. Means over the pictures:
//   agree       the best class is the uncompressed network's
//   divergence  Kullback-Leibler, of the file's class probabilities from the uncompressed network's, in nats
//   objects     of the uncompressed network's objects (score 0.5), those that are found again: same category, IoU 0.5
//   layer 2..4  square error of the layer's features, by their squares
//   encode      time, by that of effort 1 at the same quality
// --readers DIR,DIR adds agreement and divergence of further models that read the same files, each beside its own answer.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openModelShelf } from '#dicm/codec/model-shelf.js';
import { tileGrid } from '#dicm/geometry.js';
import { tilePixels } from '#dicm/image/tile-pixels.js';
import { openCodec } from '#dicm/index.js';
import { targetNetwork } from '#dicm/networks/machine/refinement.js';
import { nodePlatform } from '#dicm/platform/node/node-platform.js';
import { loadPicture } from '#dicm/platform/node/pictures/load-picture.js';
import { table } from '../support/table.js';

const LAYERS = /** @type {const} */ (['layer2', 'layer3', 'layer4']);
const SCORE = 0.5;
const OVERLAP = 0.5;

/** @typedef {Awaited<ReturnType<typeof openCodec>>} Codec */
/** @typedef {{ label: string, box: { x: number, y: number, width: number, height: number } }} Found */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    qualities: { type: 'string', default: '1,20,50' },
    efforts: { type: 'string', default: '1,3,5' },
    readers: { type: 'string' },
    images: { type: 'string', default: '14' },
  },
});
const [list] = positionals;
if (list === undefined) {
  console.error('which pictures? npm run bench -- effort PICTURES.txt');
  process.exit(2);
}
const pictures = readFileSync(list, 'utf8').trim().split('\n').slice(0, Number(values.images));
const numbers = (/** @type {string} */ text) => text.split(',').map(Number);
const codec = await openCodec();
const readers = await Promise.all(
  (values.readers?.split(',') ?? []).map((model) => openCodec({ model: resolve(model) })),
);
const shelf = openModelShelf({ backend: 'auto', platform: nodePlatform });
const target = targetNetwork(false);

/** @type {Map<string, number[][]>} */
const measured = new Map();
let objects = 0;
/** @type {Map<number, number>} Milliseconds of effort 1 by quality, of the picture at hand. */
const plainMs = new Map();
for (const name of pictures) {
  const image = resolve(dirname(list), name);
  const whole = await answer((options) => codec.analyzePixels(image, options), true);
  objects += whole.objects.length;
  const others = [];
  for (const reader of readers) {
    others.push(await answer((options) => reader.analyzePixels(image, options), false));
  }
  const layers = await uncompressedLayers(image);
  for (const quality of numbers(values.qualities)) {
    for (const effort of numbers(values.efforts)) {
      // Networks are compiled at the first picture; its time would be that of compiling.
      if (name === pictures[0]) await codec.encode(image, { quality, effort: Math.min(effort, 2) });
      const began = performance.now();
      const { bytes } = await codec.encode(image, { quality, effort });
      const elapsed = performance.now() - began;
      if (effort === 1) plainMs.set(quality, elapsed);
      const seen = await answer((options) => codec.analyze(bytes, options), true);
      const row = [bytes.length, ...compare(seen, whole), kept(seen.objects, whole.objects)];
      for (const layer of LAYERS) {
        const { data } = await codec.decodeFeatures(bytes, { layer });
        row.push(relativeError(data, layers[layer]));
      }
      row.push(elapsed / (plainMs.get(quality) ?? Number.NaN));
      for (const [i, reader] of readers.entries()) {
        const read = await answer((options) => reader.analyze(bytes, options), false);
        row.push(...compare(read, /** @type {typeof whole} */ (others[i])));
      }
      const key = `${quality} ${effort}`;
      measured.set(key, [...(measured.get(key) ?? []), row]);
    }
  }
}

/**
 * @param {(options: { tasks: ('classify' | 'detect')[], top: number, detect: { minScore: number } }) =>
 *   Promise<{ predictions?: { index: number, score: number }[], detections?: Found[] }>} ask
 * @param {boolean} detects
 */
async function answer(ask, detects) {
  const { predictions = [], detections = [] } = await ask({
    tasks: detects ? ['classify', 'detect'] : ['classify'],
    top: 1000,
    detect: { minScore: SCORE },
  });
  return {
    best: predictions[0]?.index,
    probabilities: new Map(predictions.map(({ index, score }) => [index, score])),
    objects: detections,
  };
}

/** @param {Awaited<ReturnType<typeof answer>>} seen @param {Awaited<ReturnType<typeof answer>>} whole */
function compare(seen, whole) {
  let divergence = 0;
  for (const [index, p] of whole.probabilities) {
    const q = Math.max(seen.probabilities.get(index) ?? 0, 1e-12);
    if (p > 0) divergence += p * Math.log(p / q);
  }
  return [Number(seen.best === whole.best), divergence];
}

/** @param {Found[]} seen @param {Found[]} whole */
function kept(seen, whole) {
  const found = whole.filter((object) =>
    seen.some(({ label, box }) => label === object.label && overlapOf(box, object.box) >= OVERLAP),
  );
  return whole.length === 0 ? Number.NaN : found.length / whole.length;
}

/** @param {Found['box']} a @param {Found['box']} b */
function overlapOf(a, b) {
  const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  const shared = Math.max(across, 0) * Math.max(down, 0);
  return shared / (a.width * a.height + b.width * b.height - shared);
}

/** @param {string} image */
async function uncompressedLayers(image) {
  const picture = await loadPicture(image, { maxSide: 288 });
  const networks = await (await shelf.encodingModel('semantic')).networks();
  const tile = tileGrid(picture.width, picture.height).tile(0);
  const said = await networks.run(target, { rgb: tilePixels(picture, tile) });
  const data = (/** @type {string} */ layer) => /** @type {Float32Array} */ (said[layer]?.data);
  return { layer2: data('layer2'), layer3: data('layer3'), layer4: data('layer4') };
}

/** @param {Float32Array} data @param {Float32Array} whole */
function relativeError(data, whole) {
  let [difference, energy] = [0, 0];
  for (const [i, value] of whole.entries()) {
    difference += (value - /** @type {number} */ (data[i])) ** 2;
    energy += value ** 2;
  }
  return difference / energy;
}

/** @param {number[][]} rows @param {number} column */
function mean(rows, column) {
  const numbers = rows
    .map((row) => /** @type {number} */ (row[column]))
    .filter((value) => !Number.isNaN(value));
  return numbers.reduce((a, b) => a + b, 0) / numbers.length;
}

const head = ['quality', 'effort', 'bytes', 'agree', 'divergence', 'objects', ...LAYERS, 'encode'];
const further = readers.flatMap((_, i) => [`reader ${i + 1}: agree`, 'divergence']);
const lines = [...measured].map(([key, rows]) => {
  const cell = (/** @type {number} */ column, /** @type {number} */ digits) =>
    mean(rows, column).toFixed(digits);
  const figures = [
    cell(0, 0),
    cell(1, 2),
    cell(2, 2),
    cell(3, 2),
    cell(4, 3),
    cell(5, 3),
    cell(6, 3),
    cell(7, 1),
  ];
  return [...key.split(' '), ...figures, ...further.map((_, i) => cell(8 + i, 2))];
});
console.log(`${pictures.length} pictures with ${objects} objects\n`);
console.log(table([...head, ...further], lines));
for (const reader of readers) await reader.dispose();
await shelf.dispose();
await codec.dispose();
