import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { latentCostBits } from '../../src/entropy/symbol-cost.js';
import { tileGrid } from '../../src/geometry.js';
import { openHyperpriorCodec } from '../../src/latents/hyperprior-codec.js';
import type { LatentCodec } from '../../src/latents/latent-codec.js';
import type { TensorMap } from '../../src/tensor.js';
import { loadFolder } from '../model/load-folder.js';
import { TINY_MODEL } from '../session/helpers.js';

let tensors: TensorMap;
let codec: LatentCodec;

beforeAll(async () => {
  ({ tensors } = await loadFolder(TINY_MODEL));
  codec = await openHyperpriorCodec(tensors);
});
afterAll(() => codec.dispose());

const tile = tileGrid(100, 60).tile(0);

function maps(amplitude: number) {
  const map = (height: number, width: number, channels: number, seed: number) => ({
    ...{ height, width, channels },
    data: Float32Array.from(
      { length: height * width * channels },
      (_, i) => amplitude * Math.sin(seed * (i + 1)),
    ),
  });
  return {
    y: map(tile.latentHeight, tile.latentWidth, codec.latentChannels, 1.7),
    z: map(tile.hyperHeight, tile.hyperWidth, codec.hyperChannels, 0.9),
  };
}

describe('the hyperprior codec', () => {
  test('gives back latents within half a step of the gain, and the same integers at every position', () => {
    const { y, z } = maps(5);
    const analysed = codec.analyse(tile, { y, z });
    let last = Number.POSITIVE_INFINITY;
    for (const position of [0, 700, 2047]) {
      const payload = analysed.encode(position);
      const decoded = codec.decode(payload, tile, position, 'tile 0');
      expect([...decoded.hyper.symbols]).toEqual([...z.data].map((value) => Math.round(value) + 0));
      const decodedY = decoded.latents();
      const error = decodedY.reduce((sum, value, i) => sum + (value - y.data[i]!) ** 2, 0) / decodedY.length;
      expect(error).toBeLessThan(last);
      last = error;
    }
  });

  test.each(['wasm', 'typescript'] as const)('codes symbols of another choice (%s)', async (engine) => {
    const own = await openHyperpriorCodec(tensors, '', { engine });
    const analysed = own.analyse(tile, maps(5));
    for (const position of [0, 900, 2047]) {
      const open = analysed.openSymbols(position);
      const nearest = Int32Array.from(open.values, Math.round);
      expect(open.encode(nearest)).toEqual(analysed.encode(position));
      const others = nearest.map((symbol, i) => symbol + ((i * 7) % 5) - 2);
      const payload = open.encode(others);
      const decoded = own.decode(payload, tile, position, 'tile 0');
      expect(decoded.latent.symbols).toEqual(others);
      const latents = open.latentsOf(others);
      const wrong = decoded
        .latents()
        .filter((value, i) => Math.abs(value - latents[i]!) > 1e-5 * Math.abs(value) + 1e-6);
      expect(wrong).toHaveLength(0);
      const bits = others.reduce((sum, symbol, i) => sum + open.price(symbol, i), 0);
      expect(bits).toBeCloseTo(latentCostBits(others, decoded.latent.indexes, decoded.latent.tables), 3);
    }
    own.dispose();
  });

  test('holds its parts by a prefix of their names', async () => {
    const moved = new Map([...tensors].map(([name, tensor]) => [`decode-00000000.${name}`, tensor]));
    const other = await openHyperpriorCodec(moved, 'decode-00000000.');
    const payload = codec.analyse(tile, maps(3)).encode(900);
    expect(other.analyse(tile, maps(3)).encode(900)).toEqual(payload);
    expect(other.decode(payload, tile, 900, 'tile 0').latents()).toEqual(
      codec.decode(payload, tile, 900, 'tile 0').latents(),
    );
    other.dispose();
    await expect(openHyperpriorCodec(moved)).rejects.toMatchObject({ code: 'missing-tensor' });
  });

  test('names the tile whose integers are not those that were encoded', () => {
    const payload = codec.analyse(tile, maps(3)).encode(900);
    const forged = { ...payload, check: payload.check ^ 1 };
    expect(() => codec.decode(forged, tile, 900, 'tile 7')).toThrow(
      expect.objectContaining({ code: 'integer-mismatch', section: 'tile 7' }),
    );
  });

  test('refuses outputs of a network that are no latents of the tile', () => {
    const { y, z } = maps(1);
    expect(() => codec.analyse(tile, { y: { ...y, width: y.width + 1 }, z })).toThrow(
      expect.objectContaining({ code: 'bad-latent' }),
    );
    expect(() => codec.analyse(tile, { y, z: { ...z, data: z.data.fill(Number.NaN) } })).toThrow(
      expect.objectContaining({ code: 'bad-latent' }),
    );
  });
});
