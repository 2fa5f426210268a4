import { beforeAll, describe, expect, test } from 'vitest';
import { readDicm } from '../../src/container/read-dicm.js';
import { type Codec, LimitError, readInfo, UsageError } from '../../src/index.js';
import { CHELSEA, openTiny, photo } from './helpers.js';

let codec: Codec;
beforeAll(async () => {
  codec = await openTiny();
});

describe('encode', () => {
  test('a photograph, from a path and from bytes alike', async () => {
    const small = await photo(96, 64);
    const encoded = await codec.encode(small, { quality: 50 });
    expect(encoded).toMatchObject({ width: 96, height: 64, sourceWidth: 96, sourceHeight: 64, quality: 50 });
    expect(encoded).toMatchObject({ backend: 'wasm', notes: [], model: { name: 'tiny' } });
    expect(encoded.bpp).toBeCloseTo((8 * encoded.bytes.length) / (96 * 64), 12);
    const info = readInfo(encoded.bytes);
    expect(info.header).toMatchObject({ width: 96, height: 64, profile: 'semantic', orientation: 1 });
    expect(info.header.decodeId).toBe(encoded.model.decodeId);
    expect(info.overheadBytes).toBeLessThanOrEqual(32);

    const fromPath = await codec.encode(CHELSEA);
    expect(fromPath).toMatchObject({ width: 288, height: 192, sourceWidth: 451, sourceHeight: 300 });
    expect(readInfo(fromPath.bytes).overheadBytes).toBeLessThanOrEqual(32);
  });

  test('the same input gives the same bytes', async () => {
    const image = await photo(80, 120);
    const [first, second] = await Promise.all([codec.encode(image), codec.encode(image)]);
    expect(first.bytes).toEqual(second.bytes);
  });

  test.each([
    [1, 1],
    [1, 40],
    [40, 1],
    [17, 33],
  ])('%i x %i pixels', async (width, height) => {
    const encoded = await codec.encode(await photo(width, height), { quality: 30 });
    expect([encoded.width, encoded.height]).toEqual([width, height]);
    await codec.verify(encoded.bytes);
    const { predictions } = await codec.classify(encoded.bytes, { top: 1 });
    expect(predictions).toHaveLength(1);
  });

  test('bytes never fall as quality rises', async () => {
    for (const size of [16, 48, 200]) {
      const image = await photo(size, size, 'rocket.jpg');
      let before = 0;
      for (let quality = 1; quality <= 100; quality += size < 100 ? 1 : 9) {
        const { bytes } = await codec.encode(image, { quality });
        expect(bytes.length).toBeGreaterThanOrEqual(before);
        before = bytes.length;
      }
    }
  });

  test('a limit on pixels is kept', async () => {
    const strict = await openTiny({ limits: { maxPixels: 1000 } });
    await expect(strict.encode(await photo(40, 40))).rejects.toThrow(LimitError);
  });

  test.each([
    [{ quality: 0 }, 'bad-quality'],
    [{ quality: 101 }, 'bad-quality'],
    [{ quality: 50, targetBytes: 100 }, 'rate-conflict'],
    [{ targetBpp: 1, targetBytes: 100 }, 'rate-conflict'],
    [{ targetBytes: 0 }, 'bad-target'],
    [{ targetBytes: 1.5 }, 'bad-target'],
    [{ targetBpp: -1 }, 'bad-target'],
    [{ maxSide: 0 }, 'bad-max-side'],
    [{ effort: 0 }, 'bad-effort'],
    [{ effort: 10 }, 'bad-effort'],
    [{ effort: 2.5 }, 'bad-effort'],
  ])('%j is refused', async (options, code) => {
    const error = await codec.encode(CHELSEA, options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).code).toBe(code);
  });

  test('a signal stops it with its own reason', async () => {
    const controller = new AbortController();
    const image = await photo(1100, 600);
    const running = codec.encode(image, {
      maxSide: 'none',
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('that is enough')),
    });
    await expect(running).rejects.toThrow('that is enough');
    await codec.encode(await photo(32, 32));
  });
});

