import { checkTableIndexes } from './encode-symbols.js';
import { escapeBits } from './escape-code.js';
import type { FrequencyTables } from './frequency-tables.js';
import { FREQUENCY_BITS } from './range-encoder.js';

const costsOfTables = new WeakMap<FrequencyTables, Float64Array>();

/**
 * Bits that coding `symbols` takes by the tables, escape codes included. The stream is at most 0.1 % and
 * 8 bytes longer. Much cheaper than encoding; meant for rate searches.
 *
 * @param symbols - any integers
 * @param indexes - table of each symbol
 */
export function latentCostBits(symbols: Int32Array, indexes: Uint8Array, tables: FrequencyTables): number {
  let sum = 0;
  forEachCost(symbols, indexes, tables, (_, bits) => {
    sum += bits;
  });
  return sum;
}

/**
 * Bits of each channel; element `i` belongs to channel `i % channels`.
 *
 * @returns [channels]
 */
export function channelCostBits(
  symbols: Int32Array,
  indexes: Uint8Array,
  tables: FrequencyTables,
  channels: number,
): Float64Array {
  const sums = new Float64Array(channels);
  forEachCost(symbols, indexes, tables, (i, bits) => {
    sums[i % channels]! += bits;
  });
  return sums;
}

/**
 * Bits of each position; element `i` belongs to position `floor(i / channels)`.
 *
 * @returns [rows * columns]
 */
export function positionCostBits(
  symbols: Int32Array,
  indexes: Uint8Array,
  tables: FrequencyTables,
  channels: number,
): Float64Array {
  const sums = new Float64Array(Math.ceil(symbols.length / channels));
  forEachCost(symbols, indexes, tables, (i, bits) => {
    sums[Math.floor(i / channels)]! += bits;
  });
  return sums;
}

/** Entropy of table `index` in bits a symbol, the escape counted as one symbol. */
export function tableEntropyBits(tables: FrequencyTables, index: number): number {
  const costs = symbolCosts(tables);
  let sum = 0;
  for (let at = tables.starts[index]!; at < tables.starts[index + 1]! - 1; at++) {
    sum += (tables.cumulative[at + 1]! - tables.cumulative[at]!) * costs[at]!;
  }
  return sum / 2 ** FREQUENCY_BITS;
}

/**
 * Bits that coding one symbol takes by one of the tables, escape codes included.
 *
 * @returns (symbol, table) to bits; any integer has a price.
 */
export function symbolPrice(tables: FrequencyTables): (symbol: number, table: number) => number {
  const costs = symbolCosts(tables);
  const { offset, sizes, starts } = tables;
  return (symbol, table) => {
    const escapeSymbol = sizes[table]! - 1;
    const first = offset[table]!;
    const distance = (symbol - first) >>> 0;
    if (distance < escapeSymbol) return costs[starts[table]! + distance]!;
    return costs[starts[table]! + escapeSymbol]! + escapeBits(symbol, first, first + escapeSymbol - 1);
  };
}

function forEachCost(
  symbols: Int32Array,
  indexes: Uint8Array,
  tables: FrequencyTables,
  take: (i: number, bits: number) => void,
): void {
  checkTableIndexes(symbols.length, indexes, tables);
  const price = symbolPrice(tables);
  for (let i = 0; i < symbols.length; i++) take(i, price(symbols[i]!, indexes[i]!));
}

/** Bits of every symbol of every table, laid out like `cumulative`. */
function symbolCosts(tables: FrequencyTables): Float64Array {
  const known = costsOfTables.get(tables);
  if (known !== undefined) return known;
  const costs = new Float64Array(tables.cumulative.length);
  for (let t = 0; t < tables.count; t++) {
    for (let at = tables.starts[t]!; at < tables.starts[t + 1]! - 1; at++) {
      costs[at] = FREQUENCY_BITS - Math.log2(tables.cumulative[at + 1]! - tables.cumulative[at]!);
    }
  }
  costsOfTables.set(tables, costs);
  return costs;
}
