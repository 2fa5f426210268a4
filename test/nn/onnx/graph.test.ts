import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OnnxGraph } from '../../../src/nn/onnx/graph.js';
import { ProtobufWriter } from '../../../src/nn/onnx/protobuf-writer.js';
import type { Tensor } from '../../../src/tensor.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('writes the examples of the protocol buffer documentation', () => {
  expect(hex(new ProtobufWriter().integer(1, 150).finish())).toBe('089601');
  expect(hex(new ProtobufWriter().text(2, 'testing').finish())).toBe('120774657374696e67');
  expect(hex(new ProtobufWriter().message(3, (inner) => inner.integer(1, 150)).finish())).toBe('1a03089601');
  expect(hex(new ProtobufWriter().integers(6, [3, 270, 86942]).finish())).toBe('3206038e029ea705');
});

test('writes negative integers as ten bytes and floats little-endian', () => {
  expect(hex(new ProtobufWriter().signed(1, -2).finish())).toBe('08feffffffffffffffff01');
  expect(hex(new ProtobufWriter().integers(1, [-1]).finish())).toBe('0a0affffffffffffffffff01');
  expect(hex(new ProtobufWriter().float(2, 1).finish())).toBe('150000803f');
  expect(hex(new ProtobufWriter().integer(16, 2 ** 40).finish())).toBe('8001808080808020');
});

test('varints decode to the number written', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const [, ...bytes] = new ProtobufWriter().integer(1, value).finish();
      const decoded = bytes.reduce((sum, byte, i) => sum + BigInt(byte & 127) * 2n ** BigInt(7 * i), 0n);
      expect(decoded).toBe(BigInt(value));
      expect(bytes.every((byte, i) => byte >= 128 === i < bytes.length - 1)).toBe(true);
    }),
  );
});

test('a graph holds each constant once and asks for its values once', () => {
  const graph = new OnnxGraph();
  let asked = 0;
  const tensor: Tensor = {
    dtype: 'f32',
    shape: [2],
    get data() {
      asked++;
      return Float32Array.of(1, 2);
    },
  };
  const first = graph.weight('a', [2], tensor);
  expect(graph.weight('a', [2], tensor)).toBe(first);
  expect(graph.weight('a', [2, 1], tensor)).not.toBe(first);
  expect(graph.integers([1, 2])).toBe(graph.integers([1, 2]));
  expect(graph.scalar(1)).not.toBe(graph.integers([1]));
  expect(asked).toBe(2);
  const { external, model } = graph.finish();
  expect(external.map((entry) => entry.data.byteLength)).toEqual([8, 8]);
  // Weights lie outside: the model names them and stays small.
  expect(model.length).toBeLessThan(300);
});

test('weights are handed over as they lie in memory', () => {
  const graph = new OnnxGraph();
  const values = new Float32Array(new ArrayBuffer(64), 16, 4);
  graph.weight('a', [4], { dtype: 'f32', shape: [4], data: values });
  const [entry] = graph.finish().external;
  expect(entry!.data.buffer).toBe(values.buffer);
  expect([entry!.data.byteOffset, entry!.data.byteLength]).toEqual([16, 16]);
});
