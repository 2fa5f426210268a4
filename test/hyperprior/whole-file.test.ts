import { describe, expect, test } from 'vitest';
import { integerCheck } from '../../src/container/integer-check.js';
import { readDicm } from '../../src/container/read-dicm.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import { decodeSymbols } from '../../src/entropy/decode-symbols.js';
import { encodeSymbols } from '../../src/entropy/encode-symbols.js';
import { buildTables } from '../../src/entropy/frequency-tables.js';
import { RangeDecoder } from '../../src/entropy/range-decoder.js';
import { RangeEncoder } from '../../src/entropy/range-encoder.js';
import { tileGrid } from '../../src/geometry.js';
import { gainsAt } from '../../src/hyperprior/gains.js';
import { openHyperSynthesis } from '../../src/hyperprior/hyper-synthesis.js';
import { dequantiseLatents, tableIndexes } from '../../src/hyperprior/quantiser.js';
import { factorisedIndexes } from '../../src/latents/factorised-indexes.js';
import { readFixture, readModel, readVectors, sha256 } from './fixtures.js';

// Files written by the numpy reference: container, tables, range coder, hyper-synthesis and quantiser together.

const { vectors } = readVectors<{
  vectors: { path: string; tiles: { zSha256: string; symbolsSha256: string; ySha256: string }[] }[];
}>('files.json');

const model = readModel();

function tables(name: string) {
  const part = (key: string) => model.tensors.get(`entropy.${name}.${key}`)!.data as Int32Array;
  return buildTables(part('cdf'), part('size'), part('offset'));
}

describe.each(['wasm', 'typescript'] as const)('files of the reference, with %s', (engine) => {
  test.each(vectors)('$path', async ({ path, tiles }) => {
    const bytes = readFixture(path);
    const file = readDicm(bytes);
    expect(model.decodeId.startsWith(file.header.decodeId)).toBe(true);
    const synthesis = await openHyperSynthesis(model.tensors, { engine });
    const { gain, inverseGain, indexOffset } = gainsAt(model.tensors, file.header.qualityPosition);
    const [gaussian, factorised] = [tables('gaussian'), tables('factorised')];
    const grid = tileGrid(file.header.width, file.header.height);
    expect(file.tiles.length).toBe(tiles.length);

    const written = file.tiles.map((tile, i) => {
      const extents = grid.tile(i);
      const decoder = new RangeDecoder(tile.bytes, `tile ${i}`);
      const z = new Int32Array(extents.hyperHeight * extents.hyperWidth * synthesis.hyperChannels);
      decodeSymbols(decoder, z, factorisedIndexes(z.length, synthesis.hyperChannels, factorised), factorised);
      const { mean, scale } = synthesis.run(z, extents);
      const indexes = tableIndexes(scale, indexOffset);
      const symbols = new Int32Array(mean.length);
      decodeSymbols(decoder, symbols, indexes, gaussian);
      decoder.finish();
      expect(integerCheck(z, symbols)).toBe(tile.check);
      const y = dequantiseLatents(symbols, mean, gain, inverseGain);
      expect({ zSha256: sha256(z), symbolsSha256: sha256(symbols), ySha256: sha256(y) }).toEqual(tiles[i]);

      const encoder = new RangeEncoder();
      encodeSymbols(encoder, z, factorisedIndexes(z.length, synthesis.hyperChannels, factorised), factorised);
      encodeSymbols(encoder, symbols, indexes, gaussian);
      return { bytes: encoder.finish(), check: integerCheck(z, symbols) };
    });
    expect(writeDicm({ ...file, tiles: written })).toEqual(bytes);
  });
});
