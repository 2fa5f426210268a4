import type { TilePayload } from '../container/dicm-file.js';
import { buildTables, type FrequencyTables } from '../entropy/frequency-tables.js';
import { BackendError, ModelError } from '../errors.js';
import type { Tile } from '../geometry.js';
import { readGains } from '../hyperprior/gains.js';
import { GAUSSIAN_TABLES } from '../hyperprior/quantiser.js';
import { type HyperSynthesisShape, hyperSynthesisShape } from '../hyperprior/weights.js';
import type { FeatureMap } from '../nn/backend.js';
import { prefixedTensors, type TensorMap } from '../tensor.js';
import { factorisedIndexes } from './factorised-indexes.js';
import type { AnalysedTile, DecodedTile, LatentCodec } from './latent-codec.js';
import type { TileCoder, TileEngine } from './tile-coder.js';
import { openTypeScriptTileCoder, type TileTables } from './typescript-tile-coder.js';
import { openWasmTileCoder } from './wasm-tile-coder.js';

/** Hyper-latents stay within the range that h_s reads exactly ([DICM-S-03]). */
const HYPER_LATENT_BOUND = 32767;

/**
 * Opens the mean-scale hyperprior (Minnen et al., 2018) of a model: z^ with a factorised table a channel, then the latent
 * symbols with Gaussian tables that h_s chooses from z^, in one stream.
 *
 * @param tensors - Of a model; uses `entropy.*`, `hs.*` and `gain.*`.
 * @param prefix - Stands before those names; empty unless given.
 * @param options - `engine`: `wasm` unless given, and `typescript` wherever there is no WebAssembly; both give the same bits.
 * @throws ModelError `missing-tensor`, `bad-tensor`, `bad-tables`
 */
export async function openHyperpriorCodec(
  all: TensorMap,
  prefix = '',
  options: { readonly engine?: TileEngine } = {},
): Promise<LatentCodec> {
  const tensors = prefixedTensors(all, prefix);
  const tables = {
    hyper: tablesNamed(tensors, 'entropy.factorised'),
    latent: tablesNamed(tensors, 'entropy.gaussian'),
  };
  const shape = hyperSynthesisShape(tensors);
  checkFit(shape, tables, readGains(tensors).channels);
  const wasm = options.engine === 'typescript' ? undefined : await openWasmTileCoder(tensors, tables);
  return new HyperpriorCodec(shape, tables, wasm ?? openTypeScriptTileCoder(tensors, tables));
}

class HyperpriorCodec implements LatentCodec {
  readonly latentChannels: number;
  readonly hyperChannels: number;
  readonly #tables: TileTables;
  readonly #coder: TileCoder;

  constructor({ latentChannels, hyperChannels }: HyperSynthesisShape, tables: TileTables, coder: TileCoder) {
    this.latentChannels = latentChannels;
    this.hyperChannels = hyperChannels;
    this.#tables = tables;
    this.#coder = coder;
  }

  analyse(tile: Tile, { y, z }: { readonly y: FeatureMap; readonly z: FeatureMap }): AnalysedTile {
    checkExtents('latent', y, tile.latentHeight, tile.latentWidth, this.latentChannels);
    checkExtents('hyper-latent', z, tile.hyperHeight, tile.hyperWidth, this.hyperChannels);
    return this.#coder.analyse(tile, roundHyperLatents(z.data), y.data);
  }

  decode(payload: TilePayload, tile: Tile, position: number, section: string): DecodedTile {
    const { hyperSymbols, latentSymbols, indexes, latents } = this.#coder.decode(
      payload,
      tile,
      position,
      section,
    );
    const { hyper, latent } = this.#tables;
    const [hyperChannels, channels] = [this.hyperChannels, this.latentChannels];
    return {
      hyper: {
        ...{ height: tile.hyperHeight, width: tile.hyperWidth, channels: hyperChannels },
        ...{ symbols: hyperSymbols, tables: hyper },
        indexes: factorisedIndexes(hyperSymbols.length, hyperChannels, hyper),
      },
      latent: {
        ...{ height: tile.latentHeight, width: tile.latentWidth, channels },
        ...{ symbols: latentSymbols, tables: latent, indexes },
      },
      latents,
    };
  }

  dispose(): void {
    this.#coder.dispose();
  }
}

/** Refuses a model whose tables and gains are not those of its hyper-synthesis. */
function checkFit(shape: HyperSynthesisShape, { hyper, latent }: TileTables, gainChannels: number): void {
  const { hyperChannels, latentChannels } = shape;
  if (hyper.count !== hyperChannels) {
    throw mismatch(`${hyper.count} factorised tables for ${hyperChannels} hyper-latent channels`);
  }
  if (latent.count !== GAUSSIAN_TABLES) throw mismatch(`${latent.count} Gaussian tables`);
  if (gainChannels !== latentChannels) {
    throw mismatch(`gains for ${gainChannels} of ${latentChannels} latent channels`);
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
