import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { cutPrefix, joinLayers, stripLayer } from '../../src/container/index.js';
import { readDicm } from '../../src/container/read-dicm.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import { type Codec, type EncodeOptions, openCodec, readInfo } from '../../src/index.js';
import { CHELSEA, openTiny, photo, TINY_MODEL } from './helpers.js';
import { writeTinyView } from './view-model.js';

let folder: string;
/** Has both models. */
let codec: Codec;
let machineOnly: Codec;
let both: Uint8Array;
let machine: Uint8Array;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dicm-layers-'));
  await cp(TINY_MODEL, join(folder, 'tiny'), { recursive: true });
  await writeTinyView(join(folder, 'view'));
  codec = await openCodec({ model: folder, backend: 'wasm' });
  machineOnly = await openTiny();
  both = (await codec.encode(CHELSEA, { quality: 60, layers: ['machine', 'view'] })).bytes;
  machine = (await codec.encode(CHELSEA, { quality: 60 })).bytes;
});
afterAll(async () => {
  await codec.dispose();
  await rm(folder, { recursive: true });
});

/** Peak signal-to-noise ratio of 8-bit samples, in dB. */
function psnr(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  const error = a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length;
  return 10 * Math.log10(255 ** 2 / error);
}

async function pixelsOf(path: string | Uint8Array, width: number, height: number): Promise<Uint8Array> {
  const image = sharp(path).resize(width, height, { fit: 'fill', kernel: 'lanczos3' }).removeAlpha();
  return new Uint8Array(await image.raw().toBuffer());
}

