import { expect, test } from 'vitest';
import type { RawTensor, StoredType } from '../../src/model/safetensors.js';
import { StoredTensor } from '../../src/model/stored-tensor.js';
import { bytesOf } from './write-safetensors.js';

const raw = (type: StoredType, values: ArrayBufferView, shape: number[]): RawTensor => ({
  type,
  shape,
  bytes: bytesOf(values),
});

test('half precision widens exactly', () => {
  // IEEE 754-2019, table 3.5: largest, smallest normal and subnormal numbers, one and its successor, signs.
  const known: [number, number][] = [
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -24],
    [0x03ff, 2 ** -14 - 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x3c00, 1],
    [0x3c01, 1 + 2 ** -10],
    [0xc000, -2],
    [0x7bff, 65504],
    [0xfbff, -65504],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
    [0x7e00, Number.NaN],
  ];
  const tensor = new StoredTensor(
    raw(
      'F16',
      Uint16Array.from(known, ([bits]) => bits),
      [known.length],
    ),
  );
  expect(tensor.dtype).toBe('f32');
  for (const [i, [, value]] of known.entries()) expect(tensor.data[i]).toBe(value);
});

test('all finite halves differ from their neighbours by one step of their exponent', () => {
  const bits = Uint16Array.from({ length: 0x7c00 }, (_, i) => i);
  const { data } = new StoredTensor(raw('F16', bits, [bits.length]));
  for (let i = 1; i < data.length; i++) {
    const step = 2 ** (Math.max((i - 1) >> 10, 1) - 25);
    expect(data[i]! - data[i - 1]!).toBe(step);
  }
});

test('8-bit integers are multiplied with the scale of their output channel, rounded once', () => {
  const scale = Float32Array.of(0.1, 3);
  const tensor = new StoredTensor(
    raw('I8', Int8Array.of(-127, 0, 127, -1, 1, 2), [2, 3, 1]),
    raw('F32', scale, [2]),
  );
  const expected = [-127, 0, 127].map((n) => Math.fround(n * scale[0]!));
  expect([...tensor.data]).toEqual([...expected, -3, 3, 6]);
});

test('floats and integers are views where the file is aligned, copies where it is not', () => {
  const file = new Uint8Array(24);
  new DataView(file.buffer).setFloat32(8, 1.5, true);
  new DataView(file.buffer).setFloat32(17, -2.5, true);
  const at = (from: number): RawTensor => ({ type: 'F32', shape: [1], bytes: file.subarray(from, from + 4) });
  const aligned = new StoredTensor(at(8)).data;
  expect(aligned[0]).toBe(1.5);
  expect(aligned.buffer).toBe(file.buffer);
  expect(new StoredTensor(at(17)).data[0]).toBe(-2.5);
  const integers = new StoredTensor(raw('I32', Int32Array.of(-5, 2 ** 31 - 1), [2]));
  expect([integers.dtype, ...integers.data]).toEqual(['i32', -5, 2 ** 31 - 1]);
});

test('values that are in use are not widened again', () => {
  const tensor = new StoredTensor(raw('F16', Uint16Array.of(0x3c00), [1]));
  const { data } = tensor;
  expect(tensor.data).toBe(data);
});
