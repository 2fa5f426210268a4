import { BLOCK_SLOTS } from './schema.js';

/**
 * A block of an index: vectors of {@link BLOCK_SLOTS} files, and of each the reciprocal of its length, which is 0 where
 * there is no file. As bytes: the vectors, [slots][dimensions] int8, then the reciprocals, float32, little-endian.
 */
export interface VectorBlock {
  readonly values: Int8Array;
  readonly scales: Float32Array;
}

/** Bytes of a block. */
export function blockBytes(dimensions: number): number {
  return BLOCK_SLOTS * (dimensions + 4);
}

/** Block and slot of a file. Files are numbered from 1. */
export function placeOf(file: number): { block: number; slot: number } {
  return { block: Math.floor((file - 1) / BLOCK_SLOTS), slot: (file - 1) % BLOCK_SLOTS };
}

/** The block that bytes are; its values are a view of them. */
export function readBlock(bytes: Uint8Array, dimensions: number): VectorBlock {
  const size = BLOCK_SLOTS * dimensions;
  const view = new DataView(bytes.buffer, bytes.byteOffset + size, 4 * BLOCK_SLOTS);
  return {
    values: new Int8Array(bytes.buffer, bytes.byteOffset, size),
    scales: Float32Array.from({ length: BLOCK_SLOTS }, (_, slot) => view.getFloat32(4 * slot, true)),
  };
}

/** Puts a vector into a slot of a block's bytes; nothing empties the slot. */
export function setSlot(
  bytes: Uint8Array,
  slot: number,
  vector: Int8Array | undefined,
  dimensions: number,
): void {
  const values = new Int8Array(bytes.buffer, bytes.byteOffset + slot * dimensions, dimensions);
  if (vector === undefined) values.fill(0);
  else values.set(vector);
  const scales = new DataView(bytes.buffer, bytes.byteOffset + BLOCK_SLOTS * dimensions, 4 * BLOCK_SLOTS);
  scales.setFloat32(4 * slot, vector === undefined ? 0 : reciprocalLength(vector), true);
}

/** 1 by the length of a vector; of one that has none a number so small that it is far from everything. */
export function reciprocalLength(vector: Int8Array): number {
  let squares = 0;
  for (const value of vector) squares += value * value;
  return squares === 0 ? 2 ** -100 : 1 / Math.sqrt(squares);
}
