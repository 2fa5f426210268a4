import type { TilePayload } from '../container/dicm-file.js';
import { integerCheck } from '../container/integer-check.js';
import { buildTables, type FrequencyTables } from '../entropy/frequency-tables.js';
import { RangeDecoder } from '../entropy/range-decoder.js';
import { BackendError, FormatError, ModelError } from '../errors.js';
import type { Tile } from '../geometry.js';
import { type Gains, gainsAt } from '../hyperprior/gains.js';
import { type HyperSynthesis, openHyperSynthesis } from '../hyperprior/hyper-synthesis.js';
import {
  dequantiseLatents,
  GAUSSIAN_TABLES,
  quantiseLatents,
  tableIndexes,
} from '../hyperprior/quantiser.js';
import type { FeatureMap } from '../nn/backend.js';
import { prefixedTensors, type TensorMap } from '../tensor.js';
import type { AnalysedTile, DecodedTile, LatentCodec, SymbolPlane } from './latent-codec.js';
import { decodePlane, encodePlanes, factorisedIndexes } from './symbol-streams.js';

/** Hyper-latents stay within the range that h_s reads exactly ([DICM-S-03]). */
const HYPER_LATENT_BOUND = 32767;

/**
 * Opens the mean-scale hyperprior (Minnen et al., 2018) of a model: z^ with a factorised table a channel, then the latent
 * symbols with Gaussian tables that h_s chooses from z^, in one stream.
 *
 * @param tensors - Of a model; uses `entropy.*`, `hs.*` and `gain.*`.
 * @param prefix - Stands before those names; empty unless given.
 * @throws ModelError `missing-tensor`, `bad-tensor`, `bad-tables`
 */
export async function openHyperpriorCodec(all: TensorMap, prefix = ''): Promise<LatentCodec> {
  const tensors = prefixedTensors(all, prefix);
  const hyperTables = tablesNamed(tensors, 'entropy.factorised');
  const latentTables = tablesNamed(tensors, 'entropy.gaussian');
  const hyperSynthesis = await openHyperSynthesis(tensors);
  const { latentChannels, hyperChannels } = hyperSynthesis;
  if (hyperTables.count !== hyperChannels) {
    throw mismatch(`${hyperTables.count} factorised tables for ${hyperChannels} hyper-latent channels`);
  }
  if (latentTables.count !== GAUSSIAN_TABLES) throw mismatch(`${latentTables.count} Gaussian tables`);
  const gainChannels = gainsAt(tensors, 0).gain.length;
  if (gainChannels !== latentChannels) {
    throw mismatch(`gains for ${gainChannels} of ${latentChannels} latent channels`);
  }
  return new HyperpriorCodec(tensors, hyperSynthesis, hyperTables, latentTables);
}

class HyperpriorCodec implements LatentCodec {
  readonly latentChannels: number;
  readonly hyperChannels: number;
  readonly #tensors: TensorMap;
  readonly #hyperSynthesis: HyperSynthesis;
  readonly #hyperTables: FrequencyTables;
  readonly #latentTables: FrequencyTables;
  /** All tiles of a layer have one position. */
  #lastGains: { readonly position: number; readonly gains: Gains } | undefined;

  constructor(
    tensors: TensorMap,
    hyperSynthesis: HyperSynthesis,
    hyperTables: FrequencyTables,
    latentTables: FrequencyTables,
  ) {
    this.latentChannels = hyperSynthesis.latentChannels;
    this.hyperChannels = hyperSynthesis.hyperChannels;
    this.#tensors = tensors;
    this.#hyperSynthesis = hyperSynthesis;
    this.#hyperTables = hyperTables;
    this.#latentTables = latentTables;
  }

