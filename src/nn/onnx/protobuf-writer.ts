import { joinBytes } from '../../bytes/join-bytes.js';

/** Values of at least this many bytes are kept as they are instead of byte by byte. */
const CHUNK_BYTES = 1024;

/**
 * Writes protocol buffer messages (https://protobuf.dev/programming-guides/encoding/): only the wire types ONNX needs.
 * Small values collect in a plain array, weights as chunks.
 */
export class ProtobufWriter {
  readonly #chunks: Uint8Array[] = [];
  #bytes: number[] = [];

  /** A non-negative integer up to 2^53. */
  integer(field: number, value: number): this {
    this.#key(field, 0);
    this.#varint(value);
    return this;
  }

  /** Several integers of one field, packed; negative ones as ten bytes of two's complement. */
  integers(field: number, values: readonly number[]): this {
    const packed = new ProtobufWriter();
    for (const value of values) packed.#signedVarint(value);
    return this.bytes(field, packed.finish());
  }

  /** A signed integer. */
  signed(field: number, value: number): this {
    this.#key(field, 0);
    this.#signedVarint(value);
    return this;
  }

  /** A binary32 number. */
  float(field: number, value: number): this {
    this.#key(field, 5);
    const view = new DataView(new ArrayBuffer(4));
    view.setFloat32(0, value, true);
    for (let i = 0; i < 4; i++) this.#bytes.push(view.getUint8(i));
    return this;
  }

  /** Text, as UTF-8. */
  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  /** Bytes, or an embedded message that is already written. */
  bytes(field: number, value: Uint8Array): this {
    this.#key(field, 2);
    this.#varint(value.length);
    if (value.length < CHUNK_BYTES) for (const byte of value) this.#bytes.push(byte);
    else {
      this.#chunks.push(Uint8Array.from(this.#bytes), value);
      this.#bytes = [];
    }
    return this;
  }

  /** An embedded message. */
  message(field: number, write: (writer: ProtobufWriter) => void): this {
    const inner = new ProtobufWriter();
    write(inner);
    return this.bytes(field, inner.finish());
  }

  /** Everything written so far. */
  finish(): Uint8Array {
    return joinBytes([...this.#chunks, Uint8Array.from(this.#bytes)]);
  }

  #key(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.#bytes.push((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    this.#bytes.push(rest);
  }

  #signedVarint(value: number): void {
    if (value >= 0) {
      this.#varint(value);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 128n) {
      this.#bytes.push(Number(rest % 128n) + 128);
      rest /= 128n;
    }
    this.#bytes.push(Number(rest));
  }
}
