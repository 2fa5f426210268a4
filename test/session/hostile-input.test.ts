import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { analysePicture } from '../../src/codec/analyse-picture.js';
import type { WorkOptions } from '../../src/codec/call-hooks.js';
import { decodeTiles } from '../../src/codec/coded-layer.js';
import { decodeRows } from '../../src/codec/decode-picture.js';
import type { OpenModel } from '../../src/codec/model-shelf.js';
import type { Networks } from '../../src/codec/networks.js';
import { latentSource } from '../../src/codec/picture-source.js';
import type { DicmHeader } from '../../src/container/dicm-file.js';
import { integerCheck } from '../../src/container/integer-check.js';
import { readDicm } from '../../src/container/read-dicm.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import { encodeSymbols } from '../../src/entropy/encode-symbols.js';
import { buildTables } from '../../src/entropy/frequency-tables.js';
import { RangeEncoder } from '../../src/entropy/range-encoder.js';
import { tileGrid } from '../../src/geometry.js';
import { gainsAt } from '../../src/hyperprior/gains.js';
import { openHyperSynthesis } from '../../src/hyperprior/hyper-synthesis.js';
import { tableIndexes } from '../../src/hyperprior/quantiser.js';
import { type Codec, DicmError, FormatError, LimitError, readInfo } from '../../src/index.js';
import { factorisedIndexes } from '../../src/latents/factorised-indexes.js';
import { openHyperpriorCodec } from '../../src/latents/hyperprior-codec.js';
import type { LatentCodec } from '../../src/latents/latent-codec.js';
import type { Model } from '../../src/model/load-model.js';
import { machine } from '../../src/profiles/machine.js';
import type { Task } from '../../src/tasks/all-tasks.js';
import { loadFolder } from '../model/load-folder.js';
import { openTiny, photo, TINY_MODEL } from './helpers.js';

let codec: Codec;
let model: Model;
let latents: LatentCodec;
const work: WorkOptions = { yieldTurn: async () => {} };
let file: Uint8Array;

beforeAll(async () => {
  codec = await openTiny();
  model = await loadFolder(TINY_MODEL);
  latents = await openHyperpriorCodec(model.tensors);
  file = (await codec.encode(await photo(60, 40), { maxSide: 48, quality: 30 })).bytes;
});
afterAll(() => latents.dispose());

/** What a file's only layer needs to be decoded. */
function layerOf(bytes: Uint8Array) {
  const { header, tiles } = readDicm(bytes);
  return { ...header, tiles };
}

/** The same bytes with a file checksum that holds. */
function sealed(bytes: Uint8Array): Uint8Array {
  const end = bytes.length - 4;
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(end, crc32(bytes.subarray(0, end)));
  return bytes;
}

async function refusalOf(call: Promise<unknown>): Promise<DicmError | undefined> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error !== undefined && !(error instanceof DicmError)) throw error;
  return error;
}

/** All integers of a file, by the tile. */
async function integersOf(bytes: Uint8Array): Promise<[z: Int32Array, symbols: Int32Array][]> {
  const tiles: [Int32Array, Int32Array][] = [];
  for await (const { decoded } of decodeTiles(latents, layerOf(bytes), work))
    tiles.push([decoded.hyper.symbols, decoded.latent.symbols]);
  return tiles;
}

/** Tens of thousands of files are tried: seconds on an idle machine. */
const PATIENCE_MS = 240_000;

