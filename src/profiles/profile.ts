import type { ModelRules } from '../model/model-rules.js';
import type { Network } from '../nn/backend.js';
import type { TensorMap } from '../tensor.js';

/** What a layer of a file is for, and what a model must hold to code it. */
export interface Profile extends ModelRules {
  /** What its latents are rebuilt to. */
  readonly result: 'features' | 'picture';
  readonly encoder: Encoder;
  /** g_s. */
  readonly synthesis: Synthesis;
}

/** g_a and h_a: RGB in [0, 1] to y and z, neither rounded. */
export type Encoder = TileEncoder | ContextEncoder;

/** An encoder of tiles each by itself. */
export interface TileEncoder {
  readonly network: Network<'rgb', 'y' | 'z'>;
}

/** An encoder whose y goes on over the borders of tiles as if there were none. */
export interface ContextEncoder {
  readonly analysis: Network<'rgb', 'y'>;
  /** h_a sees the y of a tile alone, as h_s does. */
  readonly hyperAnalysis: Network<'y', 'z'>;
  /** Latent positions around a tile whose pixels have a part in its y. */
  readonly context: number;
}

/** What the synthesis of a profile gives, and how large. */
export interface Synthesis {
  readonly network: Network<'latent', string>;
  /** Name of its output. */
  readonly output: string;
  /** Coded pixels per position of the output, on a side. */
  readonly stride: number;
  /**
   * Latent positions around an area that have a part in what is rebuilt of it, whatever tiles they are in; absent where
   * tiles are rebuilt whole and each by itself.
   */
  readonly context?: number;
  /** Positions that are kept along a side of so many coded pixels. */
  extent(pixels: number): number;
  /** Channels of the output with the tensors of a model. */
  channels(tensors: TensorMap): number;
  /** Code of the error when it gives something that is none. */
  readonly refusal: 'bad-features' | 'bad-pixels';
}
