import { take } from './memory';

/** Generator polynomial of IEEE 802.3, bits reversed. */
const POLYNOMIAL: u32 = 0xedb88320;

/** Eight tables of 256 remainders: table k advances a byte over k further zero bytes. */
let tables: usize = 0;

export function takeCrcTables(): void {
  tables = take(8 * 256 * 4);
}

/** Fills the tables, once the memory is there. */
export function fillCrcTables(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >> 1) ^ (POLYNOMIAL & (0 - (remainder & 1)));
    store<u32>(tables + (byte << 2), remainder);
  }
  for (let at = tables + 1024; at < tables + 8192; at += 4) {
    const before = load<u32>(at - 1024);
    store<u32>(at, (before >> 8) ^ load<u32>(tables + ((before & 255) << 2)));
  }
}

/**
 * CRC-32 of `count` integers, least significant byte first, after what has `previous` as its CRC-32. Two integers a step
 * break the dependency of every byte on the one before.
 */
export function crc32(values: usize, count: u32, previous: u32): u32 {
  let crc = ~previous;
  let at = values;
  const pairs = values + ((count & ~1) << 2);
  for (; at < pairs; at += 8) {
    const a = load<u32>(at) ^ crc;
    const b = load<u32>(at, 4);
    crc =
      entry(7, a) ^ entry(6, a >> 8) ^ entry(5, a >> 16) ^ entry(4, a >> 24) ^
      entry(3, b) ^ entry(2, b >> 8) ^ entry(1, b >> 16) ^ entry(0, b >> 24);
  }
  if ((count & 1) != 0) {
    const a = load<u32>(at) ^ crc;
    crc = entry(3, a) ^ entry(2, a >> 8) ^ entry(1, a >> 16) ^ entry(0, a >> 24);
  }
  return ~crc;
}

// @ts-ignore: decorator
@inline
function entry(table: u32, byte: u32): u32 {
  return load<u32>(tables + (table << 10) + ((byte & 255) << 2));
}
