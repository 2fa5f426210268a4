import { describe, expect, test } from 'vitest';
import { integerCheck } from '../../src/container/integer-check.js';
import { readDicm } from '../../src/container/read-dicm.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import { encodeSymbols } from '../../src/entropy/encode-symbols.js';
import { RangeEncoder } from '../../src/entropy/range-encoder.js';
import { tileGrid } from '../../src/geometry.js';
import { openHyperpriorCodec } from '../../src/latents/hyperprior-codec.js';
import { readFixture, readModel, readVectors, sha256 } from './fixtures.js';

// Files written by the numpy reference: container, tables, range coder, hyper-synthesis and quantiser together.

const { vectors } = readVectors<{
  vectors: { path: string; tiles: { zSha256: string; symbolsSha256: string; ySha256: string }[] }[];
}>('files.json');

const model = readModel();

describe.each(['wasm', 'typescript'] as const)('files of the reference, with %s', (engine) => {
  test.each(vectors)('$path', async ({ path, tiles }) => {
    const bytes = readFixture(path);
    const file = readDicm(bytes);
    expect(model.decodeId.startsWith(file.header.decodeId)).toBe(true);
    const codec = await openHyperpriorCodec(model.tensors, '', { engine });
    const grid = tileGrid(file.header.width, file.header.height);
    expect(file.tiles.length).toBe(tiles.length);

    const written = file.tiles.map((tile, i) => {
      const decoded = codec.decode(tile, grid.tile(i), file.header.qualityPosition, `tile ${i}`);
      const [z, { symbols }] = [decoded.hyper.symbols, decoded.latent];
      const y = decoded.latents();
      expect({ zSha256: sha256(z), symbolsSha256: sha256(symbols), ySha256: sha256(y) }).toEqual(tiles[i]);

      const encoder = new RangeEncoder();
      for (const plane of [decoded.hyper, decoded.latent]) {
        encodeSymbols(encoder, plane.symbols, plane.indexes, plane.tables);
      }
      return { bytes: encoder.finish(), check: integerCheck(z, symbols) };
    });
    expect(writeDicm({ ...file, tiles: written })).toEqual(bytes);
    codec.dispose();
  });
});
