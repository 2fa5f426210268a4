// Time of whole commands' work against ResNet-50 on pixels in the same executor, in one process after warm-up, and
// start-up of `dicm inspect`: node scripts/bench/speed.js [--files N] [--side PIXELS] [--backend NAME]
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { openCodec } from '#dicm/index.js';
import { openPixelNetwork } from '../support/pixel-network.js';
import { table } from '../support/table.js';

/** @import { FeatureMap } from '../../src/nn/backend.js' */
/** @import { BackendChoice, Task } from '../../src/index.js' */

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
const backend = /** @type {BackendChoice} */ (values.backend);
const PHOTOGRAPHS = ['chelsea.png', 'coffee.png', 'astronaut.png', 'rocket.jpg'];
const FILE = fileURLToPath(new URL('../../fixtures/released/chelsea-q40-1c1e0cca.dicm', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../../bin/dicm.js', import.meta.url));

/**
 * `count` different square crops of the free photographs, as lossless files.
 *
 * @param {string} folder
 */
async function crops(folder) {
  /** @type {string[]} */
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

/** @param {() => Promise<unknown>} work */
async function timed(work) {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/**
 * Least time from start to exit of a program, in ms.
 *
 * @param {...string} parameters
 */
async function startUp(...parameters) {
  const starts = [];
  for (let i = 0; i < 9; i++)
    starts.push(await timed(async () => execFileSync(process.execPath, parameters, { stdio: 'ignore' })));
  return Math.min(...starts).toFixed(0);
}

// Before anything is loaded: a large process takes longer to start another one.
console.log(
  `dicm inspect: ${await startUp(PROGRAM, 'inspect', FILE)} ms from start to exit (node alone: ${await startUp('-e', '0')} ms)\n`,
);
const folder = await mkdtemp(join(tmpdir(), 'dicm-speed-'));
const codec = await openCodec({ backend });
/** Tail and heads in integers of 8 bits, where the executor has them. */
const int8 =
  (await codec.openBackend()).name === 'onnx'
    ? await openCodec({ backend: 'onnx', precision: 'int8' })
    : undefined;
const network = await openPixelNetwork(backend);
try {
  const paths = await crops(folder);
  /** @type {FeatureMap[]} */
  const loaded = [];
  for (const path of paths) loaded.push((await network.load(path, side)).pixels);
  /** @type {Uint8Array[]} */
  const encoded = [];
  for (const path of paths) encoded.push((await codec.encode(path, { quality: 40 })).bytes);
  /** @type {<T>(list: T[], work: (item: T) => Promise<unknown>) => () => Promise<unknown>} */
  const ofEach = (list, work) => () => Promise.all(list.map(work));
  /** @type {Task[]} */
  const TASKS = ['classify', 'detect', 'segment'];
  const works = {
    'ResNet-50 on decoded pixels': async () => {
      for (const pixels of loaded) await network.classify(pixels);
    },
    'encode a PNG file': ofEach(paths, (path) => codec.encode(path, { quality: 40 })),
    'classify a .dicm file': ofEach(encoded, (bytes) => codec.classify(bytes)),
    'detect in it': ofEach(encoded, (bytes) => codec.detect(bytes)),
    'segment it': ofEach(encoded, (bytes) => codec.segment(bytes)),
    'all three at once': ofEach(encoded, (bytes) => codec.analyze(bytes, { tasks: TASKS })),
    ...(int8 && {
      'classify a .dicm file, int8': ofEach(encoded, (bytes) => int8.classify(bytes)),
      'segment it, int8': ofEach(encoded, (bytes) => int8.segment(bytes)),
      'all three at once, int8': ofEach(encoded, (bytes) => int8.analyze(bytes, { tasks: TASKS })),
    }),
  };
  // Compiles what is compiled when it is first needed.
  await network.classify(/** @type {FeatureMap} */ (loaded[0]));
  const first = /** @type {Uint8Array} */ (encoded[0]);
  for (const each of int8 === undefined ? [codec] : [codec, int8]) {
    for (const task of TASKS) await each.analyze(first, { tasks: [task] });
    await each.analyze(first, { tasks: TASKS });
  }
  /** @type {Map<string, number[]>} */
  const times = new Map(Object.keys(works).map((name) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    // Interleaved, so that other load on the machine meets all alike.
    for (const [name, work] of Object.entries(works)) times.get(name)?.push(await timed(work));
  }
  const best = [...times].map(([name, list]) => ({ name, ms: Math.min(...list) / count }));
  console.log(
    `${count} images of ${side}x${side}, executor ${network.backend}, best of ${values.rounds} rounds`,
  );
  console.log(
    table(
      ['work', 'ms per image', 'ratio'],
      best.map(({ name, ms }) => [
        name,
        Number(ms.toFixed(1)),
        Number((ms / (best[0]?.ms ?? Number.NaN)).toFixed(2)),
      ]),
    ),
  );
} finally {
  await network.dispose();
  await codec.dispose();
  await int8?.dispose();
  await rm(folder, { recursive: true, force: true });
}
