import type { StoredValues, Tensor } from '../tensor.js';
import { elementBytes, type RawTensor } from './safetensors.js';

const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * A tensor that stays in its storage form and is widened when its values are asked for. What was widened is kept
 * as long as someone uses it, so a loaded model costs its file size, not four times that.
 */
export class StoredTensor implements Tensor {
  readonly dtype: 'f32' | 'i32';
  readonly shape: readonly number[];
  readonly #raw: RawTensor;
  readonly #scale: RawTensor | undefined;
  #widened: WeakRef<Float32Array | Int32Array> | undefined;

  /**
   * @param scale - F32 [out channels], for I8: value = integer * scale of its output channel
   */
  constructor(raw: RawTensor, scale?: RawTensor) {
    this.dtype = raw.type === 'I32' ? 'i32' : 'f32';
    this.shape = raw.shape;
    this.#raw = raw;
    this.#scale = scale;
  }

  get data(): Float32Array | Int32Array {
    const kept = this.#widened?.deref();
    if (kept !== undefined) return kept;
    const values = this.#widen();
    this.#widened = new WeakRef(values);
    return values;
  }

  get stored(): StoredValues | undefined {
    const { type, bytes } = this.#raw;
    if (type === 'F16') return { type: 'f16', bytes };
    if (type === 'I8') return { type: 'i8', bytes, scale: float32Values(this.#scale!) };
    return undefined;
  }

  #widen(): Float32Array | Int32Array {
    switch (this.#raw.type) {
      case 'F32':
        return float32Values(this.#raw);
      case 'I32': {
        const { buffer, byteOffset, length } = nativeBytes(this.#raw);
        return new Int32Array(buffer, byteOffset, length / 4);
      }
      case 'F16':
        return widenHalf(this.#raw);
      case 'I8':
        return widenScaled(this.#raw, float32Values(this.#scale!));
    }
  }
}

/** The bytes in the host's order and aligned to their element: as they are where possible, else a copy. */
function nativeBytes(raw: RawTensor): Uint8Array<ArrayBuffer> {
  const size = elementBytes[raw.type];
  const { bytes } = raw;
  if (hostIsLittleEndian && bytes.byteOffset % size === 0) return bytes as Uint8Array<ArrayBuffer>;
  const copy = new Uint8Array(bytes);
  if (!hostIsLittleEndian) for (let i = 0; i < copy.length; i += size) copy.subarray(i, i + size).reverse();
  return copy;
}

function float32Values(raw: RawTensor): Float32Array {
  const { buffer, byteOffset, length } = nativeBytes(raw);
  return new Float32Array(buffer, byteOffset, length / 4);
}

function widenHalf(raw: RawTensor): Float32Array {
  const { buffer, byteOffset, length } = nativeBytes(raw);
  const halves = new Uint16Array(buffer, byteOffset, length / 2);
  const table = halfTable();
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) values[i] = table[halves[i]!]!;
  return values;
}

/** The product of an 8-bit integer and a binary32 scale, rounded once. */
function widenScaled(raw: RawTensor, scale: Float32Array): Float32Array {
  const { buffer, byteOffset, length } = raw.bytes;
  const integers = new Int8Array(buffer, byteOffset, length);
  const values = new Float32Array(length);
  const inner = length / scale.length;
  for (let channel = 0, i = 0; channel < scale.length; channel++) {
    const factor = scale[channel]!;
    for (const end = i + inner; i < end; i++) values[i] = integers[i]! * factor;
  }
  return values;
}

let halves: Float32Array | undefined;

/** Value of every binary16 pattern; all are exact in binary32. Looking up is four times as fast as computing. */
function halfTable(): Float32Array {
  if (halves !== undefined) return halves;
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 32768; bits++) {
    const exponent = bits >> 10;
    const fraction = bits & 1023;
    let value: number;
    if (exponent === 0) value = fraction * 2 ** -24;
    else if (exponent < 31) value = (1024 + fraction) * 2 ** (exponent - 25);
    else value = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
    table[bits] = value;
    table[bits + 32768] = -value;
  }
  halves = table;
  return table;
}
