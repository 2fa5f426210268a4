import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { latentSource } from '../../src/codec/picture-source.js';
import { windowGrid } from '../../src/codec/windows.js';
import type { DicmFile } from '../../src/container/dicm-file.js';
import { readDicm } from '../../src/container/read-dicm.js';
import type { Latents } from '../../src/index.js';
import { openHyperpriorCodec } from '../../src/latents/hyperprior-codec.js';
import type { LatentCodec } from '../../src/latents/latent-codec.js';
import { loadFolder } from '../model/load-folder.js';
import { openTiny, photo, TINY_MODEL } from '../session/helpers.js';

let codec: LatentCodec;
let file: DicmFile;
let all: Latents;

beforeAll(async () => {
  const session = await openTiny();
  const { bytes } = await session.encode(await photo(1330, 790), { maxSide: 'none', quality: 5 });
  codec = await openHyperpriorCodec((await loadFolder(TINY_MODEL)).tensors);
  file = readDicm(bytes);
  all = await session.decodeLatents(bytes);
});
afterAll(() => codec.dispose());

/** The same area of the joined latents. */
function expected(x: number, y: number, width: number, height: number): Float32Array {
  const { data, width: columns, channels } = all.y;
  const rows: number[] = [];
  for (let row = y / 16; row < Math.ceil((y + height) / 16); row++) {
    const from = (row * columns + x / 16) * channels;
    rows.push(...data.subarray(from, from + Math.ceil(width / 16) * channels));
  }
  return Float32Array.from(rows);
}

describe('latentSource', () => {
  test('hands out windows over several tiles, whatever was released before them', () => {
    const source = latentSource(codec, { ...file.header, tiles: file.tiles });
    const windows = windowGrid(file.header.width, file.header.height);
    expect([windows.columns, windows.rows]).toEqual([3, 2]);
    for (let i = 0; i < windows.columns * windows.rows; i++) {
      const { x, y, width, height } = windows.window(i);
      const { latent: cut } = source.cut({ x, y, width, height });
      expect([cut!.height, cut!.width]).toEqual([Math.ceil(height / 16), Math.ceil(width / 16)]);
      expect(
        Buffer.compare(Buffer.from(cut!.data.buffer), Buffer.from(expected(x, y, width, height).buffer)),
      ).toBe(0);
      source.release(x, y);
    }
  });

  test('hands out any area', () => {
    const source = latentSource(codec, { ...file.header, tiles: file.tiles });
    for (const [x, y, width, height] of [
      [0, 0, 1330, 790],
      [496, 16, 40, 40],
      [1312, 784, 18, 6],
    ] as const) {
      expect(source.cut({ x, y, width, height }).latent!.data).toEqual(expected(x, y, width, height));
    }
  });
});
