import type { TilePayload } from '../container/dicm-file.js';
import { integerCheck } from '../container/integer-check.js';
import { decodeSymbols } from '../entropy/decode-symbols.js';
import { encodeSymbols } from '../entropy/encode-symbols.js';
import type { FrequencyTables } from '../entropy/frequency-tables.js';
import { RangeDecoder } from '../entropy/range-decoder.js';
import { RangeEncoder } from '../entropy/range-encoder.js';
import { FormatError } from '../errors.js';
import type { Tile } from '../geometry.js';
import { type Gains, gainsAt } from '../hyperprior/gains.js';
import { type HyperSynthesis, openHyperSynthesis } from '../hyperprior/hyper-synthesis.js';
import { dequantiseLatents, quantiseLatents, tableIndexes } from '../hyperprior/quantiser.js';
import type { TensorMap } from '../tensor.js';
import { factorisedIndexes } from './factorised-indexes.js';
import type { AnalysedTile } from './latent-codec.js';
import { openSymbolsAt } from './open-symbols.js';
import type { TileCoder, TileValues } from './tile-coder.js';

/** Tables of the two planes of a tile. */
export interface TileTables {
  readonly hyper: FrequencyTables;
  readonly latent: FrequencyTables;
}

/**
 * The tile coder in plain TypeScript: the readable twin of the tile core, its witness, and what runs where WebAssembly is
 * forbidden.
 *
 * @throws ModelError `missing-tensor`, `bad-tensor`
 */
export function openTypeScriptTileCoder(tensors: TensorMap, tables: TileTables): TileCoder {
  return new TypeScriptTileCoder(tensors, openHyperSynthesis(tensors), tables);
}

class TypeScriptTileCoder implements TileCoder {
  readonly #tensors: TensorMap;
  readonly #hyperSynthesis: HyperSynthesis;
  readonly #tables: TileTables;
  /** All tiles of a layer have one position. */
  #lastGains: { readonly position: number; readonly gains: Gains } | undefined;

  constructor(tensors: TensorMap, hyperSynthesis: HyperSynthesis, tables: TileTables) {
    this.#tensors = tensors;
    this.#hyperSynthesis = hyperSynthesis;
    this.#tables = tables;
  }

  analyse(tile: Tile, z: Int32Array, y: Float32Array): AnalysedTile {
    const { mean, scale } = this.#hyperSynthesis.run(z, tile);
    const encode = (latents: Float32Array, position: number): TilePayload => {
      const { gain, indexOffset } = this.#gainsAt(position);
      const symbols = quantiseLatents(latents, mean, gain);
      const encoder = new RangeEncoder();
      encodeSymbols(encoder, z, this.#hyperIndexes(z.length), this.#tables.hyper);
      encodeSymbols(encoder, symbols, tableIndexes(scale, indexOffset), this.#tables.latent);
      return { bytes: encoder.finish(), check: integerCheck(z, symbols) };
    };
    const predicted = { y, mean, scale };
    return {
      encode: (position) => encode(y, position),
      openSymbols: (position) =>
        openSymbolsAt(this.#tensors, this.#tables.latent, predicted, position, (latents) =>
          encode(latents, position),
        ),
    };
  }

  decode(payload: TilePayload, tile: Tile, position: number, section: string): TileValues {
    const { gain, inverseGain, indexOffset } = this.#gainsAt(position);
    const decoder = new RangeDecoder(payload.bytes, section);
    const z = new Int32Array(tile.hyperHeight * tile.hyperWidth * this.#hyperSynthesis.hyperChannels);
    decodeSymbols(decoder, z, this.#hyperIndexes(z.length), this.#tables.hyper);
    const { mean, scale } = this.#hyperSynthesis.run(z, tile);
    const indexes = tableIndexes(scale, indexOffset);
    const symbols = new Int32Array(scale.length);
    decodeSymbols(decoder, symbols, indexes, this.#tables.latent);
    decoder.finish();
    if (integerCheck(z, symbols) !== payload.check) {
      throw new FormatError(
        'integer-mismatch',
        'The decoded integers differ from those that were encoded: the payload is damaged',
        { section },
      );
    }
    return {
      hyperSymbols: z,
      latentSymbols: symbols,
      indexes,
      latents: () => dequantiseLatents(symbols, mean, gain, inverseGain),
    };
  }

  dispose(): void {
    this.#hyperSynthesis.dispose();
  }

  #gainsAt(position: number): Gains {
    if (this.#lastGains?.position !== position) {
      this.#lastGains = { position, gains: gainsAt(this.#tensors, position) };
    }
    return this.#lastGains.gains;
  }

  #hyperIndexes(length: number): Uint8Array {
    return factorisedIndexes(length, this.#hyperSynthesis.hyperChannels, this.#tables.hyper);
  }
}
