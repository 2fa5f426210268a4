/** Element types of the arrays that are written. */
export type ArrayType = 'float32' | 'float16' | 'int32';

/** What the formats call them, and their size in bytes. */
const TYPES = {
  float32: { npy: '<f4', safetensors: 'F32', bytes: 4 },
  float16: { npy: '<f2', safetensors: 'F16', bytes: 2 },
  int32: { npy: '<i4', safetensors: 'I32', bytes: 4 },
} as const;

/** Shape and type of an array in a file. */
export interface ArrayInfo {
  name: string;
  type: ArrayType;
  shape: readonly number[];
}

const NPY_MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0];

/** NumPy aligns the data to this. */
const NPY_ALIGNMENT = 64;

/** Head of a .npy file, version 1.0, row-major, little-endian; the data follows. */
export function npyHead({ type, shape }: ArrayInfo): Uint8Array {
  const descr = TYPES[type].npy;
  const extents = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${extents}), }`;
  const used = NPY_MAGIC.length + 2 + text.length + 1;
  const padded = Math.ceil(used / NPY_ALIGNMENT) * NPY_ALIGNMENT;
  const head = Buffer.alloc(padded, ' ');
  head.set(NPY_MAGIC);
  head.writeUInt16LE(padded - NPY_MAGIC.length - 2, NPY_MAGIC.length);
  head.write(text, NPY_MAGIC.length + 2, 'latin1');
  head[padded - 1] = 0x0a;
  return head;
}

/** Size of the data of an array, in bytes. */
export function arrayBytes({ type, shape }: Omit<ArrayInfo, 'name'>): number {
  return shape.reduce((product, extent) => product * extent, TYPES[type].bytes);
}

/** Head of a .safetensors file; the data of all arrays follows in their order. */
export function safetensorsHead(arrays: readonly ArrayInfo[], metadata: Record<string, string>): Uint8Array {
  let end = 0;
  const entries = arrays.map((array) => {
    const start = end;
    end += arrayBytes(array);
    return safetensorsEntry(array, [start, end]);
  });
  return joinSafetensorsHead(entries, metadata);
}

/** One array in the head of a .safetensors file: a key of its JSON and the value. */
export function safetensorsEntry(
  { name, type, shape }: ArrayInfo,
  offsets: readonly [from: number, to: number],
): string {
  const value = { dtype: TYPES[type].safetensors, shape, data_offsets: offsets };
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`;
}

/**
 * Head of a .safetensors file out of its entries.
 *
 * @param sizeBytes - Of the head as a whole, where it is to fill a place that was left for it; spaces do.
 */
export function joinSafetensorsHead(
  entries: readonly string[],
  metadata: Record<string, string>,
  sizeBytes?: number,
): Uint8Array {
  const text = Buffer.from(`{${[`"__metadata__":${JSON.stringify(metadata)}`, ...entries].join(',')}}`);
  // Spaces up to a multiple of 8 keep the data aligned.
  const length = sizeBytes === undefined ? Math.ceil(text.length / 8) * 8 : sizeBytes - 8;
  const head = Buffer.alloc(8 + length, ' ');
  head.writeBigUInt64LE(BigInt(length));
  head.set(text, 8);
  return head;
}

/** The bytes of an array in little-endian order. */
export function littleEndianBytes(values: Float32Array | Int32Array | Uint16Array): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  if (hostIsLittleEndian) return bytes;
  return values.BYTES_PER_ELEMENT === 2 ? Buffer.from(bytes).swap16() : Buffer.from(bytes).swap32();
}
