/**
 * Bytes under construction: the mirror image of a `ByteSlice`. The buffer doubles when full, so writing n bytes
 * costs O(n).
 */
export interface ByteWriter {
  /** Backing store; only the first `length` bytes are written. */
  buffer: Uint8Array;
  /** Bytes written so far. */
  length: number;
}

/** Opens an empty writer; `capacityBytes` is a guess at the final size, not a bound. */
export function openWriter(capacityBytes = 64): ByteWriter {
  return { buffer: new Uint8Array(Math.max(1, capacityBytes)), length: 0 };
}

/** The bytes written so far, as a view on the writer's store: copy them before writing on. */
export function writtenBytes(writer: ByteWriter): Uint8Array {
  return writer.buffer.subarray(0, writer.length);
}

/** Writes one byte. @throws RangeError unless `value` is an integer from 0 to 255 */
export function writeU8(writer: ByteWriter, value: number): void {
  writeBigEndian(writer, value, 1);
}

/** Writes two bytes, most significant first. @throws RangeError unless `value` is an integer below 2^16 */
export function writeU16Be(writer: ByteWriter, value: number): void {
  writeBigEndian(writer, value, 2);
}

/** Writes three bytes, most significant first. @throws RangeError unless `value` is an integer below 2^24 */
export function writeU24Be(writer: ByteWriter, value: number): void {
  writeBigEndian(writer, value, 3);
}

/** Writes four bytes, most significant first. @throws RangeError unless `value` is an integer below 2^32 */
export function writeU32Be(writer: ByteWriter, value: number): void {
  writeBigEndian(writer, value, 4);
}

/** Appends a copy of `bytes`. */
export function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  reserveBytes(writer, bytes.length);
  writer.buffer.set(bytes, writer.length);
  writer.length += bytes.length;
}

/** Writes hexadecimal digits as bytes, two digits a byte. @throws RangeError for anything but digit pairs */
export function writeHex(writer: ByteWriter, digits: string): void {
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new RangeError(`not hexadecimal: ${digits}`);
  for (let i = 0; i < digits.length; i += 2) writeU8(writer, Number.parseInt(digits.slice(i, i + 2), 16));
}

function writeBigEndian(writer: ByteWriter, value: number, count: number): void {
  // A value that does not fit is a bug in the caller; cutting it off silently would write a wrong file.
  if (!Number.isInteger(value) || value < 0 || value >= 256 ** count) {
    throw new RangeError(`${value} does not fit ${count} bytes`);
  }
  reserveBytes(writer, count);
  let rest = value;
  for (let i = count - 1; i >= 0; i--) {
    writer.buffer[writer.length + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  writer.length += count;
}

function reserveBytes(writer: ByteWriter, count: number): void {
  const needed = writer.length + count;
  if (needed <= writer.buffer.length) return;
  const grown = new Uint8Array(Math.max(needed, 2 * writer.buffer.length));
  grown.set(writtenBytes(writer));
  writer.buffer = grown;
}
