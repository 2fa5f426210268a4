import type { TilePayload } from '../container/dicm-file.js';
import type { FrequencyTables } from '../entropy/frequency-tables.js';
import { BackendError, type DicmError, FormatError, UsageError } from '../errors.js';
import type { Tile } from '../geometry.js';
import { checkQualityPosition, readGains } from '../hyperprior/gains.js';
import {
  type HyperSynthesisShape,
  hyperSynthesisShape,
  hyperSynthesisTensors,
} from '../hyperprior/weights.js';
import { outOfMemory } from '../shortage.js';
import type { TensorMap } from '../tensor.js';
import { openTileCore, STATUS, type TileCore } from '../wasm/tile-core.js';
import type { AnalysedTile } from './latent-codec.js';
import { openSymbolsAt } from './open-symbols.js';
import type { TileCoder, TileValues } from './tile-coder.js';
import type { TileTables } from './typescript-tile-coder.js';

/** No symbol takes more: 16 bits, 64 of an escape code, and 8 that were begun before. */
const MAX_BYTES_PER_SYMBOL = 11;

/** What to say where the module's memory cannot grow. */
const TILE_MEMORY = 'the tile core can have no more for a tile';

/**
 * The tile coder in WebAssembly: the tile core with the tensors of a model (docs/tile-core.md).
 *
 * @param tables - Of the same model, checked.
 * @returns nothing where WebAssembly is not to be had
 * @throws ModelError `missing-tensor`, `bad-tensor`
 */
export async function openWasmTileCoder(
  tensors: TensorMap,
  tables: TileTables,
): Promise<TileCoder | undefined> {
  const shape = hyperSynthesisShape(tensors);
  const weights = hyperSynthesisTensors(tensors, shape);
  const { log2, log2Inverse, indexPerOctave, levels } = readGains(tensors);
  const core = await openTileCore();
  if (core === undefined) return undefined;
  const { hyper, latent } = tables;
  const { hyperChannels, latentChannels, widths } = shape;
  const lengths = [hyper.cumulative.length, latent.cumulative.length] as const;
  expectOk(core, core.layOut(hyperChannels, latentChannels, ...widths, ...lengths, levels));
  const ofTables = [hyper, latent].flatMap(({ sizes, offset, cumulative }) => [sizes, offset, cumulative]);
  const all = [...ofTables, log2, log2Inverse, Float32Array.of(indexPerOctave), ...weights];
  all.forEach((values, tensor) => {
    send(core, values);
    expectOk(core, core.takeTensor(tensor, values.length));
  });
  return new WasmTileCoder(core, shape, tensors, latent);
}

class WasmTileCoder implements TileCoder {
  readonly #hyperChannels: number;
  readonly #latentChannels: number;
  readonly #tensors: TensorMap;
  /** Of the latent symbols. */
  readonly #tables: FrequencyTables;
  #core: TileCore | undefined;
  /** The latents that the core holds, with all that was predicted of their tile. */
  #loaded: Float32Array | undefined;

  constructor(
    core: TileCore,
    { hyperChannels, latentChannels }: HyperSynthesisShape,
    tensors: TensorMap,
    tables: FrequencyTables,
  ) {
    this.#core = core;
    this.#tensors = tensors;
    this.#tables = tables;
    this.#hyperChannels = hyperChannels;
    this.#latentChannels = latentChannels;
  }

  decode(payload: TilePayload, tile: Tile, position: number, section: string): TileValues {
    checkQualityPosition(position);
    const core = this.#live();
    this.#loaded = undefined;
    const { hypers, latents } = this.#counts(tile);
    // A longer one goes on after its symbols, however long it is.
    const bytes = payload.bytes.subarray(0, (hypers + latents) * MAX_BYTES_PER_SYMBOL + 8);
    send(core, bytes);
    const { latentHeight, latentWidth } = tile;
    const status = core.decodeTile(latentHeight, latentWidth, position, bytes.length, payload.check);
    if (status !== STATUS.ok) throw refusal(core, status, payload.bytes.length, section);
    const { buffer } = core.memory;
    const latentValues = new Float32Array(buffer, core.latents(), latents).slice();
    return {
      hyperSymbols: new Int32Array(buffer, core.hyperSymbols(), hypers).slice(),
      latentSymbols: new Int32Array(buffer, core.latentSymbols(), latents).slice(),
      indexes: new Uint8Array(buffer, core.latentIndexes(), latents).slice(),
      latents: () => latentValues,
    };
  }

