import type { Picture } from '../../image/picture.js';
import type { CodecHooks } from '../codecs/picture-codec.js';
import type { Answer } from './answer.js';

/** The network that decoded pictures are given to. */
export interface PixelNetwork {
  readonly name: string;
  /** Identifies its answers. */
  readonly id: string;
  /** Asks about a picture; objects come in pixels of the picture's source. */
  analyze(picture: Picture, hooks: CodecHooks): Promise<Answer>;
}
