import fc from 'fast-check';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { TilePayload } from '../../src/container/dicm-file.js';
import { BackendError, FormatError } from '../../src/errors.js';
import { type Tile, tileGrid } from '../../src/geometry.js';
import { openHyperpriorCodec } from '../../src/latents/hyperprior-codec.js';
import type { LatentCodec } from '../../src/latents/latent-codec.js';
import type { TensorMap } from '../../src/tensor.js';
import { anyShape, randomSource, type Shape } from '../hyperprior/random-model.js';
import { randomCodecModel } from './random-codec-model.js';

/** The same model in WebAssembly and in TypeScript. */
async function both(tensors: TensorMap): Promise<[LatentCodec, LatentCodec]> {
  return [
    await openHyperpriorCodec(tensors, '', { engine: 'wasm' }),
    await openHyperpriorCodec(tensors, '', { engine: 'typescript' }),
  ];
}

/** Random outputs of the analysis networks, a few of them far outside every table. */
function outputsFor(tile: Tile, { hyperChannels, latentChannels }: Shape, seed: number, size: number) {
  const random = randomSource(seed);
  const map = (height: number, width: number, channels: number, amplitude: number) => ({
    ...{ height, width, channels },
    data: Float32Array.from({ length: height * width * channels }, () => {
      const value = random();
      return amplitude * (random() > 0.99 ? 1e9 ** Math.abs(value) : 1) * value;
    }),
  });
  return {
    y: map(tile.latentHeight, tile.latentWidth, latentChannels, size),
    z: map(tile.hyperHeight, tile.hyperWidth, hyperChannels, size),
  };
}

const bitsOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString('base64');

/** What a codec makes of a payload, to the bit. */
function decoded(codec: LatentCodec, payload: TilePayload, tile: Tile, position: number) {
  const { hyper, latent, latents } = codec.decode(payload, tile, position, 'tile 3');
  const { tables: _, ...hyperPlane } = hyper;
  const { tables: __, ...latentPlane } = latent;
  return [
    { ...hyperPlane, symbols: bitsOf(hyper.symbols), indexes: bitsOf(hyper.indexes) },
    { ...latentPlane, symbols: bitsOf(latent.symbols), indexes: bitsOf(latent.indexes) },
    bitsOf(latents()),
  ];
}

const small: Shape = { hyperChannels: 5, latentChannels: 7, widths: [32, 32, 32] };
const side = fc.integer({ min: 1, max: 150 });

