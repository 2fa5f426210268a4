import { ModelError } from '../errors.js';
import { FREQUENCY_TOTAL } from './range-encoder.js';

/** Tables are addressed by one byte. */
const MAX_TABLES = 256;

/** A symbol lookup has one entry for each of the 2^LOOKUP_BITS equal parts of a table's 2^16 units. */
export const LOOKUP_BITS = 8;

/**
 * Integer frequency tables as the symbol loops use them (format-spec/v1/entropy-coding.md, section 3).
 * Table `t` has `sizes[t]` symbols; symbol `s < sizes[t] - 1` stands for the integer `offset[t] + s`, the
 * last one is the escape. Symbol `s` owns `cumulative[starts[t] + s] .. cumulative[starts[t] + s + 1]` of
 * the 65536 units.
 */
export interface FrequencyTables {
  /** Number of tables, 1..256. */
  readonly count: number;
  /** Integer that the first symbol of each table stands for. */
  readonly offset: Int32Array;
  /** Symbols of each table, the escape included. */
  readonly sizes: Int32Array;
  /** All cumulative frequencies, `sizes[t] + 1` values a table, each run 0 .. 65536. */
  readonly cumulative: Int32Array;
  /** Where in `cumulative` each table starts; one more entry closes the last. */
  readonly starts: Int32Array;
  /** For table `t` and `u` in 0..255, at `t * 256 + u`: the symbol that owns unit `u * 256`. */
  readonly lookup: Uint16Array;
}

/**
 * Checks a model's tables and prepares them for decoding.
 *
 * @param cdf - cumulative frequencies of all tables, one after the other (`entropy.*.cdf`)
 * @param sizes - symbols of each table, escape included, at least 2 (`entropy.*.size`)
 * @param offsets - integer of each table's first symbol (`entropy.*.offset`)
 * @param what - name for error messages, for example `entropy.gaussian`
 * @throws ModelError `bad-tables` when [DICM-E-10] to [DICM-E-13] do not hold
 */
export function buildTables(
  cdf: Int32Array,
  sizes: Int32Array,
  offsets: Int32Array,
  what = 'entropy tables',
): FrequencyTables {
  const fail = (detail: string): never => {
    throw new ModelError('bad-tables', `${what}: ${detail}`);
  };
  const count = sizes.length;
  if (count < 1 || count > MAX_TABLES) fail(`${count} tables where 1 to ${MAX_TABLES} are allowed`);
  if (offsets.length !== count) fail(`${count} sizes but ${offsets.length} offsets`);

  const starts = new Int32Array(count + 1);
  for (let t = 0; t < count; t++) {
    const size = sizes[t]!;
    if (size < 2 || size > FREQUENCY_TOTAL) fail(`table ${t} has ${size} symbols`);
    const first = offsets[t]!;
    if (first < -0x40000000 || first + size > 0x40000000) fail(`table ${t} starts at ${first}`);
    starts[t + 1] = starts[t]! + size + 1;
    if (starts[t + 1]! > cdf.length) fail(`${cdf.length} cumulative frequencies end inside table ${t}`);
    checkTable(cdf, starts[t]!, size, (detail) => fail(`table ${t} ${detail}`));
  }
  if (starts[count] !== cdf.length) {
    fail(`${cdf.length} cumulative frequencies where the sizes ask for ${starts[count]}`);
  }

  const cumulative = Int32Array.from(cdf);
  return {
    count,
    offset: Int32Array.from(offsets),
    sizes: Int32Array.from(sizes),
    cumulative,
    starts,
    lookup: buildLookup(cumulative, starts, count),
  };
}

function checkTable(cdf: Int32Array, start: number, size: number, fail: (detail: string) => never): void {
  if (cdf[start] !== 0) fail(`starts with ${cdf[start]}, not 0`);
  for (let s = 0; s < size; s++) {
    if (cdf[start + s + 1]! <= cdf[start + s]!) fail(`gives symbol ${s} no frequency`);
  }
  if (cdf[start + size] !== FREQUENCY_TOTAL) fail(`ends with ${cdf[start + size]}, not ${FREQUENCY_TOTAL}`);
}

function buildLookup(cumulative: Int32Array, starts: Int32Array, count: number): Uint16Array {
  const parts = 1 << LOOKUP_BITS;
  const unitsPerPart = FREQUENCY_TOTAL >> LOOKUP_BITS;
  const lookup = new Uint16Array(count * parts);
  for (let t = 0; t < count; t++) {
    const start = starts[t]!;
    let symbol = 0;
    for (let part = 0; part < parts; part++) {
      while (cumulative[start + symbol + 1]! <= part * unitsPerPart) symbol++;
      lookup[t * parts + part] = symbol;
    }
  }
  return lookup;
}
