/** Four tables of 256 entries: table k advances the remainder of a byte over k further zero bytes. */
type Tables = readonly [Int32Array, Int32Array, Int32Array, Int32Array];

/** Generator polynomial of IEEE 802.3, bits reversed. */
const POLYNOMIAL = 0xedb88320 | 0;

let cachedTables: Tables | undefined;

// Built on first use: importing this module costs nothing.
function crcTables(): Tables {
  if (cachedTables !== undefined) return cachedTables;
  const tables: Tables = [new Int32Array(256), new Int32Array(256), new Int32Array(256), new Int32Array(256)];
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
    tables[0][byte] = remainder;
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let k = 1; k < 4; k++) {
      const before = tables[k - 1]![byte]!;
      tables[k]![byte] = (before >>> 8) ^ tables[0][before & 255]!;
    }
  }
  cachedTables = tables;
  return tables;
}

/**
 * CRC-32 of IEEE 802.3 (as in PNG, gzip and zip): reflected, initial value and final xor 0xffffffff. The CRC-32
 * of the nine ASCII digits `123456789` is 0xcbf43926.
 *
 * @param previous - CRC-32 of the bytes before these, to continue a running sum.
 * @returns An integer from 0 to 2^32 - 1.
 */
export function crc32(bytes: Uint8Array, previous = 0): number {
  const [t0, t1, t2, t3] = crcTables();
  let crc = ~previous;
  let i = 0;
  // Four bytes a step break the dependency of every byte on the one before.
  for (const end = bytes.length - 3; i < end; i += 4) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc = t3[crc & 255]! ^ t2[(crc >>> 8) & 255]! ^ t1[(crc >>> 16) & 255]! ^ t0[crc >>> 24]!;
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]!) & 255]!;
  return ~crc >>> 0;
}

/**
 * CRC-32 of integers, each taken as four bytes in two's complement, least significant byte first, whatever the
 * byte order of the machine.
 *
 * @param previous - CRC-32 of what comes before, to continue a running sum.
 */
export function crc32OfInt32(values: Int32Array, previous = 0): number {
  const [t0, t1, t2, t3] = crcTables();
  let crc = ~previous;
  for (let i = 0; i < values.length; i++) {
    crc ^= values[i]!;
    crc = t3[crc & 255]! ^ t2[(crc >>> 8) & 255]! ^ t1[(crc >>> 16) & 255]! ^ t0[crc >>> 24]!;
  }
  return ~crc >>> 0;
}
