// Time of whole commands' work against ResNet-50 on pixels in the same executor, in one process after warm-up, and
// start-up of `dicm inspect`: node scripts/bench/speed.js [--files N] [--side PIXELS] [--backend NAME]
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { openCodec } from '../../dist/src/index.js';
import { openPixelNetwork } from '../support/pixel-network.js';
import { table } from '../support/table.js';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '100' },
    side: { type: 'string', default: '224' },
    backend: { type: 'string', default: 'auto' },
    rounds: { type: 'string', default: '3' },
  },
});
const count = Number(values.files);
const side = Number(values.side);
const PHOTOGRAPHS = ['chelsea.png', 'coffee.png', 'astronaut.png', 'rocket.jpg'];
const PROGRAM = fileURLToPath(new URL('../../bin/dicm.js', import.meta.url));

/** `count` different square crops of the free photographs, as lossless files. */
async function crops(folder) {
  const paths = [];
  for (let i = 0; i < count; i++) {
    const image = sharp(
      fileURLToPath(new URL(`../../fixtures/images/${PHOTOGRAPHS[i % 4]}`, import.meta.url)),
    );
    const { width, height } = await image.metadata();
    const extent = Math.min(width, height, side + (i % 7) * 8);
    const left = Math.floor(((width - extent) * (i % 11)) / 10);
    const top = Math.floor(((height - extent) * (i % 5)) / 4);
    const path = join(folder, `crop-${i}.png`);
    await image.extract({ left, top, width: extent, height: extent }).resize(side, side).png().toFile(path);
    paths.push(path);
  }
  return paths;
}

async function timed(work) {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

const folder = await mkdtemp(join(tmpdir(), 'dicm-speed-'));
const codec = await openCodec({ backend: values.backend });
const network = await openPixelNetwork(values.backend);
try {
  const paths = await crops(folder);
  const loaded = [];
  for (const path of paths) loaded.push((await network.load(path, side)).pixels);
  const encoded = [];
  const times = { pixels: [], analyse: [], encode: [] };
  for (const path of paths) encoded.push((await codec.encode(path, { quality: 40 })).bytes); // warm-up too
  await network.classify(loaded[0]);
  await codec.classify(encoded[0]);
  for (let round = 0; round < Number(values.rounds); round++) {
    // Interleaved, so that other load on the machine meets all alike.
    times.pixels.push(
      await timed(async () => {
        for (const pixels of loaded) await network.classify(pixels);
      }),
    );
    times.analyse.push(await timed(() => Promise.all(encoded.map((bytes) => codec.classify(bytes)))));
    times.encode.push(
      await timed(() => Promise.all(paths.map((path) => codec.encode(path, { quality: 40 })))),
    );
  }
  const best = (list) => Math.min(...list) / count;
  const base = best(times.pixels);
  const row = (name, list) => [name, Number(best(list).toFixed(1)), Number((best(list) / base).toFixed(2))];
  console.log(
    `${count} images of ${side}x${side}, executor ${network.backend}, best of ${values.rounds} rounds`,
  );
  console.log(
    table(
      ['work', 'ms per image', 'ratio'],
      [
        row('ResNet-50 on decoded pixels', times.pixels),
        row('classify a .dicm file', times.analyse),
        row('encode a PNG file', times.encode),
      ],
    ),
  );
  const file = join(folder, 'one.dicm');
  await writeFile(file, encoded[0]);
  const starts = [];
  for (let i = 0; i < 9; i++)
    starts.push(await timed(async () => execFileSync(process.execPath, [PROGRAM, 'inspect', file])));
  const bare = [];
  for (let i = 0; i < 9; i++) bare.push(await timed(async () => execFileSync(process.execPath, ['-e', '0'])));
  console.log(
    `dicm inspect: ${Math.min(...starts).toFixed(0)} ms from start to exit (node alone: ${Math.min(...bare).toFixed(0)} ms)`,
  );
} finally {
  await network.dispose();
  await codec.dispose();
  await rm(folder, { recursive: true, force: true });
}
