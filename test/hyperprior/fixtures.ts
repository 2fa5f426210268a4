import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Tensor } from '../../src/tensor.js';

const folder = new URL('../../fixtures/hyper-synthesis/', import.meta.url);

/** Bytes of a file of fixtures/hyper-synthesis. */
export function readFixture(name: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(readFileSync(new URL(name, folder)));
}

/** A JSON file of fixtures/hyper-synthesis. */
export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as T;
}

/** Symbols of hyper-latents and the predictions made of them. */
export function readSynthesisVectors() {
  return readVectors<{
    vectors: {
      name: string;
      latentHeight: number;
      latentWidth: number;
      z: number[];
      meanSha256: string;
      scaleSha256: string;
      mean?: string;
      scale?: string;
    }[];
  }>('hyper-synthesis.json').vectors;
}

/** Positions on the quality scale and the gains there. */
export function readGainVectors() {
  return readVectors<{
    vectors: {
      name: string;
      levels: number;
      log2: string;
      log2Inverse: string;
      indexPerOctave: string;
      position: number;
      gain: string;
      inverseGain: string;
      indexOffset: string;
    }[];
  }>('gains.json').vectors;
}

/** Changes of the seeded model and the codes they are refused with. */
export function readModelRefusals() {
  return readVectors<{
    vectors: { name: string; tensor: string; shape?: number[]; bits?: string; code: string }[];
  }>('model-refusals.json').vectors;
}

/** Binary32 values from the hexadecimal digits of their little-endian bits. */
export function floats(digits: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(digits, 'hex'));
  return new Float32Array(bytes.buffer);
}

/** Hexadecimal digits of the little-endian bits. */
export function hex(values: Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('hex');
}

/** SHA-256 of the little-endian bytes. */
export function sha256(values: Float32Array | Int32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex');
}

/** The seeded model of the vectors; a reader of its own, so that these tests need no other part. */
export function readModel(): { decodeId: string; tensors: Map<string, Tensor> } {
  const manifest = readVectors<{ decodeId: string; weights: { file: string }[] }>('model/manifest.json');
  const bytes = readFixture(`model/${manifest.weights[0]!.file}`);
  const headerEnd = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(Buffer.from(bytes.subarray(8, headerEnd)).toString()) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    const part = bytes.slice(headerEnd + data_offsets[0], headerEnd + data_offsets[1]).buffer;
    if (dtype === 'I32') tensors.set(name, { dtype: 'i32', shape, data: new Int32Array(part) });
    else {
      const data = dtype === 'F32' ? new Float32Array(part) : Float32Array.from(new Uint16Array(part), half);
      tensors.set(name, { dtype: 'f32', shape, data });
    }
  }
  return { decodeId: manifest.decodeId, tensors };
}

/** The value of a binary16. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) throw new Error('weights are finite');
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
