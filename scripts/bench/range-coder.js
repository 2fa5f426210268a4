// Speed and size of the range coder on a million latent symbols: node scripts/bench/range-coder.js
// Needs a build (npm run build). Prints the best of several short runs, one core.

import { decodeSymbols } from '#dicm/entropy/decode-symbols.js';
import { encodeSymbols } from '#dicm/entropy/encode-symbols.js';
import { buildTables } from '#dicm/entropy/frequency-tables.js';
import { RangeDecoder } from '#dicm/entropy/range-decoder.js';
import { RangeEncoder } from '#dicm/entropy/range-encoder.js';
import { latentCostBits } from '#dicm/entropy/symbol-cost.js';

/** @import { FrequencyTables } from '../../src/entropy/frequency-tables.js' */

const RUNS = 15;
const SYMBOLS = 1_000_000;

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
 * Least time in ms.
 *
 * @param {() => void} run
 */
function best(run) {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < RUNS; i++) {
    const start = process.hrtime.bigint();
    run();
    least = Math.min(least, Number(process.hrtime.bigint() - start) / 1e6);
  }
  return least;
}

const tables = makeTables();
/** @type {Record<string, (unit: number) => number>} */
const cases = {
  'mostly small scales (a low-rate picture)': (u) => Math.floor(64 * u ** 3),
  'all scales alike': (u) => Math.floor(64 * u),
  'one table, scale 0.4': () => 19,
};
for (const [name, pick] of Object.entries(cases)) {
  const { indexes, symbols } = draw(tables, pick);
  let bytes = new Uint8Array();
  const encodeMs = best(() => {
    const encoder = new RangeEncoder(1 << 20);
    encodeSymbols(encoder, symbols, indexes, tables);
    bytes = encoder.finish();
  });
  const out = new Int32Array(SYMBOLS);
  const decodeMs = best(() => {
    const decoder = new RangeDecoder(bytes);
    decodeSymbols(decoder, out, indexes, tables);
    decoder.finish();
  });
  if (Buffer.compare(Buffer.from(out.buffer), Buffer.from(symbols.buffer)) !== 0) throw new Error('mismatch');
  const bits = latentCostBits(symbols, indexes, tables);
  /** @param {number} ms */
  const rate = (ms) => `${(SYMBOLS / ms / 1000).toFixed(1).padStart(6)} M/s`;
  console.log(
    `${name.padEnd(42)} encode ${rate(encodeMs)}  decode ${rate(decodeMs)}  ` +
      `${(bits / SYMBOLS).toFixed(3)} bit/symbol  size ${(((bytes.length * 8) / bits - 1) * 100).toFixed(4)} % over the tables`,
  );
}
