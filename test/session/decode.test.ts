import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDicm } from '../../src/container/read-dicm.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import {
  type Codec,
  classify,
  DicmError,
  decodeFeatures,
  encode,
  FormatError,
  ModelError,
  openCodec,
  probeBackends,
  UsageError,
  verify,
} from '../../src/index.js';
import { openTiny, photo, TINY_MODEL } from './helpers.js';

let codec: Codec;
let file: Uint8Array;
let large: Uint8Array;
let folder: string;
beforeAll(async () => {
  codec = await openTiny();
  file = (await codec.encode(await photo(100, 70))).bytes;
  large = (await codec.encode(await photo(1200, 700), { maxSide: 'none', quality: 10 })).bytes;
  folder = await mkdtemp(join(tmpdir(), 'dicm-session-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('features', () => {
  test('one position for 4 x 4 pixels of whole blocks', async () => {
    const features = await codec.decodeFeatures(file);
    expect(features).toMatchObject({ height: 20, width: 28, channels: 32, backend: 'wasm', notes: [] });
    expect(features.data.length).toBe(20 * 28 * 32);
    expect(features.data.every(Number.isFinite)).toBe(true);
    expect(features.data.some((value) => value > 0)).toBe(true);
  });

  test('of several tiles fit together, row by row and in one piece alike', async () => {
    const features = await codec.decodeFeatures(large);
    expect([features.height, features.width]).toEqual([176, 300]);
    const { rows } = await codec.streamFeatures(large);
    const pieces: Float32Array[] = [];
    for await (const piece of rows) pieces.push(piece);
    expect(pieces.map(({ length }) => length)).toEqual([128 * 300 * 32, 48 * 300 * 32]);
    const lower = Buffer.from(features.data.buffer, 128 * 300 * 32 * 4);
    expect(Buffer.compare(Buffer.from(pieces[1]!.buffer), lower)).toBe(0);

    // A tile alone has the features it has in the picture.
    const { header, tiles } = readDicm(large);
    const alone = writeDicm({
      header: { ...header, width: 176, height: 512, sourceWidth: 176, sourceHeight: 512 },
      tiles: [tiles[2]!],
      ancillary: [],
    });
    const corner = await codec.decodeFeatures(alone);
    const row = 77;
    const inPicture = features.data.subarray((row * 300 + 256) * 32, (row + 1) * 300 * 32);
    expect(corner.data.subarray(row * 44 * 32, (row + 1) * 44 * 32)).toEqual(inPicture);
  });
});

describe('latents', () => {
  test('have the extents of their grids', async () => {
    const { y, z } = await codec.decodeLatents(file);
    expect([y.height, y.width, y.channels, y.data.length]).toEqual([5, 7, 32, 5 * 7 * 32]);
    expect([z.height, z.width, z.channels, z.data.length]).toEqual([2, 2, 16, 2 * 2 * 16]);
  });

  test('of several tiles are joined', async () => {
    const { y, z } = await codec.decodeLatents(large);
    expect([y.height, y.width]).toEqual([44, 75]);
    expect([z.height, z.width]).toEqual([11, 19]);
    const report = await codec.measureBits(large);
    expect([report.height, report.width]).toEqual([44, 75]);
  });

  test('bits add up to the payload', async () => {
    for (const bytes of [file, large]) {
      const report = await codec.measureBits(bytes);
      const { tiles } = readDicm(bytes);
      const payload = 8 * tiles.reduce((sum, tile) => sum + tile.bytes.length, 0);
      const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);
      const channels = sum(report.latentChannelBits) + sum(report.hyperChannelBits);
      expect(channels).toBeLessThanOrEqual(payload + 1);
      expect(payload).toBeLessThanOrEqual(channels * 1.001 + 64 * tiles.length);
      expect(Math.abs(sum(report.positionBits) - channels)).toBeLessThan(channels * 1e-4);
    }
  });
});

describe('classification', () => {
  test('of one tile and of several', async () => {
    for (const bytes of [file, large]) {
      const { predictions, header, model } = await codec.classify(bytes, { top: 3 });
      expect(predictions).toHaveLength(3);
      expect(predictions[0]!.score).toBeGreaterThanOrEqual(predictions[1]!.score);
      expect(predictions[0]).toMatchObject({ wnid: expect.any(String), label: expect.any(String) });
      expect(model.decodeId).toBe(header.decodeId);
    }
  });

  test('tiles count by their pixels', async () => {
    const { header, tiles } = readDicm(large);
    const single = async (index: number, width: number, height: number) => {
      const alone = { ...header, width, height, sourceWidth: width, sourceHeight: height };
      const bytes = writeDicm({ header: alone, tiles: [tiles[index]!], ancillary: [] });
      return codec.classify(bytes, { top: 1000 });
    };
    const pair = writeDicm({
      header: { ...header, width: 688, height: 512, sourceWidth: 688, sourceHeight: 512 },
      tiles: [tiles[1]!, tiles[2]!],
      ancillary: [],
    });
    const [left, right, both] = [
      await single(1, 512, 512),
      await single(2, 176, 512),
      await codec.classify(pair, { top: 1000 }),
    ];
    // Scores are proportional to exp(logit): their logarithms mix as the logits do.
    const logOf = ({ predictions }: typeof both) => {
      const scores = new Map(predictions.map(({ index, score }) => [index, Math.log(score)]));
      return (index: number) => scores.get(index)! - scores.get(0)!;
    };
    const [l, r, b] = [logOf(left), logOf(right), logOf(both)];
    for (const index of [1, 80, 113, 999]) {
      expect(b(index)).toBeCloseTo((512 * l(index) + 176 * r(index)) / 688, 4);
    }
  });

  test('top must be a whole number', async () => {
    await expect(codec.classify(file, { top: 0 })).rejects.toThrow(UsageError);
  });
});

describe('every executor decodes the same integers', async () => {
  const tensorflow = (await probeBackends()).find(({ name }) => name === 'tensorflow')!;
  if (!tensorflow.ok) console.warn(`skipped: encoding with tensorflow: ${tensorflow.reason}`);

  const backends = ['onnx', 'wasm', 'tensorflow'] as const;
  test.for(backends)('encoded with %s', async (backend, context) => {
    context.skip(backend === 'tensorflow' && !tensorflow.ok, tensorflow.reason);
    const other = await openTiny({ backend, threads: backend === 'onnx' ? 2 : 1 });
    const { bytes } = await other.encode(await photo(180, 130), { quality: 70 });
    const [here, there] = [await codec.decodeLatents(bytes), await other.decodeLatents(bytes)];
    expect(there.z.data).toEqual(here.z.data);
    expect(there.y.data).toEqual(here.y.data);
    const [a, b] = [await codec.classify(bytes, { top: 1 }), await other.classify(bytes, { top: 1 })];
    expect(a.predictions[0]!.index).toBe(b.predictions[0]!.index);
    expect(a.predictions[0]!.score).toBeCloseTo(b.predictions[0]!.score, 5);
  });
});

describe('what cannot be decoded says why', () => {
  test('every cut of a file and every changed byte', async () => {
    const failures = new Set<string>();
    for (let length = 0; length < file.length; length += 41) {
      const error = await codec.verify(file.subarray(0, length)).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(DicmError);
      failures.add((error as DicmError).code);
    }
    for (let at = 0; at < file.length; at += 7) {
      const damaged = file.slice();
      damaged[at]! ^= 1 << (at % 8);
      const error = await codec.verify(damaged).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(DicmError);
      expect([3, 4]).toContain((error as DicmError).exitCode);
    }
    expect(failures).toContain('truncated');
  });

  test('a payload that was changed together with its file checksum', async () => {
    const { header, tiles } = readDicm(file);
    const codes = new Set<string>();
    for (let at = 0; at < tiles[0]!.bytes.length; at += 11) {
      const bytes = tiles[0]!.bytes.slice();
      bytes[at]! ^= 0x10;
      const forged = writeDicm({ header, tiles: [{ bytes, check: tiles[0]!.check }], ancillary: [] });
      const error = await codec.classify(forged).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(FormatError);
      codes.add((error as FormatError).code);
    }
    expect([...codes].every((code) => /payload|integer-mismatch/.test(code))).toBe(true);
    expect(codes).toContain('integer-mismatch');
  });

  test('a file for another model', async () => {
    const { header, tiles } = readDicm(file);
    const foreign = writeDicm({ header: { ...header, decodeId: '00112233' }, tiles, ancillary: [] });
    const error = await codec.classify(foreign).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({ code: 'model-missing', exitCode: 6 });
    expect((error as ModelError).message).toContain('00112233');
  });

  test('a newer render id is read, and said', async () => {
    const { header, tiles } = readDicm(file);
    const older = writeDicm({ header: { ...header, renderId: '0000' }, tiles, ancillary: [] });
    const { notes, predictions } = await codec.classify(older, { top: 1 });
    expect(notes).toEqual([expect.stringContaining('0000')]);
    expect(predictions).toHaveLength(1);
  });

  test('a file that holds no features, and a picture without its model', async () => {
    const { header, tiles } = readDicm(file);
    const picture = writeDicm({ header: { ...header, profile: 'perceptual' }, tiles, ancillary: [] });
    await expect(codec.decodeFeatures(picture)).rejects.toMatchObject({ code: 'missing-layer' });
    await expect(codec.decodePicture(picture)).rejects.toMatchObject({ code: 'model-missing' });
  });

  test('a model with damaged weights', async () => {
    const broken = join(folder, 'broken');
    await cp(TINY_MODEL, broken, { recursive: true });
    const weights = join(broken, 'weights-00001-of-00001.safetensors');
    const bytes = await readFile(weights);
    bytes[bytes.length - 5]! ^= 1;
    await writeFile(weights, bytes);
    const error = await encode(await photo(20, 20), { model: broken, backend: 'wasm' }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(ModelError);
    expect((error as ModelError).code).toBe('model-damaged');
  });

  test('a codec that was disposed', async () => {
    const closed = await openCodec({ model: TINY_MODEL, backend: 'wasm' });
    await closed.encode(await photo(20, 20));
    await closed.dispose();
    await closed.dispose();
    await expect(closed.classify(file)).rejects.toThrow(/disposed/);
  });
});

test('the functions for one file', async () => {
  const options = { model: TINY_MODEL, backend: 'wasm' } as const;
  const { bytes } = await encode(await photo(50, 50), { ...options, quality: 30 });
  await verify(bytes, options);
  const answer = await classify(bytes, { ...options, top: 2 });
  expect(answer.predictions).toHaveLength(2);
  const features = await decodeFeatures(bytes, options);
  expect([features.height, features.width]).toEqual([16, 16]);
});