describe('a file of two layers', () => {
  test('has the machine layer that a file of its own has, and a view behind it', async () => {
    expect([...stripLayer(both, 'view')]).toEqual([...machine]);
    const { layers, prefixBytes } = readInfo(both);
    // Each in its own size.
    expect(layers.map(({ width, height }) => [width, height])).toEqual([
      [288, 192],
      [451, 300],
    ]);
    expect(layers.map(({ profile }) => profile)).toEqual(['semantic', 'perceptual']);
    expect(prefixBytes).toBe(machine.length - 4 + 6);
    const view = (await codec.encode(CHELSEA, { quality: 60, layers: ['view'] })).bytes;
    expect([...joinLayers(machine, view)]).toEqual([...both]);
    expect(readDicm(view).header.profile).toBe('perceptual');
  });

  test('answers as the machine layer alone, also where the view has no model', async () => {
    const tasks = ['classify', 'segment', 'embed'] as const;
    const detect = { minScore: 0.05 };
    const alone = await machineOnly.analyze(machine, { tasks, detect });
    for (const reader of [codec, machineOnly]) {
      const { predictions, detections, embedding } = await reader.analyze(both, { tasks, detect });
      expect({ predictions, detections, embedding }).toEqual({
        predictions: alone.predictions,
        detections: alone.detections,
        embedding: alone.embedding,
      });
    }
  });

  test('answers from its first bytes, which are a file for nobody else', async () => {
    const { prefixBytes } = readInfo(both);
    const whole = await codec.classify(both);
    for (const length of [prefixBytes!, prefixBytes! + 9, both.length - 1, both.length]) {
      const part = both.subarray(0, length);
      const { predictions } = await codec.analyze(part, { tasks: ['classify'], prefix: true });
      expect(predictions).toEqual(whole.predictions);
      const features = await codec.decodeFeatures(part, { prefix: true });
      expect(features.data).toEqual((await codec.decodeFeatures(both)).data);
      if (length < both.length) {
        await expect(codec.classify(part)).rejects.toMatchObject({ code: 'truncated' });
      }
    }
    expect([...cutPrefix(both)]).toEqual([...both.subarray(0, prefixBytes)]);
    const short = both.subarray(0, prefixBytes! - 1);
    await expect(codec.analyze(short, { tasks: ['embed'], prefix: true })).rejects.toMatchObject({
      code: 'truncated',
    });
  });

  test('rebuilds its picture', async () => {
    const { data, width, height, area, model } = await codec.decodePicture(both);
    expect([width, height]).toEqual([451, 300]);
    expect(area).toEqual({ x: 0, y: 0, width, height });
    expect(model.name).toBe('tiny-view');
    const original = await pixelsOf(CHELSEA, width, height);
    // The transform keeps a tenth of the coefficients; a shifted or transposed picture has 12 dB.
    expect(psnr(data, original)).toBeGreaterThan(24);
    const region = { x: 100, y: 50, width: 120, height: 90 };
    const part = await codec.decodePicture(both, { region });
    expect(part.area).toEqual({ x: 96, y: 48, width: 128, height: 96 });
    expect([part.codedWidth, part.codedHeight]).toEqual([451, 300]);
    for (let row = 0; row < part.height; row++) {
      const from = ((part.area.y + row) * width + part.area.x) * 3;
      const own = part.data.subarray(row * part.width * 3, (row + 1) * part.width * 3);
      // Sums in another order may round to the neighbour.
      const largest = own.reduce((most, value, i) => Math.max(most, Math.abs(value - data[from + i]!)), 0);
      expect(largest).toBeLessThanOrEqual(1);
    }
  });

  test('has sizes and qualities of its own', async () => {
    const steps: [number, number][] = [];
    const encoded = await codec.encode(await photo(1100, 500), {
      ...{ layers: ['machine', 'view'], quality: 30, maxSide: 200, viewQuality: 70, viewSide: 600 },
      onProgress: (done, total) => void steps.push([done, total]),
    });
    const { layers, fileBytes } = readInfo(encoded.bytes);
    expect(layers.map(({ width, height }) => [width, height])).toEqual([
      [200, 91],
      [600, 273],
    ]);
    const { quality, view, width, height, bpp, notes, model } = encoded;
    expect([quality, width, height, model.name]).toEqual([30, 200, 91, 'tiny']);
    expect(view).toMatchObject({ quality: 70, width: 600, height: 273, model: { name: 'tiny-view' } });
    const alone = stripLayer(encoded.bytes, 'view');
    expect(view!.bytes).toBe(fileBytes - alone.length);
    expect(bpp).toBeCloseTo((8 * fileBytes) / (600 * 273), 10);
    expect(notes.join()).toContain('fitted to 600 x 273; viewSide none (--view-side none) keeps every pixel');
    expect(notes.join()).toContain('fitted to 200 x 91; maxSide none (--max-side none) keeps every pixel');
    // Both of one tile and two: progress goes on over both layers.
    expect(steps).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    const same = await codec.encode(CHELSEA, { layers: ['machine', 'view'], maxSide: 96, viewSide: 96 });
    expect(readInfo(same.bytes).layers.map((layer) => layer.width)).toEqual([96, 96]);
  });

  test('hands its picture over row by row', async () => {
    const { bytes } = await codec.encode(await photo(540, 1040), { layers: ['view'], metadata: 'icc' });
    const { rows, icc, ...stream } = await codec.streamPicture(bytes);
    const pieces: Uint8Array[] = [];
    for await (const piece of rows) pieces.push(piece);
    expect(pieces.map(({ length }) => length)).toEqual([512, 512, 16].map((count) => count * 540 * 3));
    const { data, ...picture } = await codec.decodePicture(bytes);
    expect(Buffer.concat(pieces)).toEqual(Buffer.from(data));
    expect(stream).toEqual(picture);
    expect(icc).toBeUndefined();
  });

  test('is verified layer by layer', async () => {
    expect(await codec.verify(both)).toEqual({
      layers: [
        { profile: 'semantic', proved: true },
        { profile: 'perceptual', proved: true },
      ],
    });
    const { layers } = await machineOnly.verify(both);
    expect(layers[0]).toEqual({ profile: 'semantic', proved: true });
    expect(layers[1]).toMatchObject({ profile: 'perceptual', proved: false });
    expect(layers[1]!.reason).toContain('no model');
    expect(await codec.verify(both.subarray(0, readInfo(both).prefixBytes), { prefix: true })).toEqual({
      layers: [{ profile: 'semantic', proved: true }],
    });
  });

  test('whose view is damaged inside its integers is refused by verify, and still answers', async () => {
    const file = readDicm(both);
    const [layer] = file.layers!;
    const tiles = layer!.tiles.map((tile) => ({ ...tile, check: tile.check ^ 1 }));
    const damaged = writeDicm({ ...file, layers: [{ ...layer!, tiles }] });
    await expect(codec.verify(damaged)).rejects.toMatchObject({ code: 'integer-mismatch' });
    await expect(codec.decodePicture(damaged)).rejects.toMatchObject({ code: 'integer-mismatch' });
    expect((await codec.classify(damaged)).predictions).toEqual((await codec.classify(both)).predictions);
  });
});

