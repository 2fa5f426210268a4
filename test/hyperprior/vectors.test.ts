import { describe, expect, test } from 'vitest';
import { exp2 } from '../../src/hyperprior/exp2.js';
import { gainsAt } from '../../src/hyperprior/gains.js';
import { openHyperSynthesis } from '../../src/hyperprior/hyper-synthesis.js';
import { dequantiseLatents, quantiseLatents, tableIndexes } from '../../src/hyperprior/quantiser.js';
import type { Tensor } from '../../src/tensor.js';
import {
  floats,
  hex,
  readGainVectors,
  readModel,
  readModelRefusals,
  readSynthesisVectors,
  readVectors,
  sha256,
} from './fixtures.js';

// The numpy reference wrote these vectors; neither side shares code with the other.

describe('hyper-synthesis', () => {
  const opened = openHyperSynthesis(readModel().tensors);

  test.each(readSynthesisVectors())('$name', (vector) => {
    const { latentHeight, latentWidth } = vector;
    const { mean, scale } = opened.run(Int32Array.from(vector.z), {
      latentHeight,
      latentWidth,
      hyperHeight: Math.ceil(latentHeight / 4),
      hyperWidth: Math.ceil(latentWidth / 4),
    });
    // The bits first where the vector has them: they show what differs.
    if (vector.mean !== undefined) expect(hex(mean)).toBe(vector.mean);
    if (vector.scale !== undefined) expect(hex(scale)).toBe(vector.scale);
    expect(sha256(mean)).toBe(vector.meanSha256);
    expect(sha256(scale)).toBe(vector.scaleSha256);
  });
});

test('2^v', () => {
  const { vectors } = readVectors<{ vectors: { v: string; exp2: string }[] }>('exp2.json');
  for (const { v, exp2: expected } of vectors) {
    const arguments_ = floats(v);
    const powers = arguments_.map(exp2);
    expect(hex(powers)).toBe(expected);
    powers.forEach((power, i) => {
      expect(Math.abs(power / 2 ** arguments_[i]! - 1)).toBeLessThan(1.2e-7);
    });
  }
});

describe('gains', () => {
  test.each(readGainVectors())('$name', (vector) => {
    const tensor = (digits: string, ...shape: number[]): Tensor => ({
      dtype: 'f32',
      shape,
      data: floats(digits),
    });
    const tensors = new Map([
      ['gain.log2', tensor(vector.log2, vector.levels, 3)],
      ['gain.log2_inverse', tensor(vector.log2Inverse, vector.levels, 3)],
      ['gain.index_per_octave', tensor(vector.indexPerOctave)],
    ]);
    const { gain, inverseGain, indexOffset } = gainsAt(tensors, vector.position);
    expect(hex(gain)).toBe(vector.gain);
    expect(hex(inverseGain)).toBe(vector.inverseGain);
    expect(hex(indexOffset)).toBe(vector.indexOffset);
  });
});

test('table indexes, symbols and decoded latents', () => {
  const v =
    readVectors<Record<'scale' | 'indexOffset' | 'y' | 'mean' | 'gain' | 'inverseGain' | 'decoded', string>>(
      'quantiser.json',
    );
  const numbers = readVectors<Record<'indexes' | 'symbols' | 'symbolsAtGain1', number[]>>('quantiser.json');
  expect([...tableIndexes(floats(v.scale), floats(v.indexOffset))]).toEqual(numbers.indexes);

  const [y, mean, gain] = [floats(v.y), floats(v.mean), floats(v.gain)];
  const symbols = quantiseLatents(y, mean, gain);
  expect([...symbols]).toEqual(numbers.symbols);
  expect([...quantiseLatents(y, mean, Float32Array.of(1, 1, 1))]).toEqual(numbers.symbolsAtGain1);
  expect(hex(dequantiseLatents(symbols, mean, gain, floats(v.inverseGain)))).toBe(v.decoded);
});

describe('refused models', () => {
  test.each(readModelRefusals())('$name', ({ tensor: name, shape, bits, code }) => {
    const { tensors } = readModel();
    const original = tensors.get(name)!;
    tensors.delete(name);
    if (shape !== undefined) {
      tensors.set(name, { dtype: 'f32', shape, data: new Float32Array(shape.reduce((a, b) => a * b)) });
    } else if (bits !== undefined) {
      original.data[original.data.length - 1] = floats(bits)[0]!;
      tensors.set(name, original);
    }
    const open = () => {
      openHyperSynthesis(tensors);
      gainsAt(tensors, 0);
    };
    expect(open).toThrow(expect.objectContaining({ name: 'ModelError', code }));
  });
});