  analyse(tile: Tile, z: Int32Array, y: Float32Array): AnalysedTile {
    const core = this.#live();
    const { latents } = this.#counts(tile);
    const { latentHeight, latentWidth } = tile;
    new Int32Array(core.memory.buffer, core.hyperSymbols(), z.length).set(z);
    expectOk(core, core.predict(latentHeight, latentWidth));
    const mean = new Float32Array(core.memory.buffer, core.mean(), latents).slice();
    const scale = new Float32Array(core.memory.buffer, core.scale(), latents).slice();
    this.#loaded = undefined;
    const encode = (values: Float32Array, position: number): TilePayload => {
      checkQualityPosition(position);
      const live = this.#live();
      const { buffer } = live.memory;
      // A picture of one tile is coded at many positions, one after another.
      if (this.#loaded !== values) {
        new Int32Array(buffer, live.hyperSymbols(), z.length).set(z);
        new Float32Array(buffer, live.latents(), latents).set(values);
        new Float32Array(buffer, live.mean(), latents).set(mean);
        new Float32Array(buffer, live.scale(), latents).set(scale);
        this.#loaded = values;
      }
      const status = live.encodeTile(latentHeight, latentWidth, position);
      if (status === STATUS.nonFiniteLatent) {
        const at = live.detail();
        throw new BackendError(
          'non-finite-latent',
          `the analysis network gave ${values[at]} at element ${at}`,
        );
      }
      expectOk(live, status);
      // Encoding may have grown the memory.
      const coded = new Uint8Array(live.memory.buffer, live.exchange(0), live.payloadSize());
      return { bytes: coded.slice(), check: live.integerCheck() };
    };
    const predicted = { y, mean, scale };
    return {
      encode: (position) => encode(y, position),
      openSymbols: (position) =>
        openSymbolsAt(this.#tensors, this.#tables, predicted, position, (values) => encode(values, position)),
    };
  }

  dispose(): void {
    this.#core = undefined;
  }

  #live(): TileCore {
    if (this.#core === undefined) throw new UsageError('disposed', 'the latent codec was disposed');
    return this.#core;
  }

  #counts(tile: Tile): { hypers: number; latents: number } {
    return {
      hypers: tile.hyperHeight * tile.hyperWidth * this.#hyperChannels,
      latents: tile.latentHeight * tile.latentWidth * this.#latentChannels,
    };
  }
}

/** Writes values or bytes into the exchange area. */
function send(core: TileCore, values: Int32Array | Float32Array | Uint8Array): void {
  const address = core.exchange(values.byteLength);
  if (address === 0) throw outOfMemory(TILE_MEMORY);
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  new Uint8Array(core.memory.buffer, address, bytes.length).set(bytes);
}

/** The error that the twin throws for a payload the core has refused. */
function refusal(core: TileCore, status: number, sizeBytes: number, section: string): DicmError {
  const error = (code: FormatError['code'], message: string) => new FormatError(code, message, { section });
  const detail = core.detail();
  switch (status) {
    case STATUS.truncated:
      return error(
        'truncated-payload',
        `range-coded stream of ${sizeBytes} bytes ends before its symbols do`,
      );
    case STATUS.trailing:
      return error(
        'trailing-payload',
        `range-coded stream has ${sizeBytes} bytes where its symbols end after ${detail}`,
      );
    case STATUS.nonCanonical:
      return error('non-canonical-payload', 'range-coded stream does not end as an encoder ends it');
    case STATUS.badStart:
      return error('invalid-payload', 'range-coded stream starts with ff ff ff ff');
    case STATUS.escapeTooLong:
      return error('invalid-payload', 'escape code has a prefix of more than 31 ones');
    case STATUS.escapeTooLarge:
      return error('invalid-payload', `escape code stands for ${detail}, beyond 32 bits`);
    case STATUS.integerMismatch:
      return error(
        'integer-mismatch',
        'The decoded integers differ from those that were encoded: the payload is damaged',
      );
    default:
      throw unexpected(core, status);
  }
}

function expectOk(core: TileCore, status: number): void {
  if (status !== STATUS.ok) throw unexpected(core, status);
}

/** What is no fault of a payload, nor of a model whose tensors were checked before. */
function unexpected(core: TileCore, status: number): Error {
  if (status === STATUS.outOfMemory) return outOfMemory(TILE_MEMORY);
  return new Error(`the tile core gave status ${status} (${core.detail()})`);
}