describe('a view of several tiles', () => {
  test('joins them to a picture of just its pixels', async () => {
    const picture = await photo(1037, 531);
    const { bytes } = await codec.encode(picture, { quality: 80, layers: ['view'] });
    expect(readInfo(bytes).layers[0]!.tiles).toHaveLength(6);
    const { data, width, height } = await codec.decodePicture(bytes);
    expect([width, height]).toEqual([1037, 531]);
    expect(psnr(data, await pixelsOf(picture, width, height))).toBeGreaterThan(24);
  });

  test('is fitted where that is asked for', async () => {
    const size = async (options: EncodeOptions) => {
      const { width, height } = await codec.encode(CHELSEA, { layers: ['view'], ...options });
      return [width, height];
    };
    expect(await size({})).toEqual([451, 300]);
    expect(await size({ maxSide: 100 })).toEqual([100, 67]);
    expect(await size({ viewSide: 64 })).toEqual([64, 43]);
    expect(await size({ maxSide: 100, viewSide: 64 })).toEqual([64, 43]);
  });

  test('of its quality, or within its target', async () => {
    const of = (options: EncodeOptions) => codec.encode(CHELSEA, { layers: ['view'], ...options });
    const [low, high] = [await of({ quality: 20 }), await of({ viewQuality: 80, quality: 20 })];
    expect([low.quality, high.quality, low.effort]).toEqual([20, 80, 1]);
    expect(low.bytes.length).toBeLessThan(high.bytes.length);
    const targetBytes = Math.round((low.bytes.length + high.bytes.length) / 2);
    const { bytes, targetReached } = await of({ targetBytes });
    expect([bytes.length <= targetBytes, targetReached]).toEqual([true, true]);
    expect((await of({ targetBpp: 1.2 })).bpp).toBeLessThanOrEqual(1.2);
    expect((await of({ effort: 4, quality: 20 })).bytes).toEqual(low.bytes);
  });

  test.each([
    [1, 1],
    [1, 40],
    [33, 17],
  ])('of %d x %d pixels is one, too', async (width, height) => {
    const picture = await photo(width, height);
    const { bytes } = await codec.encode(picture, { layers: ['view'] });
    const decoded = await codec.decodePicture(bytes);
    expect([decoded.width, decoded.height, decoded.data.length]).toEqual([width, height, 3 * width * height]);
  });
});

test('a model that is named is that of its layer; the other layer has the one that is there', async () => {
  vi.stubEnv('DICM_MODEL_PATH', folder);
  const named = await openCodec({ model: 'tiny', backend: 'wasm' });
  const { model, view } = await named.encode(CHELSEA, { layers: ['machine', 'view'], viewSide: 64 });
  await named.dispose();
  vi.unstubAllEnvs();
  expect([model.name, view!.model.name]).toEqual(['tiny', 'tiny-view']);
});

describe('refused is', () => {
  test('a question that the layers of a file have no answer to', async () => {
    const { bytes } = await codec.encode(CHELSEA, { layers: ['view'] });
    for (const call of [codec.classify(bytes), codec.decodeFeatures(bytes), codec.decodePicture(machine)]) {
      await expect(call).rejects.toMatchObject({ name: 'UsageError', code: 'missing-layer' });
    }
    const has = 'a view layer, which holds a picture';
    await expect(codec.classify(bytes)).rejects.toThrow(
      `the file has no layer that holds features; it has ${has}`,
    );
    await expect(codec.decodePicture(machine)).rejects.toThrow(
      'the file has no layer that holds a picture; it has a machine layer, which holds features',
    );
  });

  test('encoding a layer whose model is not installed', async () => {
    const steps: number[] = [];
    const onProgress = (done: number) => void steps.push(done);
    const call = machineOnly.encode(CHELSEA, { layers: ['machine', 'view'], onProgress });
    await expect(call).rejects.toMatchObject({ name: 'ModelError', code: 'model-missing' });
    // Before any layer is coded.
    expect(steps).toEqual([]);
  });

  test.each([
    [{ layers: [] }, 'bad-layer'],
    [{ layers: ['picture'] }, 'bad-layer'],
    [{ layers: 'view' }, 'bad-layer'],
    [{ layers: null }, 'bad-layer'],
    [{ layers: ['machine', 'view'], targetBytes: 900 }, 'rate-conflict'],
    [{ layers: ['view'], viewQuality: 50, targetBytes: 900 }, 'rate-conflict'],
    [{ layers: ['view'], viewQuality: 0 }, 'bad-quality'],
    [{ layers: ['view'], viewSide: 0 }, 'bad-max-side'],
    [{ viewQuality: 50 }, 'option-needs-other'],
    [{ viewSide: 50 }, 'option-needs-other'],
  ])('%j', async (options, code) => {
    await expect(codec.encode(CHELSEA, options as never)).rejects.toMatchObject({ name: 'UsageError', code });
  });

  test('joining what is not of one photograph, or in another order', async () => {
    const other = (await codec.encode(await photo(60, 40), { layers: ['view'] })).bytes;
    expect(() => joinLayers(machine, other)).toThrow(expect.objectContaining({ code: 'bad-structure' }));
    expect(() => joinLayers(machine, both)).toThrow(expect.objectContaining({ code: 'bad-structure' }));
    expect(() => joinLayers(machine, machine)).toThrow(expect.objectContaining({ code: 'bad-structure' }));
  });
});
