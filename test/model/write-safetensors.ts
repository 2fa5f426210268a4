/** A tensor to be written: type, shape, bytes. */
export interface WrittenTensor {
  dtype: string;
  shape: number[];
  bytes: Uint8Array;
}

/** Writes a safetensors file, its header padded with `padding` spaces. */
export function writeSafetensors(tensors: Record<string, WrittenTensor>, padding = 0): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { made: 'for a test' } };
  let offset = 0;
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
  }
  return assemble(
    JSON.stringify(header) + ' '.repeat(padding),
    Object.values(tensors).map(({ bytes }) => bytes),
  );
}

/** Puts a header text and data together. */
export function assemble(header: string, data: readonly Uint8Array[]): Uint8Array {
  const text = Buffer.from(header, 'utf8');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return new Uint8Array(Buffer.concat([length, text, ...data]));
}

/** Bytes of a typed array. */
export function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
