import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { integerCheck } from '../../src/container/integer-check.js';
import { FormatError } from '../../src/errors.js';
import { type Tile, tileGrid } from '../../src/geometry.js';
import { openHyperpriorCodec } from '../../src/latents/hyperprior-codec.js';
import type { LatentCodec } from '../../src/latents/latent-codec.js';
import { randomSource } from '../hyperprior/random-model.js';
import { loadFolder } from '../model/load-folder.js';
import { TINY_MODEL } from '../session/helpers.js';
import { CODES, CoreHost } from '../wasm/core-host.js';

const RELEASED_MODEL = resolve(import.meta.dirname, '../../packages/model-r50');

/** Streams for each model; more by an environment variable, for a night. */
const STREAMS = Number(process.env.DICM_FUZZ_STREAMS ?? 6000);

/** Integers from 0 to `limit` - 1. */
type Draw = (limit: number) => number;

function drawFrom(seed: number): Draw {
  const random = randomSource(seed);
  return (limit) => Math.floor(((random() + 1) / 2) * limit);
}

/** A payload that an encoder makes of random latents, of few or many bits, some of them escaped. */
function encoded(codec: LatentCodec, tile: Tile, position: number, draw: Draw): Uint8Array {
  const size = 2 ** (draw(12) - 4);
  const map = (height: number, width: number, channels: number) => ({
    ...{ height, width, channels },
    data: Float32Array.from(
      { length: height * width * channels },
      () => ((draw(20001) - 10000) / 10000) * size * (draw(200) === 0 ? 1e6 : 1),
    ),
  });
  const y = map(tile.latentHeight, tile.latentWidth, codec.latentChannels);
  const z = map(tile.hyperHeight, tile.hyperWidth, codec.hyperChannels);
  return codec.analyse(tile, { y, z }).encode(position).bytes;
}

/** What damage, malice and chance make of a payload. */
function damaged(bytes: Uint8Array, draw: Draw): Uint8Array {
  const noise = (length: number) => Uint8Array.from({ length }, () => draw(256));
  const changed = bytes.slice();
  switch (draw(9)) {
    case 0:
      return bytes;
    case 1:
      return noise(draw(40));
    case 2:
      return noise(draw(2000));
    case 3:
      return bytes.slice(0, draw(bytes.length + 1));
    case 4:
      return Uint8Array.of(...bytes, ...noise(1 + draw(6)));
    case 5:
      return Uint8Array.of(...bytes, ...new Uint8Array(1 + draw(6)));
    case 6:
      // Ones lead to the ends of tables, which are the escapes.
      return changed.fill(draw(2) === 0 ? 0xff : 0xfe, 1 + draw(bytes.length + 1));
    case 7:
      if (changed.length > 0) changed[changed.length - 1]! += 1 + draw(255);
      return changed;
    default:
      for (let i = draw(4); i >= 0 && changed.length > 0; i--) changed[draw(changed.length)] = draw(256);
      return changed;
  }
}

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof FormatError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'opens';
}

describe.each([
  ['the tiny model', TINY_MODEL],
  ['the released model', RELEASED_MODEL],
])('streams of %s', (_, folder) => {
  let wasm: LatentCodec;
  let twin: LatentCodec;
  let host: CoreHost;
  beforeAll(async () => {
    const { tensors } = await loadFolder(join(folder));
    wasm = await openHyperpriorCodec(tensors, '', { engine: 'wasm' });
    twin = await openHyperpriorCodec(tensors, '', { engine: 'typescript' });
    host = await CoreHost.open();
    expect(host.load(tensors)).toBe(0);
  });

  test('give the same integers and latents, or the same error, in both engines', { timeout: 600_000 }, () => {
    const draw = drawFrom(20261125);
    const outcomes = new Map<string, number>();
    for (let stream = 0; stream < STREAMS; stream++) {
      const sides = draw(20) === 0 ? [1 + draw(120), 1 + draw(120)] : [1 + draw(32), 1 + draw(32)];
      const tile = tileGrid(sides[0]!, sides[1]!).tile(0);
      const position = draw(2048);
      const bytes = damaged(encoded(wasm, tile, position, draw), draw);
      const { latentHeight, latentWidth, hyperHeight, hyperWidth } = tile;
      const where = `stream ${stream}`;

      // The core has the integers even where their check, which nobody knows of such a stream, does not hold.
      host.send(bytes);
      const status = host.core.decodeTile(latentHeight, latentWidth, position, bytes.length, 65536);
      const code = CODES.get(status);
      outcomes.set(code!, (outcomes.get(code!) ?? 0) + 1);
      if (code !== 'integer-mismatch') {
        const payload = { bytes, check: 0 };
        const message = messageOf(() => twin.decode(payload, tile, position, where));
        expect(message.startsWith(`${code}: `), `${where}: ${code}, ${message}`).toBe(true);
        expect(
          messageOf(() => wasm.decode(payload, tile, position, where)),
          where,
        ).toBe(message);
        continue;
      }
      const z = host.integers('hyperSymbols', hyperHeight * hyperWidth * wasm.hyperChannels);
      const symbols = host.integers('latentSymbols', latentHeight * latentWidth * wasm.latentChannels);
      const payload = { bytes, check: integerCheck(z, symbols) };
      const [a, b] = [wasm, twin].map((codec) => codec.decode(payload, tile, position, where));
      expect(a!.hyper.symbols, where).toEqual(z);
      expect(a!.latent.symbols, where).toEqual(symbols);
      for (const plane of ['hyper', 'latent'] as const) {
        expect(a![plane].symbols, where).toEqual(b![plane].symbols);
        expect(a![plane].indexes, where).toEqual(b![plane].indexes);
      }
      expect(new Uint32Array(a!.latents().buffer), where).toEqual(new Uint32Array(b!.latents().buffer));
    }
    for (const code of ['integer-mismatch', 'truncated-payload', 'trailing-payload']) {
      expect(outcomes.get(code) ?? 0, `${code} among ${[...outcomes]}`).toBeGreaterThan(STREAMS / 50);
    }
    expect(outcomes.get('invalid-payload') ?? 0, `${[...outcomes]}`).toBeGreaterThan(0);
    if (process.env.DICM_FUZZ_STREAMS !== undefined) console.log([...outcomes]);
  });
});
