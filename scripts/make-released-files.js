// Writes fixtures/released/: files of the released models that must open for ever, and what they hold; and what plain
// pictures cost with the one for machines.
// node scripts/make-released-files.js; needs a build. Run it for each released model: files that are there already are
// never rewritten. A new decode id gets files of its own, a new render id the hashes of what it dequantises them to and its answers.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { psnr } from '#dicm/evaluation/psnr.js';
import { openCodec } from '#dicm/index.js';
import { drawPlainPictures, PLAIN_QUALITIES } from './support/plain-pictures.js';

/** @import { EncodeOptions } from '../src/index.js' */

/** @type {{ photograph: string, options: EncodeOptions }[]} */
const CASES = [
  { photograph: 'chelsea.png', options: { quality: 40 } },
  { photograph: 'coffee.png', options: { quality: 70, maxSide: 224 } },
  { photograph: 'rocket.jpg', options: { quality: 5, maxSide: 65 } },
  { photograph: 'astronaut.png', options: { quality: 25 } },
  { photograph: 'rocket.jpg', options: { quality: 30, maxSide: 'none' } },
];
/** Of the view layer: their pictures are compared with the photographs. @type {typeof CASES} */
const VIEW_CASES = [
  { photograph: 'chelsea.png', options: { layers: ['view'], quality: 50 } },
  { photograph: 'coffee.png', options: { layers: ['view'], quality: 20 } },
];
/** @param {Float32Array | Int32Array} array */
const hash = (array) =>
  createHash('sha256')
    .update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    .digest('hex');
const root = new URL('../fixtures/', import.meta.url);
/** @param {string} name */
const path = (name) => fileURLToPath(new URL(name, root));

await mkdir(path('released'), { recursive: true });
/** @type {Record<string, any>[]} */
const index = existsSync(path('released/files.json'))
  ? JSON.parse(await readFile(path('released/files.json'), 'utf8'))
  : [];
const codec = await openCodec();
try {
  for (const { photograph, options } of CASES) {
    const { bytes, model } = await codec.encode(path(`images/${photograph}`), options);
    const side = options.maxSide === undefined ? '' : `-${options.maxSide}`;
    const file = `${photograph.replace(/\..*/, '')}-q${options.quality}${side}-${model.decodeId}.dicm`;
    if (index.some((one) => one.file === file)) continue;
    await writeFile(path(`released/${file}`), bytes, { flag: 'wx' });
    const { y, z } = await codec.decodeLatents(bytes);
    index.push({
      ...{ file, photograph, options, decodeId: model.decodeId, bytes: bytes.length },
      hyperLatentSha256: hash(z.data),
      latentShape: [y.height, y.width, y.channels],
      latentSha256: {},
      top1: {},
    });
  }
  // Files of every decode id that the model reads.
  const { decodeId, renderId } = await codec.openModel();
  for (const entry of index) {
    if (entry.latentSha256[renderId] !== undefined) continue;
    const released = await readFile(path(`released/${entry.file}`));
    const { y } = await codec.decodeLatents(released);
    const { predictions } = await codec.classify(released, { top: 1 });
    entry.latentSha256[renderId] = hash(y.data);
    entry.top1[renderId] = predictions[0]?.label;
  }
  /** @type {Record<string, Record<string, number[]>>} */
  const sizes = existsSync(path('released/plain-pictures.json'))
    ? JSON.parse(await readFile(path('released/plain-pictures.json'), 'utf8'))
    : {};
  await keepViews();
  sizes[`${decodeId}-${renderId}`] = await measurePlainPictures();
  await writeFile(path('released/plain-pictures.json'), `${JSON.stringify(sizes, null, 2)}\n`);
} finally {
  await codec.dispose();
}

/** Files of the view layer, and how near each render id brings them to their photographs, in decibels. */
async function keepViews() {
  await mkdir(path('released/view'), { recursive: true });
  const list = path('released/view/files.json');
  /** @type {Record<string, any>[]} */
  const views = existsSync(list) ? JSON.parse(await readFile(list, 'utf8')) : [];
  const { decodeId } = await codec.openModel({ layer: 'view' });
  for (const { photograph, options } of VIEW_CASES) {
    const file = `${photograph.replace(/\..*/, '')}-q${options.quality}-${decodeId}.dicm`;
    if (views.some((one) => one.file === file)) continue;
    const { bytes } = await codec.encode(path(`images/${photograph}`), options);
    await writeFile(path(`released/view/${file}`), bytes, { flag: 'wx' });
    const { y, z } = await codec.decodeLatents(bytes);
    views.push({
      ...{ file, photograph, options, decodeId, bytes: bytes.length },
      hyperLatentSha256: hash(z.data),
      latentShape: [y.height, y.width, y.channels],
      latentSha256: {},
      psnr: {},
    });
  }
  for (const view of views) {
    const bytes = await readFile(path(`released/view/${view.file}`));
    const { data, model } = await codec.decodePicture(bytes);
    const { renderId } = model;
    if (view.latentSha256[renderId] !== undefined) continue;
    const photograph = sharp(path(`images/${view.photograph}`)).removeAlpha();
    view.latentSha256[renderId] = hash((await codec.decodeLatents(bytes)).y.data);
    view.psnr[renderId] = Number(psnr(await photograph.raw().toBuffer(), data).toFixed(2));
    console.log(`${view.file.padEnd(40)}${view.psnr[renderId]} dB`);
  }
  await writeFile(list, `${JSON.stringify(views, null, 2)}\n`);
}

/** Bytes of each picture at each quality, which are printed too. */
async function measurePlainPictures() {
  /** @type {Record<string, number[]>} */
  const sizes = {};
  for (const { name, png } of await drawPlainPictures()) {
    const bytes = [];
    for (const quality of PLAIN_QUALITIES) bytes.push((await codec.encode(png, { quality })).bytes.length);
    sizes[name] = bytes;
    console.log(`${name.padEnd(28)}${bytes.map((count) => String(count).padStart(7)).join('')}`);
  }
  return sizes;
}

await writeFile(path('released/files.json'), `${JSON.stringify(index, null, 2)}\n`);
console.log(`fixtures/released: ${index.length} files`);
