import { bound, finalByte } from './interval';
import { Status, fail } from './status';
import { LOOKUP_BITS, TABLE_SHIFT, Table } from './tables';

/** Bytes the decoder looks ahead: the width of its window, and the zeros it may read past the end. */
const WINDOW_BYTES: usize = 4;

// The state of the stream that is being decoded. The symbol loop keeps it in locals.
let code: u32 = 0;
let range: u32 = 0;
/** Next byte to shift in. */
let position: usize = 0;
/** Largest `position` that a whole stream leads to. */
let maxPosition: usize = 0;
let stream: usize = 0;

/** Begins a stream of `sizeBytes` bytes, behind which four bytes are overwritten by zeros. */
export function startDecoding(payload: usize, sizeBytes: u32): i32 {
  store<u32>(payload + sizeBytes, 0);
  stream = payload;
  position = payload + WINDOW_BYTES;
  maxPosition = payload + sizeBytes + WINDOW_BYTES;
  code = window();
  range = 0xffffffff;
  return code == 0xffffffff ? fail(Status.BAD_START) : Status.OK;
}

/**
 * Fills out[i] with an integer of table indexes[i], in order. The spec's exact quotient is found in two steps, as in
 * src/entropy/decode-symbols.ts: an integer quotient that is at most it, and a search upwards by the bounds of symbols.
 */
export function decodePlane(out: usize, indexes: usize, count: u32, tables: usize): i32 {
  let c = code;
  let r = range;
  let at = position;
  const end = maxPosition;
  for (let i: u32 = 0; i < count; i++) {
    const table = changetype<Table>(tables + (usize(load<u8>(indexes + i)) << TABLE_SHIFT));
    // Most symbols of a picture are the likeliest of their tables, and a comparison is cheaper than a division.
    let entry = table.likely;
    let lower = bound(r, load<u32>(entry));
    let upper = bound(r, load<u32>(entry, 4));
    if (c - lower >= upper - lower) {
      const unit = c / ((r >> 16) + 1);
      entry = table.cumulative + (usize(load<u16>(table.lookup + ((unit >> (16 - LOOKUP_BITS)) << 1))) << 2);
      lower = bound(r, load<u32>(entry));
      upper = bound(r, load<u32>(entry, 4));
      // Ends at the table's last symbol, whose upper bound is the range, at the latest.
      while (upper <= c) {
        entry += 4;
        lower = upper;
        upper = bound(r, load<u32>(entry, 4));
      }
    }
    c -= lower;
    r = upper - lower;
    while (r < 0x1000000) {
      if (at == end) return fail(Status.TRUNCATED);
      c = (c << 8) | load<u8>(at++);
      r <<= 8;
    }
    const symbol = i32((entry - table.cumulative) >> 2);
    const address = out + (i << 2);
    if (symbol != table.escapeSymbol) {
      store<i32>(address, table.first + symbol);
      continue;
    }
    code = c;
    range = r;
    position = at;
    const status = decodeEscape(address, table.first, table.first + symbol - 1);
    if (status != Status.OK) return status;
    c = code;
    r = range;
    at = position;
  }
  code = c;
  range = r;
  position = at;
  return Status.OK;
}

/** Checks that the stream ends exactly as the encoder ends it ([DICM-E-05], [DICM-E-06]). */
export function finishDecoding(): i32 {
  const last = finalByte(window() - code, range);
  const expected = position - WINDOW_BYTES - stream + (last < 0 ? 0 : 1);
  const sizeBytes = maxPosition - WINDOW_BYTES - stream;
  if (sizeBytes > expected) return fail(Status.TRAILING, f64(expected));
  if (sizeBytes < expected) return fail(Status.TRUNCATED);
  if (window() != (last < 0 ? 0 : u32(last) << 24)) return fail(Status.NON_CANONICAL);
  return Status.OK;
}

/** Reads an escape code into `out`: at most 64 bits, whatever the stream says. */
function decodeEscape(out: usize, first: i32, last: i32): i32 {
  const above = decodeBits(1);
  if (above < 0) return fail(Status.TRUNCATED);
  let prefix: u32 = 0;
  for (;;) {
    const one = decodeBits(1);
    if (one < 0) return fail(Status.TRUNCATED);
    if (one == 0) break;
    if (++prefix > 31) return fail(Status.ESCAPE_TOO_LONG);
  }
  let coded: i64 = 1;
  if (prefix > 16) {
    const high = decodeBits(prefix - 16);
    if (high < 0) return fail(Status.TRUNCATED);
    coded = (coded << (prefix - 16)) + i64(high);
    prefix = 16;
  }
  if (prefix > 0) {
    const low = decodeBits(prefix);
    if (low < 0) return fail(Status.TRUNCATED);
    coded = (coded << prefix) + i64(low);
  }
  const value = above != 0 ? i64(last) + coded : i64(first) - coded;
  if (value != i64(i32(value))) return fail(Status.ESCAPE_TOO_LARGE, f64(value));
  store<i32>(out, i32(value));
  return Status.OK;
}

/** Reads a field of 1 to 16 equally likely bits, or -1 when the stream ends before. */
function decodeBits(bits: u32): i32 {
  const shift = 16 - bits;
  // The largest unit whose lower bound is at most the code.
  const unit = u32(((u64(code) << 16) | 0xffff) / u64(range));
  const value = unit >> shift;
  const lower = bound(range, value << shift);
  const upper = bound(range, (value + 1) << shift);
  code -= lower;
  range = upper - lower;
  while (range < 0x1000000) {
    if (position == maxPosition) return -1;
    code = (code << 8) | load<u8>(position++);
    range <<= 8;
  }
  return i32(value);
}

/** The four bytes before `position`. */
function window(): u32 {
  return bswap(load<u32>(position - WINDOW_BYTES));
}
