import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BackendError, ModelError, UsageError } from '../../src/errors.js';
import { gainsAt } from '../../src/hyperprior/gains.js';
import { dequantiseLatents, quantiseLatents, tableIndexes } from '../../src/hyperprior/quantiser.js';
import type { Tensor } from '../../src/tensor.js';

function gainTensors(log2: number[][], perOctave = 6): Map<string, Tensor> {
  const tensor = (values: number[], ...shape: number[]): Tensor => ({
    dtype: 'f32',
    shape,
    data: Float32Array.from(values),
  });
  const shape = [log2.length, log2[0]!.length];
  return new Map([
    ['gain.log2', tensor(log2.flat(), ...shape)],
    [
      'gain.log2_inverse',
      tensor(
        log2.flat().map((v) => -v),
        ...shape,
      ),
    ],
    ['gain.index_per_octave', tensor([perOctave], 1)],
  ]);
}

describe('gains', () => {
  const tensors = gainTensors([
    [-2, -1.5],
    [-1, 0],
    [1, 2],
    [4, 2.5],
  ]);

  test('are the levels themselves at their positions', () => {
    const first = gainsAt(tensors, 0);
    expect([...first.gain]).toEqual([0.25, Math.fround(2 ** -1.5)]);
    expect([...first.inverseGain]).toEqual([4, Math.fround(2 ** 1.5)]);
    expect([...first.indexOffset]).toEqual([-12, -9]);
    expect(gainsAt(tensors, 2047).gain[0]).toBe(16);
  });

  test('grow with the position without a step', () => {
    let previous = gainsAt(tensors, 0);
    for (let position = 1; position <= 2047; position++) {
      const next = gainsAt(tensors, position);
      next.gain.forEach((gain, c) => {
        const ratio = gain / previous.gain[c]!;
        expect(ratio > 1 && ratio < 1.01).toBe(true);
      });
      previous = next;
    }
  });

  test('are refused for positions and tensors that make no sense', () => {
    for (const position of [-1, 2048, 1.5, Number.NaN]) {
      expect(() => gainsAt(tensors, position)).toThrow(UsageError);
    }
    expect(() => gainsAt(gainTensors([[17], [0]]), 0)).toThrow(ModelError);
    expect(() => gainsAt(gainTensors([[Number.NaN], [0]]), 0)).toThrow(ModelError);
    const uneven = gainTensors([[1], [0]]);
    uneven.set('gain.log2_inverse', gainTensors([[1]]).get('gain.log2_inverse')!);
    expect(() => gainsAt(uneven, 0)).toThrow(ModelError);
    uneven.delete('gain.index_per_octave');
    expect(() => gainsAt(uneven, 0)).toThrow(/gain/);
  });
});

test('table indexes stay within 0..63 whatever the scale is', () => {
  const float = fc.float();
  fc.assert(
    fc.property(fc.array(fc.tuple(float, float), { minLength: 1 }), (pairs) => {
      const scale = Float32Array.from(pairs.map(([s]) => s));
      const offset = Float32Array.from(pairs.map(([, o]) => o));
      const indexes = tableIndexes(scale, offset);
      pairs.forEach((_, i) => {
        const sum = Math.fround(Math.fround(scale[i]! + offset[i]!) + 0.5);
        const expected = Number.isNaN(sum) ? 0 : Math.max(0, Math.min(63, Math.floor(sum)));
        expect(indexes[i]).toBe(expected);
      });
    }),
  );
});

test('quantising and back moves a latent by at most half a step', () => {
  const value = fc.float({ min: -1000, max: 1000, noNaN: true });
  const gain = fc.float({ min: Math.fround(0.01), max: 100, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value, gain), { minLength: 1 }), (rows) => {
      const y = Float32Array.from(rows.map((row) => row[0]));
      const mean = Float32Array.from(rows.map((row) => row[1]));
      const gains = Float32Array.from(rows.map((row) => row[2]));
      const inverse = gains.map((g) => 1 / g);
      const back = dequantiseLatents(quantiseLatents(y, mean, gains), mean, gains, inverse);
      back.forEach((v, i) => {
        expect(Math.abs(v - y[i]!)).toBeLessThan(0.51 / gains[i]! + 0.01);
      });
    }),
  );
});

test('a latent that is no number is an error, an infinite one the largest symbol', () => {
  const one = Float32Array.of(1);
  const zero = Float32Array.of(0);
  expect(() => quantiseLatents(Float32Array.of(Number.NaN), zero, one)).toThrow(BackendError);
  expect([...quantiseLatents(Float32Array.of(Number.POSITIVE_INFINITY), zero, one)]).toEqual([4194304]);
  expect([...quantiseLatents(Float32Array.of(Number.NEGATIVE_INFINITY), zero, one)]).toEqual([-4194304]);
});

test('lengths that do not fit are refused', () => {
  const [two, three] = [new Float32Array(2), new Float32Array(3)];
  expect(() => tableIndexes(three, two)).toThrow(UsageError);
  expect(() => tableIndexes(two, two, new Uint8Array(3))).toThrow(UsageError);
  expect(() => tableIndexes(two, new Float32Array())).toThrow(UsageError);
  expect(() => quantiseLatents(two, three, two)).toThrow(UsageError);
  expect(() => dequantiseLatents(new Int32Array(2), two, two, three)).toThrow(UsageError);
});