describe('effort', () => {
  test('1 is the plain encoder', async () => {
    const image = await photo(96, 64);
    const plain = await codec.encode(image, { quality: 30 });
    expect(plain.effort).toBe(1);
    expect((await codec.encode(image, { quality: 30, effort: 1 })).bytes).toEqual(plain.bytes);
  });

  test('above 1 gives another file of the same quality, the same each time', async () => {
    const image = await photo(96, 64);
    const options = { quality: 30, effort: 4 };
    const refined = await codec.encode(image, options);
    const plain = await codec.encode(image, { quality: 30 });
    expect(refined).toMatchObject({ effort: 4, quality: plain.quality });
    expect(refined.bytes).not.toEqual(plain.bytes);
    expect((await codec.encode(image, options)).bytes).toEqual(refined.bytes);
    await codec.verify(refined.bytes);
  });

  test('keeps a target', async () => {
    const image = await photo(128, 128);
    const { bytes } = await codec.encode(image, { quality: 60 });
    for (const options of [{ targetBytes: bytes.length }, { targetBpp: (8 * bytes.length) / 128 ** 2 }]) {
      const refined = await codec.encode(image, { ...options, effort: 4 });
      expect(refined.bytes.length).toBeLessThanOrEqual(bytes.length);
      expect(refined.bytes).not.toEqual(bytes);
      await codec.verify(refined.bytes);
    }
    const unreachable = await codec.encode(image, { targetBytes: 40, effort: 2 });
    expect(unreachable).toMatchObject({ targetReached: false, quality: 1 });
  });

  test('refines each tile of a picture, and stops between steps', async () => {
    const image = await photo(560, 40);
    const done: number[] = [];
    const options = { maxSide: 'none', quality: 40, effort: 2 } as const;
    const refined = await codec.encode(image, { ...options, onProgress: (tiles) => done.push(tiles) });
    expect(done).toEqual([1, 2]);
    await codec.verify(refined.bytes);
    const controller = new AbortController();
    const running = codec.encode(image, {
      ...options,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('that is enough')),
    });
    await expect(running).rejects.toThrow('that is enough');
  });
});

describe('a target', () => {
  test('in bytes is met from below, within 3 %', async () => {
    const image = await photo(224, 224);
    const [least, most] = [
      await codec.encode(image, { quality: 1 }),
      await codec.encode(image, { quality: 100 }),
    ];
    for (const part of [0.05, 0.3, 0.6, 0.95]) {
      const targetBytes = Math.round(least.bytes.length + part * (most.bytes.length - least.bytes.length));
      const encoded = await codec.encode(image, { targetBytes });
      expect(encoded.bytes.length).toBeLessThanOrEqual(targetBytes);
      expect(encoded.bytes.length).toBeGreaterThanOrEqual(0.97 * targetBytes);
      expect(encoded).toMatchObject({ targetBytes, targetReached: true });
      // And it is the file that this quality gives.
      expect((await codec.encode(image, { quality: encoded.quality })).bytes).toEqual(encoded.bytes);
    }
  });

  test('in bits per pixel is the same target', async () => {
    const image = await photo(160, 160);
    const { bytes } = await codec.encode(image, { quality: 40 });
    const targetBpp = (8 * bytes.length) / (160 * 160);
    expect((await codec.encode(image, { targetBpp })).bytes).toEqual(
      (await codec.encode(image, { targetBytes: bytes.length })).bytes,
    );
  });

  test('below the range gives the smallest file and says so', async () => {
    const image = await photo(64, 64);
    const encoded = await codec.encode(image, { targetBytes: 40 });
    expect(encoded).toMatchObject({ quality: 1, targetReached: false, targetBytes: 40 });
    expect(encoded.bytes).toEqual((await codec.encode(image, { quality: 1 })).bytes);
  });

  test('above the range gives the largest file and says so', async () => {
    const encoded = await codec.encode(await photo(64, 64), { targetBytes: 1_000_000 });
    expect(encoded).toMatchObject({ quality: 100, targetReached: false });
  });

  test('runs the networks once', async () => {
    let tiles = 0;
    await codec.encode(await photo(64, 64), { targetBytes: 300, onProgress: () => tiles++ });
    expect(tiles).toBe(1);
  });
});

describe('a picture of several tiles', () => {
  test('is coded tile by tile, each as if it were alone', async () => {
    const image = await photo(1200, 700);
    const progress: string[] = [];
    const encoded = await codec.encode(image, {
      maxSide: 'none',
      quality: 20,
      onProgress: (done, total) => progress.push(`${done}/${total}`),
    });
    expect(progress).toEqual(['1/6', '2/6', '3/6', '4/6', '5/6', '6/6']);
    const info = readInfo(encoded.bytes);
    expect([info.tileColumns, info.tileRows]).toEqual([3, 2]);
    await codec.verify(encoded.bytes);

    const sharp = (await import('sharp')).default;
    const corner = await sharp(image)
      .extract({ left: 1024, top: 512, width: 176, height: 188 })
      .png()
      .toBuffer();
    const alone = await codec.encode(new Uint8Array(corner), { maxSide: 'none', quality: 20 });
    expect(readDicm(encoded.bytes).tiles[5]).toEqual(readDicm(alone.bytes).tiles[0]);

    const target = Math.round(1.3 * encoded.bytes.length);
    const aimed = await codec.encode(image, { maxSide: 'none', targetBytes: target });
    expect(aimed.targetReached).toBe(true);
    expect(aimed.bytes.length).toBeLessThanOrEqual(target);
  });

  test('bytes never fall as quality rises', async () => {
    const image = await photo(700, 520);
    let before = 0;
    for (const quality of [1, 20, 20.1, 40, 40.05, 60, 80, 100]) {
      const { bytes } = await codec.encode(image, { maxSide: 'none', quality });
      expect(bytes.length).toBeGreaterThanOrEqual(before);
      before = bytes.length;
    }
  });
});