describe('a whole small file', { timeout: PATIENCE_MS }, () => {
  test('is refused after every truncation, by verify and by classify', async () => {
    for (let length = 0; length < file.length; length++) {
      for (const call of [codec.verify, codec.classify]) {
        const refusal = await refusalOf(call(file.subarray(0, length)));
        expect(refusal, `${length} bytes`).toBeInstanceOf(FormatError);
        expect(refusal?.exitCode).toBe(3);
      }
    }
  });

  test('is refused after every change of a single byte', async () => {
    for (let at = 0; at < file.length; at++) {
      const damaged = file.slice();
      for (let change = 1; change < 256; change++) {
        damaged[at] = file[at]! ^ change;
        const refusal = await refusalOf(codec.verify(damaged));
        expect(refusal, `byte ${at} ^ ${change}`).toBeDefined();
        expect([3, 4]).toContain(refusal?.exitCode);
      }
    }
  });

  test('with its file checksum made to hold again, gives the same integers or a named error', async () => {
    const info = readInfo(file);
    const tile = info.sections[0]!;
    const [payloadStart, payloadEnd] = [
      tile.offset + tile.bytes - 2 - info.payloadBytes,
      tile.offset + tile.bytes - 2,
    ];
    const inPayload = (at: number) => at >= payloadStart && at < payloadEnd;
    expect([...file.subarray(payloadStart, payloadEnd)]).toEqual([...readDicm(file).tiles[0]!.bytes]);

    const original = await integersOf(file);
    const outcomes = new Map<string, number>();
    const accepted: Uint8Array[] = [];
    const collisions: string[] = [];
    for (let at = 0; at < file.length - 4; at++) {
      for (let change = 1; change < 256; change++) {
        const forged = file.slice();
        forged[at]! ^= change;
        sealed(forged);
        const where = `byte ${at} ^ ${change}`;
        const refusal = await refusalOf(codec.verify(forged));
        const code = refusal?.code ?? 'opens';
        outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
        if (refusal !== undefined) {
          expect([3, 4, 6, 7], `${where}: ${code}`).toContain(refusal.exitCode);
          if (inPayload(at)) expect(code, where).toMatch(/payload$|^integer-mismatch$/);
          continue;
        }
        // The coder is canonical, so other bytes are other integers: here only the 16-bit check can have failed.
        if (inPayload(at)) collisions.push(where);
        else {
          expect(at, where).toBeLessThan(tile.offset);
          expect(await integersOf(forged), where).toEqual(original);
          accepted.push(forged);
        }
      }
    }
    // One change in 65,536 that reaches the integer check passes it: here 255 changes of each payload byte.
    const chance = (255 * (payloadEnd - payloadStart)) / 65536;
    expect(collisions.length, collisions.join('; ')).toBeLessThanOrEqual(5 + 5 * chance);
    for (const code of [
      'opens',
      'integer-mismatch',
      'truncated-payload',
      'trailing-payload',
      'model-missing',
      'reserved-bits',
      'bad-length',
      'missing-tile',
    ]) {
      expect(outcomes.get(code) ?? 0, `${code} among ${[...outcomes]}`).toBeGreaterThan(0);
    }
    // What opens is a picture of another quality, source size, orientation or render id: it has an answer too.
    for (const bytes of accepted.filter((_, index) => index % 37 === 0)) {
      const { predictions } = await codec.classify(bytes, { top: 5 });
      for (const { score } of predictions) expect(score).toBeGreaterThan(0);
      const { data } = await codec.decodeFeatures(bytes);
      expect(data.every(Number.isFinite)).toBe(true);
    }
  });
});

test.each([2 ** 31 - 1, -(2 ** 31), 2 ** 22, 70_000])(
  'a whole file of symbols %d is finite or refused',
  async (symbol) => {
    const tile = tileGrid(48, 32).tile(0);
    const { tensors } = model;
    const tables = (name: string) => {
      const part = (key: string) => tensors.get(`entropy.${name}.${key}`)!.data as Int32Array;
      return buildTables(part('cdf'), part('size'), part('offset'));
    };
    const [hyperTables, latentTables] = [tables('factorised'), tables('gaussian')];
    const hyperSynthesis = openHyperSynthesis(tensors);
    const z = new Int32Array(tile.hyperHeight * tile.hyperWidth * latents.hyperChannels);
    for (const extreme of [0, symbol >> 16]) {
      z.fill(extreme);
      const { header } = readDicm(file);
      const { scale } = hyperSynthesis.run(z, tile);
      const symbols = new Int32Array(scale.length).fill(symbol);
      const encoder = new RangeEncoder();
      const indexes = factorisedIndexes(z.length, latents.hyperChannels, hyperTables);
      encodeSymbols(encoder, z, indexes, hyperTables);
      const { indexOffset } = gainsAt(tensors, header.qualityPosition);
      encodeSymbols(encoder, symbols, tableIndexes(scale, indexOffset), latentTables);
      const forged = writeDicm({
        header: { ...header, width: 48, height: 32 },
        tiles: [{ bytes: encoder.finish(), check: integerCheck(z, symbols) }],
        ancillary: [],
      });
      await codec.verify(forged);
      const { y } = await codec.decodeLatents(forged);
      expect(y.data.every(Number.isFinite)).toBe(true);
      for (const call of [codec.decodeFeatures, codec.classify, codec.segment]) {
        const refusal = await refusalOf(call(forged));
        if (refusal !== undefined) expect(refusal.code).toMatch(/^bad-(features|logits|detections)$/);
      }
    }
  },
);

test.each([Number.NaN, Infinity, -Infinity])(
  'features and logits of %d are refused, not handed on',
  async (value) => {
    const { latentHeight, latentWidth } = tileGrid(
      readInfo(file).header.width,
      readInfo(file).header.height,
    ).tile(0);
    const [height, width, channels] = [4 * latentHeight, 4 * latentWidth, 2];
    const data = new Float32Array(height * width * channels).fill(1);
    data[data.length - 1] = value;
    const map = { data, height, width, channels };
    // Whatever a network is asked for, it gives this.
    const outputs = new Proxy({}, { get: (_, name) => (name === 'then' ? undefined : map) });
    const networks: Networks = { run: async () => outputs as never, dispose: async () => {} };
    const open: OpenModel = { model, profile: machine, latents, networks: async () => networks };
    const { header } = readInfo(file);
    const rows = decodeRows(open, layerOf(file), { x: 0, y: 0, ...header }, machine.synthesis, work);
    expect(await refusalOf(rows.next())).toMatchObject({ code: 'bad-features', exitCode: 6 });
    const analyse = (task: Task) => {
      const source = () => latentSource(latents, layerOf(file));
      return refusalOf(analysePicture(open, source, header, [task], {}));
    };
    expect(await analyse('classify')).toMatchObject({ code: 'bad-logits', exitCode: 6 });
    expect(await analyse('embed')).toMatchObject({ code: 'bad-embedding', exitCode: 6 });
    expect(await analyse('segment')).toMatchObject({ code: 'bad-detections', exitCode: 6 });
  },
);

