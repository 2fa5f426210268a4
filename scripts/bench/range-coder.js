// Speed and size of the range coder, in TypeScript and in WebAssembly: node scripts/bench/range-coder.js
// First the symbol loops alone on 200,000 latent symbols, about a full tile, then whole tiles of the released files. Needs
// a build (npm run build). The engines take turns, so that other load on the machine meets both alike, and the least time
// of each counts.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readDicm } from '#dicm/container/read-dicm.js';
import { decodeSymbols } from '#dicm/entropy/decode-symbols.js';
import { encodeSymbols } from '#dicm/entropy/encode-symbols.js';
import { buildTables } from '#dicm/entropy/frequency-tables.js';
import { RangeDecoder } from '#dicm/entropy/range-decoder.js';
import { RangeEncoder } from '#dicm/entropy/range-encoder.js';
import { latentCostBits } from '#dicm/entropy/symbol-cost.js';
import { tileGrid } from '#dicm/geometry.js';
import { openHyperpriorCodec } from '#dicm/latents/hyperprior-codec.js';
import { loadModel } from '#dicm/model/load-model.js';
import { modelFolder } from '#dicm/platform/node/model-folders.js';
import { nodePlatform } from '#dicm/platform/node/node-platform.js';
import { profileNamed } from '#dicm/profiles/all-profiles.js';
import { openTileCore } from '#dicm/wasm/tile-core.js';
import { table } from '../support/table.js';

/** @import { FrequencyTables } from '../../src/entropy/frequency-tables.js' */
/** @import { TileCore } from '../../src/wasm/tile-core.js' */

const RUNS = Number(process.argv[2] ?? 60);
/** Short enough that a run often fits between two interruptions. */
const SYMBOLS = 200_000;

/** 64 tables, discretised logistic shapes with scales from 0.05 to 60, support +-6 scales, escape last. */
function makeTables() {
  const cdf = [];
  const sizes = [];
  const offsets = [];
  for (let t = 0; t < 64; t++) {
    const scale = 0.05 * 2 ** ((t / 63) * Math.log2(60 / 0.05));
    const reach = Math.max(1, Math.ceil(scale * 6));
    const size = 2 * reach + 2;
    /** @param {number} x */
    const logistic = (x) => 1 / (1 + Math.exp(-x / scale));
    const cumulative = [0];
    for (let s = 0; s < size; s++) {
      const upTo = s === size - 1 ? 1 : logistic(s - reach + 0.5);
      const room = 65536 - (size - 1 - s);
      cumulative.push(
        s === size - 1 ? 65536 : Math.min(room, Math.max((cumulative[s] ?? 0) + 1, Math.round(65536 * upTo))),
      );
    }
    cdf.push(...cumulative);
    sizes.push(size);
    offsets.push(-reach);
  }
  return buildTables(Int32Array.from(cdf), Int32Array.from(sizes), Int32Array.from(offsets));
}

/**
 * Draws symbols exactly from the tables, so that their cost is the tables' entropy.
 *
 * @param {FrequencyTables} tables
 * @param {(unit: number, at: number) => number} pick The table of a symbol.
 */
function draw(tables, pick) {
  let state = 12345;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 16;
  };
  const indexes = new Uint8Array(SYMBOLS);
  const symbols = new Int32Array(SYMBOLS);
  for (let i = 0; i < SYMBOLS; i++) {
    const table = pick(random() / 65536, i);
    const unit = random();
    let s = 0;
    while (at(tables.cumulative, at(tables.starts, table) + s + 1) <= unit) s++;
    indexes[i] = table;
    symbols[i] = at(tables.offset, table) + s;
  }
  return { indexes, symbols };
}

/** @param {ArrayLike<number>} values @param {number} i */
function at(values, i) {
  return values[i] ?? 0;
}

/**
 * Least time of each, in ms, taking turns.
 *
 * @template {string} Name
 * @param {Record<Name, () => void>} works
 * @returns {Record<Name, number>}
 */
function best(works) {
  /** @type {[string, () => void][]} */
  const list = Object.entries(works);
  const least = Object.fromEntries(list.map(([name]) => [name, Number.POSITIVE_INFINITY]));
  for (let i = 0; i < RUNS; i++) {
    for (const [name, work] of list) {
      const start = process.hrtime.bigint();
      work();
      least[name] = Math.min(least[name] ?? 0, Number(process.hrtime.bigint() - start) / 1e6);
    }
  }
  return /** @type {Record<Name, number>} */ (least);
}

/**
 * A tile core that holds the tables as its Gaussian ones, and no model.
 *
 * @param {FrequencyTables} tables
 */
async function openCoreWith(tables) {
  const core = await openTileCore();
  if (core === undefined) throw new Error('this Node has no WebAssembly');
  const { sizes, offset, cumulative } = tables;
  // One factorised table; 1024 channels, so that a tile has room for the symbols.
  check(core, core.layOut(1, 1024, 32, 32, 32, 3, cumulative.length, 1));
  const tensors = [Int32Array.of(2), Int32Array.of(0), Int32Array.of(0, 1, 65536), sizes, offset, cumulative];
  tensors.forEach((values, tensor) => {
    new Int32Array(core.memory.buffer, core.exchange(values.byteLength), values.length).set(values);
    check(core, core.takeTensor(tensor, values.length));
  });
  return core;
}

/**
 * @param {TileCore} core
 * @param {number} status
 */
function check(core, status) {
  if (status !== 0) throw new Error(`tile core: status ${status} (${core.detail()})`);
}

/** @param {number} ms */
const rate = (ms) => Number((SYMBOLS / ms / 1000).toFixed(1));
/** @param {number} a @param {number} b */
const ratio = (a, b) => Number((a / b).toFixed(2));

