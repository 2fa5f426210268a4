import { ModelError } from '../errors.js';

/** Element types of stored tensors, by their safetensors names, with their size in bytes. */
export const elementBytes = { F32: 4, F16: 2, I32: 4, I8: 1 } as const;

/** Element type of a stored tensor. */
export type StoredType = keyof typeof elementBytes;

/** A tensor as it lies in the file: little-endian, row-major. */
export interface RawTensor {
  readonly type: StoredType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** More than any header a release has; keeps a damaged length from being parsed as text. */
const MAX_HEADER_BYTES = 2 ** 24;
const MAX_RANK = 8;

/**
 * Reads a safetensors file: 8 bytes of header length, a JSON header, then the data, which tensors must cover
 * from the first byte to the last without gap or overlap. Tensors are views of `file`.
 *
 * @param where - path of the file, for messages
 * @param isIgnored - tensors that nobody reads and that may have any element type; they are left out
 * @throws ModelError `bad-weights`
 */
export function readSafetensors(
  file: Uint8Array,
  where: string,
  isIgnored: (name: string) => boolean = () => false,
): Map<string, RawTensor> {
  const fail = (message: string): never => {
    throw new ModelError('bad-weights', `${where}: ${message}`);
  };
  if (file.length < 8) return fail('too short for a safetensors file');
  const declared = new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true);
  if (declared > BigInt(Math.min(MAX_HEADER_BYTES, file.length - 8))) {
    return fail(`the header claims ${declared} bytes of ${file.length}`);
  }
  const headerEnd = 8 + Number(declared);
  let header: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(8, headerEnd));
    header = JSON.parse(text);
  } catch (cause) {
    throw new ModelError('bad-weights', `${where}: the header is not JSON`, { cause });
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    return fail('the header is not an object');
  }
  const data = file.subarray(headerEnd);
  const tensors = new Map<string, RawTensor>();
  const ranges: { name: string; from: number; to: number }[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
    if (isIgnored(name) && isCounts(offsets) && offsets.length === 2) {
      ranges.push({ name, from: offsets[0]!, to: offsets[1]! });
      continue;
    }
    if (typeof dtype !== 'string' || !Object.hasOwn(elementBytes, dtype)) {
      return fail(`${name} has the element type ${String(dtype)}; this reads ${Object.keys(elementBytes)}`);
    }
    if (!isCounts(shape) || shape.length > MAX_RANK) return fail(`${name} has no usable shape`);
    if (!isCounts(offsets) || offsets.length !== 2) return fail(`${name} has no usable data_offsets`);
    const [from, to] = offsets as [number, number];
    const type = dtype as StoredType;
    const wanted = shape.reduce((a, b) => a * b, elementBytes[type]);
    if (to - from !== wanted) return fail(`${name} has ${to - from} bytes where its shape needs ${wanted}`);
    if (to > data.length) return fail(`${name} ends at byte ${to} of ${data.length}`);
    tensors.set(name, { type, shape, bytes: data.subarray(from, to) });
    ranges.push({ name, from, to });
  }
  let end = 0;
  for (const range of ranges.sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (range.from !== end) return fail(`${range.name} starts at byte ${range.from}, not at ${end}`);
    end = range.to;
  }
  if (end !== data.length) return fail(`${data.length - end} bytes belong to no tensor`);
  return tensors;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
