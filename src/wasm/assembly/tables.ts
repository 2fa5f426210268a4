import { take } from './memory';
import { Status, fail } from './status';

/** Sum of the frequencies of every table. */
const TOTAL: u32 = 65536;
/** A lookup has one entry for each of 2^LOOKUP_BITS equal parts of the units. */
export const LOOKUP_BITS: u32 = 8;
/** Bytes of {@link Table}, as a shift. */
export const TABLE_SHIFT: u32 = 5;

const LARGEST_INTEGER: i64 = 1 << 30;

/** A table as the symbol loops read it. */
@unmanaged
export class Table {
  /** Cumulative frequencies, u32, one more than symbols. */
  cumulative: usize;
  /** u16 for each part of the units: the symbol that owns its first unit. */
  lookup: usize;
  /** Integer of symbol 0. */
  first: i32;
  /** The last symbol. */
  escapeSymbol: i32;
  /** Where in the cumulative frequencies the most frequent symbol stands that is no escape. */
  likely: usize;
}

/** Takes the room of `count` prepared tables: their records, then their lookups. */
export function takeTables(count: u32): usize {
  return take((u64(count) << TABLE_SHIFT) + (u64(count) << (LOOKUP_BITS + 1)));
}

/**
 * Checks the tables of a set ([DICM-E-10] to [DICM-E-13]) and prepares them at `tables`.
 *
 * sizes, offsets: [count] i32; cdf: [cdfLength] i32.
 */
export function prepareTables(
  tables: usize,
  count: u32,
  sizes: usize,
  offsets: usize,
  cdf: usize,
  cdfLength: u32,
): i32 {
  const lookups = tables + (count << TABLE_SHIFT);
  let start: u32 = 0;
  for (let t: u32 = 0; t < count; t++) {
    const size = load<i32>(sizes + (t << 2));
    const first = load<i32>(offsets + (t << 2));
    if (size < 2 || size > i32(TOTAL)) return fail(Status.BAD_TABLES, f64(t));
    if (i64(first) < -LARGEST_INTEGER || i64(first) + i64(size) > LARGEST_INTEGER) return fail(Status.BAD_TABLES, f64(t));
    if (u64(start) + u64(size) + 1 > u64(cdfLength)) return fail(Status.BAD_TABLES, f64(t));
    const cumulative = cdf + (start << 2);
    if (!isCumulative(cumulative, size)) return fail(Status.BAD_TABLES, f64(t));
    const table = changetype<Table>(tables + (t << TABLE_SHIFT));
    table.cumulative = cumulative;
    table.lookup = lookups + (t << (LOOKUP_BITS + 1));
    table.first = first;
    table.escapeSymbol = size - 1;
    table.likely = findLikely(cumulative, size - 1);
    fillLookup(table);
    start += size + 1;
  }
  return start == cdfLength ? Status.OK : fail(Status.BAD_TABLES, f64(count));
}

/** Whether `size + 1` values rise from 0 to 65536. */
function isCumulative(values: usize, size: i32): bool {
  if (load<i32>(values) != 0) return false;
  for (let s = 0; s < size; s++) {
    const at = values + (s << 2);
    if (load<i32>(at, 4) <= load<i32>(at)) return false;
  }
  return load<u32>(values + (size << 2)) == TOTAL;
}

/** The entry of the most frequent among the first `count` symbols. */
function findLikely(cumulative: usize, count: i32): usize {
  let likely = cumulative;
  let most: u32 = 0;
  for (let s = 0; s < count; s++) {
    const entry = cumulative + (s << 2);
    const frequency = load<u32>(entry, 4) - load<u32>(entry);
    if (frequency > most) {
      most = frequency;
      likely = entry;
    }
  }
  return likely;
}

function fillLookup(table: Table): void {
  let symbol = 0;
  for (let part: u32 = 0; part < 1 << LOOKUP_BITS; part++) {
    const unit = part << (16 - LOOKUP_BITS);
    while (load<u32>(table.cumulative + (symbol << 2), 4) <= unit) symbol++;
    store<u16>(table.lookup + (part << 1), u16(symbol));
  }
}
