// Encodes the free photographs at three qualities with the released model, classifies each from its file, and prints
// one table. Beside it: the smallest JPEG and AVIF of the same picture on which the same ResNet-50 still gives the
// answer it gives on the uncompressed picture.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { openCodec } from '#dicm/index.js';
import { openPixelNetwork } from './support/pixel-network.js';
import { table } from './support/table.js';

/** @import { Picture } from '../src/index.js' */
/** @typedef {Awaited<ReturnType<typeof openPixelNetwork>>} PixelNetwork */

const PHOTOGRAPHS = ['chelsea.png', 'coffee.png', 'astronaut.png', 'rocket.jpg'];
const QUALITIES = [10, 40, 70];
const STEPS = [1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 25, 30, 36, 43, 50, 58, 66, 75, 85, 95];

/**
 * Smallest file of a classic codec, scanning up its qualities, that keeps `wanted` as top-1.
 *
 * @param {PixelNetwork} network
 * @param {Picture} picture
 * @param {'jpeg' | 'avif'} format
 * @param {number | undefined} wanted
 */
async function smallestThatKeeps(network, picture, format, wanted) {
  const raw = { width: picture.width, height: picture.height, channels: /** @type {const} */ (3) };
  for (const quality of STEPS) {
    const options = format === 'jpeg' ? { quality, mozjpeg: true } : { quality };
    const bytes = await sharp(picture.data, { raw })[format](options).toBuffer();
    const { pixels } = await network.load(bytes, 'none');
    const [best] = await network.classify(pixels, 1);
    if (best?.index === wanted) return bytes.length;
  }
  return 'none';
}

const folder = await mkdtemp(join(tmpdir(), 'dicm-demo-'));
const codec = await openCodec();
const network = await openPixelNetwork();
const rows = [];
try {
  for (const name of PHOTOGRAPHS) {
    const path = fileURLToPath(new URL(`../fixtures/images/${name}`, import.meta.url));
    let classic;
    for (const quality of QUALITIES) {
      const encoded = await codec.encode(path, { quality });
      const file = join(folder, `${name}-q${quality}.dicm`);
      await writeFile(file, encoded.bytes);
      const { predictions } = await codec.classify(await readFile(file), { top: 3 });
      if (classic === undefined) {
        const { picture, pixels } = await network.load(path, Math.max(encoded.width, encoded.height));
        const [truth] = await network.classify(pixels, 1);
        const jpeg = await smallestThatKeeps(network, picture, 'jpeg', truth?.index);
        const avif = await smallestThatKeeps(network, picture, 'avif', truth?.index);
        classic = { truth: truth?.label ?? '', jpeg, avif };
      }
      const labels = predictions.map(({ label, score }) => `${label} ${score.toFixed(2)}`).join(', ');
      const { bytes, bpp, width, height } = encoded;
      rows.push([
        `${name} ${width}x${height} q${quality}`,
        bytes.length,
        Number(bpp.toFixed(3)),
        labels,
        classic.truth,
        classic.jpeg,
        classic.avif,
      ]);
    }
  }
} finally {
  await network.dispose();
  await codec.dispose();
  await rm(folder, { recursive: true, force: true });
}
console.log(
  table(
    ['photograph', 'bytes', 'bpp', 'top-3 from the .dicm file', 'ResNet-50 on pixels', 'JPEG', 'AVIF'],
    rows,
  ),
);
console.log(
  '\nJPEG, AVIF: bytes of the smallest file (mozjpeg and libaom through sharp, same pixel size) on which the same ' +
    'ResNet-50\nstill answers what it answers on the uncompressed picture.',
);