  analyse(tile: Tile, { y, z }: { readonly y: FeatureMap; readonly z: FeatureMap }): AnalysedTile {
    checkExtents('latent', y, tile.latentHeight, tile.latentWidth, this.latentChannels);
    checkExtents('hyper-latent', z, tile.hyperHeight, tile.hyperWidth, this.hyperChannels);
    const hyper = this.#hyperPlane(tile, roundHyperLatents(z.data));
    const { mean, scale } = this.#hyperSynthesis.run(hyper.symbols, tile);
    return {
      encode: (position) => {
        const { gain, indexOffset } = this.#gainsAt(position);
        const symbols = quantiseLatents(y.data, mean, gain);
        const latent = this.#latentPlane(tile, symbols, tableIndexes(scale, indexOffset));
        return { bytes: encodePlanes([hyper, latent]), check: integerCheck(hyper.symbols, symbols) };
      },
    };
  }

  decode(payload: TilePayload, tile: Tile, position: number, section: string): DecodedTile {
    const gains = this.#gainsAt(position);
    const decoder = new RangeDecoder(payload.bytes, section);
    const hyper = this.#hyperPlane(
      tile,
      new Int32Array(tile.hyperHeight * tile.hyperWidth * this.hyperChannels),
    );
    decodePlane(decoder, hyper);
    const { mean, scale } = this.#hyperSynthesis.run(hyper.symbols, tile);
    const latent = this.#latentPlane(
      tile,
      new Int32Array(scale.length),
      tableIndexes(scale, gains.indexOffset),
    );
    decodePlane(decoder, latent);
    decoder.finish();
    if (integerCheck(hyper.symbols, latent.symbols) !== payload.check) {
      throw new FormatError(
        'integer-mismatch',
        'The decoded integers differ from those that were encoded: the payload is damaged',
        { section },
      );
    }
    return {
      hyper,
      latent,
      latents: () => dequantiseLatents(latent.symbols, mean, gains.gain, gains.inverseGain),
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

  #hyperPlane(tile: Tile, symbols: Int32Array): SymbolPlane {
    const [channels, tables] = [this.hyperChannels, this.#hyperTables];
    return {
      ...{ height: tile.hyperHeight, width: tile.hyperWidth, channels, symbols, tables },
      indexes: factorisedIndexes(symbols.length, channels, tables),
    };
  }

  #latentPlane(tile: Tile, symbols: Int32Array, indexes: Uint8Array): SymbolPlane {
    const [channels, tables] = [this.latentChannels, this.#latentTables];
    return { height: tile.latentHeight, width: tile.latentWidth, channels, symbols, indexes, tables };
  }
}

function roundHyperLatents(z: Float32Array): Int32Array {
  const rounded = new Int32Array(z.length);
  for (let i = 0; i < z.length; i++) {
    const value = z[i]!;
    if (Number.isNaN(value)) throw new BackendError('bad-latent', 'the encoder network gave no numbers');
    rounded[i] = Math.round(Math.min(Math.max(value, -HYPER_LATENT_BOUND), HYPER_LATENT_BOUND));
  }
  return rounded;
}

function checkExtents(what: string, map: FeatureMap, height: number, width: number, channels: number): void {
  if (map.height === height && map.width === width && map.channels === channels) return;
  throw new BackendError(
    'bad-latent',
    `the encoder network gave a ${what} of ${map.height} x ${map.width} x ${map.channels} where the tile has ` +
      `${height} x ${width} x ${channels}`,
  );
}

function tablesNamed(tensors: TensorMap, name: string): FrequencyTables {
  const integers = (part: string): Int32Array => {
    const tensor = tensors.get(`${name}.${part}`);
    if (tensor === undefined) {
      throw new ModelError('missing-tensor', `the model has no tensor ${name}.${part}`);
    }
    const { data } = tensor;
    if (!(data instanceof Int32Array)) throw new ModelError('bad-tensor', `${name}.${part} is not i32`);
    return data;
  };
  return buildTables(integers('cdf'), integers('size'), integers('offset'), name);
}

function mismatch(what: string): ModelError {
  return new ModelError('bad-tensor', `the parts of the model do not fit together: ${what}`);
}