describe('WebAssembly and TypeScript', () => {
  test('write the same bytes and read the same bits, for all models, tiles and positions', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyShape(3),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.tuple(side, side, fc.integer({ min: 0, max: 2047 }), fc.constantFrom(0.5, 5, 500)), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.integer(),
        async (shape, levels, tiles, seed) => {
          const [wasm, twin] = await both(randomCodecModel(shape, seed, levels));
          // Tiles one after another: nothing of one is left in the memory for the next.
          for (const [i, [w, h, position, size]] of tiles.entries()) {
            const tile = tileGrid(w, h).tile(0);
            const outputs = outputsFor(tile, shape, seed + i, size);
            const [a, b] = [wasm.analyse(tile, outputs), twin.analyse(tile, outputs)];
            for (const at of [position, 2047 - position]) {
              const payload = a.encode(at);
              expect(payload).toEqual(b.encode(at));
              expect(decoded(wasm, payload, tile, at)).toEqual(decoded(twin, payload, tile, at));
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('agree on a full tile', async () => {
    const [wasm, twin] = await both(randomCodecModel(small, 8));
    const tile = tileGrid(512, 512).tile(0);
    const outputs = outputsFor(tile, small, 5, 20);
    const payload = wasm.analyse(tile, outputs).encode(1500);
    expect(payload).toEqual(twin.analyse(tile, outputs).encode(1500));
    expect(decoded(wasm, payload, tile, 1500)).toEqual(decoded(twin, payload, tile, 1500));
  });

  test('code analysed tiles in any order, whatever was decoded between', async () => {
    const [wasm, twin] = await both(randomCodecModel(small, 2));
    const tiles = [tileGrid(100, 60).tile(0), tileGrid(30, 200).tile(0), tileGrid(16, 16).tile(0)];
    const [a, b] = [wasm, twin].map((codec) =>
      tiles.map((tile, i) => codec.analyse(tile, outputsFor(tile, small, i, 6))),
    ) as [ReturnType<LatentCodec['analyse']>[], ReturnType<LatentCodec['analyse']>[]];
    for (const [i, position] of [
      [2, 0],
      [0, 2047],
      [0, 1000],
      [1, 1000],
      [0, 1000],
      [2, 5],
    ] as const) {
      const payload = a[i]!.encode(position);
      expect(payload).toEqual(b[i]!.encode(position));
      const other = a[1]!.encode(7);
      decoded(wasm, other, tiles[1]!, 7);
      expect(a[i]!.encode(position)).toEqual(payload);
    }
  });

  test('keep what was decoded when the next tile comes', async () => {
    const [wasm] = await both(randomCodecModel(small, 4));
    const tile = tileGrid(40, 40).tile(0);
    const [one, two] = [1, 2].map((seed) => wasm.analyse(tile, outputsFor(tile, small, seed, 4)).encode(300));
    const first = wasm.decode(one!, tile, 300, 'a');
    const [symbols, latents] = [bitsOf(first.latent.symbols), bitsOf(first.latents())];
    wasm.decode(two!, tile, 300, 'b');
    expect([bitsOf(first.latent.symbols), bitsOf(first.latents())]).toEqual([symbols, latents]);
  });

  test('refuse alike what is no position, no number, no longer open, and too long', async () => {
    const codecs = await both(randomCodecModel(small, 3));
    const tile = tileGrid(33, 20).tile(0);
    const outputs = outputsFor(tile, small, 1, 3);
    const odd = { ...outputs, y: { ...outputs.y, data: outputs.y.data.slice() } };
    odd.y.data[9] = Number.NaN;
    const refusals = codecs.map((codec) => {
      const payload = codec.analyse(tile, outputs).encode(700);
      const errors: unknown[] = [];
      const note = (run: () => unknown) => {
        try {
          errors.push(run());
        } catch (error) {
          errors.push(`${(error as { code: string }).code}: ${(error as Error).message}`);
        }
      };
      for (const position of [-1, 2048, 0.5, Number.NaN]) {
        note(() => codec.decode(payload, tile, position, 'tile 0'));
        note(() => codec.analyse(tile, outputs).encode(position));
      }
      note(() => codec.analyse(tile, odd).encode(700));
      for (const size of [1, 9, 100_000, 3_000_000]) {
        const bytes = new Uint8Array(payload.bytes.length + size);
        bytes.set(payload.bytes);
        note(() => codec.decode({ ...payload, bytes }, tile, 700, 'tile 5'));
      }
      note(() => codec.decode({ ...payload, check: payload.check ^ 1 }, tile, 700, 'tile 6'));
      codec.dispose();
      return errors;
    });
    expect(refusals[0]).toEqual(refusals[1]);
    const list = refusals[0]!.join('\n');
    expect(list).toMatch(/bad-quality-position: quality position 0\.5/);
    expect(list).toMatch(/non-finite-latent: the analysis network gave NaN at element 9/);
    expect(list).toMatch(/trailing-payload: range-coded stream has \d+ bytes .* \(in tile 5\)/);
    expect(list).toMatch(/integer-mismatch: .* \(in tile 6\)/);
  });

  test('refuse to work once they are disposed of', async () => {
    for (const codec of await both(randomCodecModel(small, 3))) {
      const tile = tileGrid(16, 16).tile(0);
      const outputs = outputsFor(tile, small, 1, 3);
      const payload = codec.analyse(tile, outputs).encode(0);
      codec.dispose();
      expect(() => codec.decode(payload, tile, 0, 'tile 0')).toThrow(
        expect.objectContaining({ code: 'disposed' }),
      );
      expect(() => codec.analyse(tile, outputs)).toThrow(expect.objectContaining({ code: 'disposed' }));
    }
  });
});

test('a latent that is infinite is the largest symbol in both, one that is no number an error', async () => {
  const tile = tileGrid(16, 16).tile(0);
  const outputs = outputsFor(tile, small, 1, 3);
  const infinite = { ...outputs, y: { ...outputs.y, data: outputs.y.data.slice() } };
  infinite.y.data.set([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38, -3e38]);
  const [wasm, twin] = await both(randomCodecModel(small, 6));
  const payload = wasm.analyse(tile, infinite).encode(2047);
  expect(payload).toEqual(twin.analyse(tile, infinite).encode(2047));
  const { symbols } = wasm.decode(payload, tile, 2047, 'tile 0').latent;
  expect([...symbols.subarray(0, 4)]).toEqual([4194304, -4194304, 4194304, -4194304]);
  infinite.y.data[0] = Number.NaN;
  expect(() => wasm.analyse(tile, infinite).encode(2047)).toThrow(BackendError);
});

describe('where WebAssembly is forbidden', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test.each([
    ['there is none', undefined],
    ['compiling is refused', { compile: async () => Promise.reject(new Error('blocked by the policy')) }],
  ])('TypeScript takes over: %s', async (_, api) => {
    const tensors = randomCodecModel(small, 3);
    const tile = tileGrid(16, 16).tile(0);
    const outputs = outputsFor(tile, small, 1, 3);
    const [wasm] = await both(tensors);
    const payload = wasm.analyse(tile, outputs).encode(900);

    vi.stubGlobal('WebAssembly', api);
    vi.resetModules();
    const { openHyperpriorCodec: openAnew } = await import('../../src/latents/hyperprior-codec.js');
    const codec = await openAnew(tensors);
    expect(codec.analyse(tile, outputs).encode(900)).toEqual(payload);
    expect(decoded(codec, payload, tile, 900)).toEqual(decoded(wasm, payload, tile, 900));
    const cut = { ...payload, bytes: payload.bytes.subarray(0, 4) };
    expect(() => codec.decode(cut, tile, 900, 'tile 0')).toThrow(
      expect.objectContaining({ name: 'FormatError' }),
    );
  });
});

test('a module that can have no more memory is a shortage with what to do, no bug', async () => {
  const api = globalThis as unknown as { WebAssembly: { instantiate(module: object): Promise<object> } };
  const { WebAssembly: real } = api;
  onTestFinished(() => void vi.unstubAllGlobals());
  vi.stubGlobal('WebAssembly', {
    compile: (bytes: Uint8Array) => (real as unknown as { compile(it: Uint8Array): object }).compile(bytes),
    instantiate: async (module: object) => {
      const { exports } = (await real.instantiate(module)) as { exports: object };
      // As the module says it where the host has no more pages.
      return { exports: { ...exports, exchange: () => 0 } };
    },
  });
  vi.resetModules();
  const { openHyperpriorCodec: openAnew } = await import('../../src/latents/hyperprior-codec.js');
  await expect(openAnew(randomCodecModel(small, 3))).rejects.toMatchObject({
    ...{ name: 'ResourceError', code: 'out-of-memory', exitCode: 7 },
    message: expect.stringMatching(/tile core can have no more.*--jobs 1/),
  });
});

test('a stream of escape codes alone comes back, and is the longest there is', async () => {
  const [wasm, twin] = await both(randomCodecModel(small, 7));
  const tile = tileGrid(64, 64).tile(0);
  const outputs = outputsFor(tile, small, 1, 1);
  outputs.y.data.fill(1e9);
  outputs.z.data.fill(32767);
  const payload = wasm.analyse(tile, outputs).encode(2047);
  expect(payload).toEqual(twin.analyse(tile, outputs).encode(2047));
  expect(decoded(wasm, payload, tile, 2047)).toEqual(decoded(twin, payload, tile, 2047));
  expect(() =>
    wasm.decode({ ...payload, bytes: Uint8Array.of(...payload.bytes, 0) }, tile, 2047, 'tile 0'),
  ).toThrow(FormatError);
});
