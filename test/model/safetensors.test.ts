import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ModelError } from '../../src/errors.js';
import { elementBytes, readSafetensors, type StoredType } from '../../src/model/safetensors.js';
import { assemble, bytesOf, type WrittenTensor, writeSafetensors } from './write-safetensors.js';

const tensorArbitrary = fc
  .tuple(fc.constantFrom<StoredType>('F32', 'F16', 'I32', 'I8'), fc.array(fc.nat(4), { maxLength: 3 }))
  .chain(([dtype, shape]) => {
    const length = shape.reduce((a, b) => a * b, elementBytes[dtype]);
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes): WrittenTensor => ({ dtype, shape, bytes }));
  });

test('reads what was written', () => {
  const names = fc.string({ minLength: 1 }).filter((name) => !name.startsWith('__'));
  fc.assert(
    fc.property(fc.dictionary(names, tensorArbitrary), fc.nat(9), (tensors, padding) => {
      const read = readSafetensors(writeSafetensors(tensors, padding), 'test');
      expect([...read.keys()].sort()).toEqual(Object.keys(tensors).sort());
      for (const [name, tensor] of read) {
        expect(tensor.type).toBe(tensors[name]!.dtype);
        expect(tensor.shape).toEqual(tensors[name]!.shape);
        expect([...tensor.bytes]).toEqual([...tensors[name]!.bytes]);
      }
    }),
  );
});

const one = { dtype: 'F32', shape: [1], bytes: new Uint8Array(4) };

describe('refuses', () => {
  const entry = (fields: object) => assemble(JSON.stringify({ a: fields }), [new Uint8Array(4)]);
  const good = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
  test.each<[string, Uint8Array]>([
    ['an empty file', new Uint8Array()],
    ['a header longer than the file', bytesOf(BigUint64Array.of(1n, 0n)).subarray(0, 8)],
    ['a header of 2^63 bytes', bytesOf(BigUint64Array.of(2n ** 63n, 0n))],
    ['a header that is not JSON', assemble('{"a"', [])],
    ['a header that is not UTF-8', new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 0xff])],
    ['a header that is a list', assemble('[]', [])],
    ['a tensor that is null', assemble('{"a":null}', [])],
    ['an unknown element type', entry({ ...good, dtype: 'BF16' })],
    ['an element type of the language', entry({ ...good, dtype: 'toString' })],
    ['a negative extent', entry({ ...good, shape: [-1] })],
    ['a fractional extent', entry({ ...good, shape: [0.5] })],
    ['too many dimensions', entry({ ...good, shape: [1, 1, 1, 1, 1, 1, 1, 1, 1] })],
    ['a shape that needs more bytes', entry({ ...good, shape: [2] })],
    ['extents whose product overflows', entry({ ...good, shape: [2 ** 53 - 1, 2 ** 53 - 1] })],
    ['one offset', entry({ ...good, data_offsets: [0] })],
    ['offsets past the end', entry({ ...good, data_offsets: [4, 8] })],
    ['offsets in reverse', entry({ ...good, data_offsets: [4, 0] })],
    ['bytes of no tensor', assemble('{}', [new Uint8Array(1)])],
    ['a gap', assemble(JSON.stringify({ a: { ...good, data_offsets: [1, 5] } }), [new Uint8Array(5)])],
    ['overlapping tensors', assemble(JSON.stringify({ a: good, b: good }), [new Uint8Array(4)])],
  ])('%s', (_what, file) => {
    expect(() => readSafetensors(file, 'test.safetensors')).toThrow(
      expect.objectContaining({ name: 'ModelError', code: 'bad-weights' }),
    );
  });

  test('every truncation', () => {
    const file = writeSafetensors({ a: one, b: one });
    for (let length = 0; length < file.length; length++) {
      expect(() => readSafetensors(file.subarray(0, length), 'test')).toThrow(ModelError);
    }
  });
});

test('takes empty tensors and scalars, and does not trip over a name of the language', () => {
  const file = writeSafetensors({
    constructor: { dtype: 'F32', shape: [], bytes: bytesOf(Float32Array.of(7)) },
    empty: { dtype: 'I8', shape: [0, 3], bytes: new Uint8Array() },
  });
  const read = readSafetensors(file, 'test');
  expect(read.get('constructor')!.shape).toEqual([]);
  expect(read.get('empty')!.bytes.length).toBe(0);
  expect(read.get('toString')).toBeUndefined();
});