const tables = makeTables();
const core = await openCoreWith(tables);
/** @type {Record<string, (unit: number) => number>} */
const cases = {
  'mostly small scales (a low-rate picture)': (u) => Math.floor(64 * u ** 3),
  'all scales alike': (u) => Math.floor(64 * u),
  'one table, scale 0.4': () => 19,
  'one table, scale 0.05': () => 0,
};
const loops = [];
for (const [name, pick] of Object.entries(cases)) {
  const { indexes, symbols } = draw(tables, pick);
  let bytes = new Uint8Array();
  const out = new Int32Array(SYMBOLS);
  new Int32Array(core.memory.buffer, core.latentSymbols(), SYMBOLS).set(symbols);
  new Uint8Array(core.memory.buffer, core.latentIndexes(), SYMBOLS).set(indexes);
  const ms = best({
    encode: () => {
      const encoder = new RangeEncoder(1 << 20);
      encodeSymbols(encoder, symbols, indexes, tables);
      bytes = encoder.finish();
    },
    encodeWasm: () => check(core, core.encodeSymbols(1, SYMBOLS)),
    decode: () => {
      const decoder = new RangeDecoder(bytes);
      decodeSymbols(decoder, out, indexes, tables);
      decoder.finish();
    },
    // The payload lies where encoding has left it.
    decodeWasm: () => check(core, core.decodeSymbols(1, SYMBOLS, core.payloadSize())),
  });
  const coded = new Uint8Array(core.memory.buffer, core.exchange(0), core.payloadSize());
  const decoded = new Int32Array(core.memory.buffer, core.latentSymbols(), SYMBOLS);
  if (Buffer.compare(coded, bytes) !== 0) throw new Error('the engines encode differently');
  for (const values of [out, decoded]) {
    if (!values.every((value, i) => value === symbols[i])) throw new Error('other integers come back');
  }
  const bits = latentCostBits(symbols, indexes, tables);
  loops.push([
    ...[name, Number((bits / SYMBOLS).toFixed(3)), `${(((bytes.length * 8) / bits - 1) * 100).toFixed(4)} %`],
    ...[rate(ms.encode), rate(ms.encodeWasm), ratio(ms.encode, ms.encodeWasm)],
    ...[rate(ms.decode), rate(ms.decodeWasm), ratio(ms.decode, ms.decodeWasm)],
  ]);
}
console.log(`Symbol loops, M symbols/s, best of ${RUNS} runs in turns\n`);
const engines = ['TypeScript', 'WebAssembly', 'ratio'];
const columns = ['encode', 'decode'].flatMap((what) => engines.map((engine) => `${what}: ${engine}`));
console.log(table(['symbols', 'bit/symbol', 'over the tables', ...columns], loops));

/** @param {string} name */
const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
if (existsSync(path('packages/model-r50/manifest.json'))) await benchTiles();
else console.log('\nWhole tiles: skipped, the released model is not there');

/** Whole tiles, hyper-synthesis included: the first tile of each released file, and the same once more. */
async function benchTiles() {
  const { tensors, decodeId } = await loadModel(
    modelFolder(path('packages/model-r50')),
    nodePlatform.sha256,
    profileNamed,
  );
  const codecs = {
    typescript: await openHyperpriorCodec(tensors, '', { engine: 'typescript' }),
    wasm: await openHyperpriorCodec(tensors, '', { engine: 'wasm' }),
  };
  const rows = [];
  for (const name of ['rocket-q5-65', 'chelsea-q40', 'astronaut-q25', 'coffee-q70-224', 'rocket-q30-none']) {
    const { header, tiles } = readDicm(readFileSync(path(`fixtures/released/${name}-${decodeId}.dicm`)));
    const payload = tiles[0];
    if (payload === undefined) throw new Error(`${name} has no tile`);
    const { qualityPosition: position } = header;
    const tile = tileGrid(header.width, header.height).tile(0);
    const { hyper, latents } = codecs.wasm.decode(payload, tile, position, name);
    const z = { ...hyper, data: Float32Array.from(hyper.symbols) };
    const y = {
      ...{ height: tile.latentHeight, width: tile.latentWidth, channels: codecs.wasm.latentChannels },
      data: latents(),
    };
    const analysed = {
      typescript: codecs.typescript.analyse(tile, { y, z }),
      wasm: codecs.wasm.analyse(tile, { y, z }),
    };
    const ms = best({
      decode: () => codecs.typescript.decode(payload, tile, position, name).latents(),
      decodeWasm: () => codecs.wasm.decode(payload, tile, position, name).latents(),
      encode: () => analysed.typescript.encode(position),
      encodeWasm: () => analysed.wasm.encode(position),
    });
    /** @param {number} value */
    const rounded = (value) => Number(value.toFixed(2));
    rows.push([
      ...[name, `${tile.width}x${tile.height}`, payload.bytes.length],
      ...[rounded(ms.decode), rounded(ms.decodeWasm), ratio(ms.decode, ms.decodeWasm)],
      ...[rounded(ms.encode), rounded(ms.encodeWasm), ratio(ms.encode, ms.encodeWasm)],
    ]);
  }
  for (const codec of Object.values(codecs)) codec.dispose();
  console.log(
    `\nWhole tiles with dicm-r50, ms, best of ${RUNS} runs in turns; encoding without its hyper-synthesis\n`,
  );
  const decode = engines.map((engine) => `decode: ${engine}`);
  const encode = engines.map((engine) => `encode: ${engine}`);
  console.log(table(['file', 'pixels', 'payload bytes', ...decode, ...encode], rows));
}
