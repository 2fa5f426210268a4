// Time and bytes of a region of a large picture beside the whole of it: node scripts/bench/regions.js
// Needs a build and the released model. Prints the median of several runs in one process after warm-up.
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { indexTiles } from '#dicm/container/index.js';
import { openCodec } from '#dicm/index.js';
import { table } from '../support/table.js';

const RUNS = 5;
const [WIDTH, HEIGHT] = [3072, 2048];
const PHOTOGRAPH = fileURLToPath(new URL('../../fixtures/images/coffee.png', import.meta.url));

const picture = await sharp(PHOTOGRAPH).resize(WIDTH, HEIGHT, { fit: 'fill' }).png().toBuffer();
const codec = await openCodec();
const { bytes } = await codec.encode(new Uint8Array(picture), { maxSide: 'none', quality: 50 });
const { tiles } = await indexTiles({
  size: bytes.length,
  read: async (offset, length) => bytes.subarray(offset, offset + length),
});

/** @type {[string, { x: number, y: number, width: number, height: number }, number[]][]} */
const REGIONS = [
  ['inside one tile', { x: 1100, y: 600, width: 300, height: 300 }, [8]],
  ['on four tiles', { x: 900, y: 900, width: 300, height: 300 }, [7, 8, 13, 14]],
  ['all of it', { x: 0, y: 0, width: WIDTH, height: HEIGHT }, [...tiles.keys()]],
];

/** @param {() => Promise<unknown>} work */
async function median(work) {
  await work();
  const times = [];
  for (let i = 0; i < RUNS; i++) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return /** @type {number} */ (times.sort((a, b) => a - b)[RUNS >> 1]).toFixed(0);
}

const rows = [];
for (const [name, region, touched] of REGIONS) {
  const size = touched.reduce((sum, index) => sum + (tiles[index]?.bytes ?? 0), 0);
  rows.push([
    name,
    `${touched.length} of ${tiles.length}`,
    String(size),
    await median(() => codec.decodeFeatures(bytes, { region })),
    await median(() => codec.analyze(bytes, { tasks: ['classify'], region })),
    await median(() => codec.analyze(bytes, { tasks: ['segment'], region })),
  ]);
}
await codec.dispose();
console.log(`${WIDTH} x ${HEIGHT} pixels, ${bytes.length} bytes\n`);
console.log(table(['region', 'tiles', 'bytes of them', 'features, ms', 'classify, ms', 'segment, ms'], rows));
