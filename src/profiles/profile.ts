import type { ModelRules } from '../model/model-rules.js';
import type { Network } from '../nn/backend.js';
import type { TensorMap } from '../tensor.js';

/** What a layer of a file is for, and what a model must hold to code it. */
export interface Profile extends ModelRules {
  /** What its latents are rebuilt to. */
  readonly result: 'features' | 'picture';
  /** g_a and h_a: RGB in [0, 1] to y and z, neither rounded. */
  readonly encoder: Network<'rgb', 'y' | 'z'>;
  /** g_s. */
  readonly synthesis: Synthesis;
}

/** What the synthesis of a profile gives, and how large. */
export interface Synthesis {
  readonly network: Network<'latent', string>;
  /** Name of its output. */
  readonly output: string;
  /** Coded pixels per position of the output, on a side. */
  readonly stride: number;
  /** Positions that are kept along a side of so many coded pixels. */
  extent(pixels: number): number;
  /** Channels of the output with the tensors of a model. */
  channels(tensors: TensorMap): number;
  /** Code of the error when it gives something that is none. */
  readonly refusal: 'bad-features' | 'bad-pixels';
}
