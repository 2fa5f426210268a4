import type { TilePayload } from '../container/dicm-file.js';
import type { FrequencyTables } from '../entropy/frequency-tables.js';
import type { Tile } from '../geometry.js';
import type { FeatureMap } from '../nn/backend.js';

/** The integers of one kind in a tile, and the table that each is coded with. */
export interface SymbolPlane {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** [height][width][channels] */
  readonly symbols: Int32Array;
  /** Table of each symbol. */
  readonly indexes: Uint8Array;
  readonly tables: FrequencyTables;
}

/** A decoded tile: its integers, checked, and what they stand for. */
export interface DecodedTile {
  /** Hyper-latents z^. */
  readonly hyper: SymbolPlane;
  /** Latent symbols: y less its predicted mean, rounded. */
  readonly latent: SymbolPlane;
  /** y^, dequantised, [rows][columns][channels]: what the synthesis reads. */
  latents(): Float32Array;
}

/** A tile that has been through the analysis networks; nothing in it depends on the quality. */
export interface AnalysedTile {
  /**
   * Codes the tile at a quality position, 0 to 2047. Costs no network run.
   *
   * @throws BackendError `non-finite-latent` when the analysis network gave no number
   */
  encode(position: number): TilePayload;
  /** Its latent symbols at a quality position, for whoever chooses others than the nearest. */
  openSymbols(position: number): OpenSymbols;
}

/**
 * The latent symbols of a tile at one quality position, not chosen yet. Which integers an encoder takes is its own affair
 * ([DICM-S-24] names the nearest): every decoder reads them all. Hyper-latents, and so prices, are settled.
 */
export interface OpenSymbols {
  /** y less its predicted mean in steps of the quantiser, [rows][columns][channels]; the nearest integers are {@link AnalysedTile.encode}'s. */
  readonly values: Float32Array;
  /** Channels of the latents. */
  readonly channels: number;
  /** y^ a step of the quantiser, [channels]. */
  readonly stepSize: Float32Array;
  /** Bits of a symbol at element `i`. */
  price(symbol: number, i: number): number;
  /** y^ of symbols, or of numbers between them. */
  latentsOf(symbols: ArrayLike<number>): Float32Array;
  /** Codes the tile with these symbols. */
  encode(symbols: Int32Array): TilePayload;
}

/**
 * How the latents of a tile become range-coded bytes and back. It holds everything of a model that entropy decoding
 * needs, the part that the decode id covers, and computes in exact arithmetic only: what it decodes is the same on every
 * machine (format-spec/v1/dicm-v1.md, section 6).
 */
export interface LatentCodec {
  /** Channels of y and y^. */
  readonly latentChannels: number;
  /** Channels of z and z^. */
  readonly hyperChannels: number;
  /**
   * Takes the outputs of the analysis networks for a tile, and predicts from the rounded z exactly as every decoder will.
   *
   * @throws BackendError `bad-latent` when they are no latents of this tile
   */
  analyse(tile: Tile, outputs: { readonly y: FeatureMap; readonly z: FeatureMap }): AnalysedTile;
  /**
   * Entropy-decodes a tile and compares its integers with their check.
   *
   * @param position - Quality position of the layer, 0 to 2047.
   * @param section - What to call the tile in messages.
   * @throws FormatError `truncated-payload`, `trailing-payload`, `invalid-payload`, `non-canonical-payload`,
   *   `integer-mismatch`
   */
  decode(payload: TilePayload, tile: Tile, position: number, section: string): DecodedTile;
  dispose(): void;
}
