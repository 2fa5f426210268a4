import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { type HyperSynthesis, openHyperSynthesis } from '../../src/hyperprior/hyper-synthesis.js';
import type { TensorMap } from '../../src/tensor.js';
import { randomCodecModel } from '../latents/random-codec-model.js';
import { CoreHost } from '../wasm/core-host.js';
import { anyShape, randomHyperSynthesis, randomSource, type Shape, tileOf } from './random-model.js';

const small: Shape = { hyperChannels: 5, latentChannels: 7, widths: [64, 32, 32] };

function bits(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

function randomLatents(length: number, seed: number, size: number): Int32Array {
  const random = randomSource(seed);
  return Int32Array.from({ length }, () => Math.round(random() * size));
}

/** What predicts: the tile core and its twin, with one model. */
type Engines = [Pick<HyperSynthesis, 'run' | 'latentChannels'>, HyperSynthesis];

async function both(tensors: TensorMap): Promise<Engines> {
  const twin = openHyperSynthesis(tensors);
  const host = await CoreHost.open();
  expect(host.load(tensors)).toBe(0);
  const run: HyperSynthesis['run'] = (z, { latentHeight, latentWidth }) => {
    host.write('hyperSymbols', z);
    expect(host.core.predict(latentHeight, latentWidth)).toBe(0);
    const count = latentHeight * latentWidth * twin.latentChannels;
    return { mean: host.floats('mean', count), scale: host.floats('scale', count) };
  };
  return [{ run, latentChannels: twin.latentChannels }, twin];
}

function expectSameBits([wasm, twin]: Engines, z: Int32Array, h: number, w: number) {
  const tile = tileOf(h, w);
  const a = wasm.run(z, tile);
  const b = twin.run(z, tile);
  expect(a.mean.length).toBe(h * w * wasm.latentChannels);
  expect(bits(a.mean).equals(bits(b.mean))).toBe(true);
  expect(bits(a.scale).equals(bits(b.scale))).toBe(true);
  for (const values of [a.mean, a.scale]) {
    expect(values.every((v) => Math.abs(v) <= 65536)).toBe(true);
  }
  return a;
}

describe('WebAssembly and TypeScript give the same bits', () => {
  test('over random widths, grids and magnitudes', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyShape(4),
        fc.integer({ min: 1, max: 14 }),
        fc.integer({ min: 1, max: 14 }),
        fc.constantFrom(1, 6, 200, 2 ** 31 - 1),
        fc.integer(),
        async (shape, h, w, size, seed) => {
          const engines = await both(randomCodecModel(shape, seed));
          const tile = tileOf(h, w);
          const length = tile.hyperHeight * tile.hyperWidth * shape.hyperChannels;
          expectSameBits(engines, randomLatents(length, seed, size), h, w);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('on a full tile after a small one, in either order', async () => {
    const engines = await both(randomCodecModel(small, 3));
    const full = randomLatents(64 * 5, 1, 4);
    const first = expectSameBits(engines, full, 32, 32);
    expectSameBits(engines, randomLatents(5, 2, 4), 1, 1);
    expectSameBits(engines, randomLatents(8 * 5, 2, 4), 1, 32);
    const again = expectSameBits(engines, full, 32, 32);
    // Nothing of another tile is left in the working memory.
    expect(bits(again.mean).equals(bits(first.mean))).toBe(true);
  });
});

test('int32 extremes and everything beyond 2^15 count as the clamped value', async () => {
  const engines = await both(randomCodecModel(small, 4));
  const extreme = Int32Array.from([2147483647, -2147483648, 32768, -32769, 0]);
  const clamped = Int32Array.from([32767, -32768, 32767, -32768, 0]);
  const a = expectSameBits(engines, extreme, 3, 4);
  const b = expectSameBits(engines, clamped, 3, 4);
  expect(bits(a.mean).equals(bits(b.mean))).toBe(true);
  expect(bits(a.scale).equals(bits(b.scale))).toBe(true);
});

test('the largest weights a model may have still give numbers', async () => {
  const shape: Shape = { hyperChannels: 3, latentChannels: 2, widths: [64, 64, 64] };
  for (const sign of ['same', 'mixed']) {
    const random = randomSource(9);
    const tensors = randomCodecModel(shape, 1);
    for (const [name, tensor] of tensors) {
      if (!name.startsWith('hs.')) continue;
      for (let i = 0; i < tensor.data.length; i++) {
        tensor.data[i] = sign === 'same' || random() > 0 ? 256 : -256;
      }
    }
    expectSameBits(
      await both(tensors),
      Int32Array.from({ length: 12 }, () => 2 ** 31 - 1),
      6,
      7,
    );
  }
});

describe('refusals', () => {
  test('a model whose tensors are missing, misshapen, too large or not finite', () => {
    const breakages: [string, (t: ReturnType<typeof randomHyperSynthesis>) => void][] = [
      ['missing-tensor', (t) => t.delete('hs.vit2.mlp2.bias')],
      ['bad-tensor', (t) => t.set('hs.cpe1.bias', { dtype: 'f32', shape: [3], data: new Float32Array(3) })],
      ['bad-tensor', (t) => t.set('hs.cpe1.bias', { dtype: 'i32', shape: [64], data: new Int32Array(64) })],
      ['bad-tensor', (t) => t.set('hs.cpe1.bias', { dtype: 'f32', shape: [64], data: new Float32Array(63) })],
      ['bad-tensor', (t) => t.set('hs.in.weight', { dtype: 'f32', shape: [0, 0], data: new Float32Array() })],
      ['bad-tensor', (t) => (t.get('hs.out.weight')!.data[3] = Number.NaN)],
      ['bad-tensor', (t) => (t.get('hs.vit1.norm2.weight')!.data[3] = Number.POSITIVE_INFINITY)],
      ['bad-tensor', (t) => (t.get('hs.up2.bias')!.data[0] = 257)],
    ];
    for (const [code, breakIt] of breakages) {
      const tensors = randomHyperSynthesis(small, 1);
      breakIt(tensors);
      expect(() => openHyperSynthesis(tensors)).toThrow(
        expect.objectContaining({ name: 'ModelError', code }),
      );
    }
  });

  test('a width that is no multiple of 32', () => {
    const tensors = randomHyperSynthesis({ ...small, widths: [48, 32, 32] }, 1);
    expect(() => openHyperSynthesis(tensors)).toThrow(/multiples of 32/);
  });

  test('a tile of another size, and use after dispose', () => {
    const synthesis = openHyperSynthesis(randomHyperSynthesis(small, 1));
    const z = new Int32Array(5);
    expect(() => synthesis.run(z, tileOf(33, 1))).toThrow(UsageError);
    expect(() => synthesis.run(z, tileOf(0, 1))).toThrow(UsageError);
    expect(() => synthesis.run(z, { ...tileOf(4, 4), hyperWidth: 2 })).toThrow(UsageError);
    expect(() => synthesis.run(z, tileOf(5, 4))).toThrow(/where the tile has 10/);
    synthesis.dispose();
    expect(() => synthesis.run(z, tileOf(4, 4))).toThrow(/disposed/);
  });
});
