import type { TilePayload } from '../container/dicm-file.js';
import type { Tile } from '../geometry.js';
import type { AnalysedTile } from './latent-codec.js';

/** What computes the entropy path; both give the same bytes, integers and errors. */
export type TileEngine = 'wasm' | 'typescript';

/** A decoded tile in bare arrays, each [rows][columns][channels]. */
export interface TileValues {
  /** Hyper-latents z^. */
  readonly hyperSymbols: Int32Array;
  readonly latentSymbols: Int32Array;
  /** Gaussian table of each latent symbol. */
  readonly indexes: Uint8Array;
  /** y^ */
  latents(): Float32Array;
}

/**
 * The arithmetic of a model between a tile's payload and its latents: the tile core in WebAssembly, or its twin in
 * TypeScript.
 */
export interface TileCoder {
  /** As `LatentCodec.decode`. @throws FormatError; UsageError `bad-quality-position`, `disposed` */
  decode(payload: TilePayload, tile: Tile, position: number, section: string): TileValues;
  /**
   * Predicts what the latents `y` are coded by from their rounded hyper-latents `z`.
   *
   * @throws UsageError `disposed`
   */
  analyse(tile: Tile, z: Int32Array, y: Float32Array): AnalysedTile;
  dispose(): void;
}
