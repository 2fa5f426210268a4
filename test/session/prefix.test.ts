import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openModelShelf } from '../../src/codec/model-shelf.js';
import { type Codec, defaultLimits, FormatError, verify } from '../../src/index.js';
import { nodePlatform } from '../../src/platform/node/node-platform.js';
import { codecOver } from '../../src/session/open-codec.js';
import { CHELSEA, openTiny, TINY_MODEL } from './helpers.js';
import { addLayer, type LayeredFile } from './layered-file.js';

const LOW = 0.05;
const NEVER = 'ffffffff';

let codec: Codec;
let plain: Uint8Array;
let layered: LayeredFile;

beforeAll(async () => {
  codec = await openTiny();
  plain = (await codec.encode(CHELSEA, { maxSide: 96 })).bytes;
  layered = addLayer(plain);
});

describe('the first layer', () => {
  const question = { tasks: ['classify', 'detect', 'embed'], detect: { minScore: LOW } } as const;

  test('answers from a prefix what it answers from the whole file, and without layers', async () => {
    expect(layered.prefix.length).toBeLessThan(layered.whole.length);
    const { header, ...answers } = await codec.analyze(plain, question);
    for (const bytes of [layered.whole, layered.prefix, layered.damaged, plain]) {
      const { header: seen, ...found } = await codec.analyze(bytes, { ...question, prefix: true });
      expect(found).toEqual(answers);
      expect({ ...seen, versionMinor: 0 }).toEqual({ ...header, versionMinor: 0 });
    }
    const { header: _, ...found } = await codec.analyze(layered.whole, question);
    expect(found).toEqual(answers);
  });

  test('is decoded from a prefix', async () => {
    const prefix = { prefix: true };
    expect((await codec.decodeFeatures(layered.prefix, prefix)).data).toEqual(
      (await codec.decodeFeatures(plain)).data,
    );
    expect((await codec.decodeLatents(layered.prefix, prefix)).y).toEqual(
      (await codec.decodeLatents(plain)).y,
    );
    expect((await codec.embed(layered.prefix, prefix)).embedding).toEqual(
      (await codec.embed(plain)).embedding,
    );
  });

  test('needs the rest unless it is said that that may be missing', async () => {
    const question = { tasks: ['classify'] } as const;
    await expect(codec.analyze(layered.prefix, question)).rejects.toThrow(FormatError);
    await expect(codec.decodeFeatures(layered.damaged)).rejects.toMatchObject({ code: 'crc-mismatch' });
    await expect(codec.decodeLatents(layered.prefix)).rejects.toThrow(FormatError);
    await expect(codec.embed(layered.prefix)).rejects.toThrow(FormatError);
    await expect(codec.verify(layered.prefix)).rejects.toThrow(FormatError);
  });

  test('must be whole itself', async () => {
    const short = layered.prefix.subarray(0, -1);
    await expect(codec.embed(short, { prefix: true })).rejects.toMatchObject({ code: 'truncated' });
    const wrong = layered.prefix.slice();
    wrong[40]! ^= 1;
    await expect(codec.embed(wrong, { prefix: true })).rejects.toMatchObject({ code: 'prefix-mismatch' });
    // Nothing proves a part of a file without the check.
    await expect(codec.embed(plain.subarray(0, -1), { prefix: true })).rejects.toThrow(FormatError);
  });
});

describe('verify', () => {
  const semantic = { profile: 'semantic', proved: true };
  /** A codec that takes the tiny model for layers of every profile. */
  let any: Codec;

  beforeAll(() => {
    const shelf = openModelShelf({ platform: nodePlatform, backend: 'wasm', model: TINY_MODEL });
    any = codecOver(
      { ...shelf, modelFor: (layer) => shelf.modelFor({ ...layer, profile: 'semantic' }) },
      defaultLimits,
    );
  });
  afterAll(() => any.dispose());

  test('says which layers it proved', async () => {
    expect(await codec.verify(plain)).toEqual({ layers: [semantic] });
    expect(await verify(layered.prefix, { model: TINY_MODEL, prefix: true })).toEqual({ layers: [semantic] });
    const tiles: [number, number][] = [];
    const onProgress = (done: number, total: number) => void tiles.push([done, total]);
    expect(await any.verify(layered.whole, { onProgress })).toEqual({
      layers: [semantic, { profile: 'perceptual', proved: true }],
    });
    expect(tiles).toEqual([
      [1, 2],
      [2, 2],
    ]);
  });

  test('leaves a further layer unproved whose model is missing', async () => {
    const { whole } = addLayer(plain, { decodeId: NEVER });
    expect(await any.verify(whole)).toEqual({
      layers: [semantic, { profile: 'perceptual', proved: false, reason: expect.stringContaining(NEVER) }],
    });
  });

  test('refuses a further layer whose integers are others', async () => {
    const { whole } = addLayer(plain, { qualityPosition: 3 });
    await expect(any.verify(whole)).rejects.toMatchObject({
      name: 'FormatError',
      section: 'view layer, tile 0',
    });
  });
});