describe('a file of several tiles', () => {
  let tiled: Uint8Array;
  beforeAll(async () => {
    tiled = (await codec.encode(await photo(1060, 540), { maxSide: 'none', quality: 5 })).bytes;
  });

  test('names the one tile that is damaged, wherever the damage is', async () => {
    const { header, tiles } = readDicm(tiled);
    expect(tiles).toHaveLength(6);
    for (const [index, tile] of tiles.entries()) {
      for (const part of [0.1, 0.5, 0.9]) {
        const bytes = tile.bytes.slice();
        bytes[Math.floor(part * bytes.length)]! ^= 0x24;
        const forged = writeDicm({ header, tiles: tiles.with(index, { ...tile, bytes }), ancillary: [] });
        for (const call of [
          codec.verify,
          codec.classify,
          codec.detect,
          codec.decodeFeatures,
          codec.decodeLatents,
        ]) {
          const refusal = await refusalOf(call(forged));
          expect(refusal).toBeInstanceOf(FormatError);
          expect((refusal as FormatError).section).toBe(`tile ${index}`);
        }
      }
    }
  });

  test('in which two tiles changed places is another picture, or refused where their sizes differ', async () => {
    // Tiles are independent: each is whole by itself and does not know its place. The file checksum was made to hold.
    const { header, tiles } = readDicm(tiled);
    const swapped = tiles.with(0, tiles[1]!).with(1, tiles[0]!);
    const [a, b, ...others] = await integersOf(tiled);
    expect(await integersOf(writeDicm({ header, tiles: swapped, ancillary: [] }))).toEqual([b, a, ...others]);
    // Of another size, the integers do not fit.
    const moved = tiles.with(0, tiles[5]!).with(5, tiles[0]!);
    const refusal = await refusalOf(codec.verify(writeDicm({ header, tiles: moved, ancillary: [] })));
    expect(refusal).toBeInstanceOf(FormatError);
  });
});

describe('a claim without substance', () => {
  /** A file of tiles that hold nothing. */
  function hollow(width: number, height: number): Uint8Array {
    const { columns, rows } = tileGrid(width, height);
    const header: DicmHeader = {
      ...readDicm(file).header,
      ...{ width, height, sourceWidth: width, sourceHeight: height },
    };
    const tiles = Array.from({ length: columns * rows }, () => ({ bytes: new Uint8Array(0), check: 0 }));
    return writeDicm({ header, tiles, ancillary: [] });
  }

  test('of 2^28 pixels in under 60 bytes, or in tiles that are empty, costs no memory', async () => {
    const whole = hollow(2 ** 14, 2 ** 14);
    expect(whole.length).toBeLessThan(5000);
    const short = sealed(whole.slice(0, 60));
    await codec.verify(file);
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    for (const bytes of [short, whole]) {
      for (const call of [
        codec.verify,
        codec.classify,
        codec.segment,
        codec.decodeFeatures,
        codec.decodeLatents,
        codec.measureBits,
      ]) {
        const refusal = await refusalOf(call(bytes));
        expect(refusal?.exitCode).toBe(3);
        most = Math.max(most, process.memoryUsage().arrayBuffers);
      }
    }
    expect(most - before).toBeLessThan(100e6);
  });

  test('of more pixels than the limit is refused as that', async () => {
    for (const call of [codec.verify, codec.classify, codec.decodeFeatures, codec.decodeLatents]) {
      const refusal = await refusalOf(call(hollow(2 ** 15, 2 ** 13 + 1)));
      expect(refusal).toBeInstanceOf(LimitError);
      expect(refusal).toMatchObject({ exitCode: 7, limit: 'maxPixels' });
    }
  });

  test('of features or latents beyond one array is refused before they are decoded', async () => {
    // With the tiny model's 32 channels a row of tiles is 4096 bytes a pixel of width.
    const strict = await openTiny({ limits: { maxArrayBytes: 2 ** 20 } });
    for (const call of [strict.decodeFeatures, strict.streamFeatures]) {
      expect(await refusalOf(call(hollow(512, 512)))).toMatchObject({ exitCode: 7, limit: 'maxArrayBytes' });
    }
    expect(await refusalOf(strict.decodeLatents(hollow(2 ** 11, 2 ** 11)))).toMatchObject({
      exitCode: 7,
      limit: 'maxArrayBytes',
    });
  });
});
