import type { CallHooks } from '../codec/call-hooks.js';
import type { LayerName } from '../container/profiles.js';
import type { KeptAnswer } from '../evaluation/kept-answers.js';
import type { MaxSide } from '../image/fit-size.js';
import type { BackendName } from '../nn/backend.js';
import type { ModelIdentity } from './model-identity.js';

/** Quality of a picture for which none is asked. */
export const defaultQuality = 50;

/** How to encode a picture. Give at most one of `quality`, `targetBytes`, `targetBpp` and `keep`. */
export interface EncodeOptions extends CallHooks {
  /** 1 (smallest) to 100 (best), fractions count; 50 unless given. Higher never gives a smaller file at effort 1. */
  quality?: number | undefined;
  /** Quality of the view layer, 1 to 100; `quality` unless given. */
  viewQuality?: number | undefined;
  /** Largest size of the file, in bytes. */
  targetBytes?: number | undefined;
  /** Largest size of the file, in bits per coded pixel. */
  targetBpp?: number | undefined;
  /**
   * Gives the smallest file found of which the model's network says what it says of the uncompressed picture: all of these
   * answers are as they were. The network is asked about the picture and about up to 13 files (up to 6 more with an effort
   * above 1), each read from its bytes; what another network, or another release of the model, says of the file is not
   * known. Where none keeps the answers, it is the file of the best quality, and `kept` is false. Progress counts each tile
   * once for its encoding and once for each file that may be tried. For files of the machine layer alone.
   */
  keep?: readonly KeptAnswer[] | undefined;
  /** Smallest score, 0 to 1, of the objects that `keep` looks at; 0.3 unless given. */
  minScore?: number | undefined;
  /**
   * How long to search for the symbols of the machine layer, 1 to 9; 1, no search, unless given. From 2 on they are refined
   * by gradients of what the networks that read the file see of it, in 2, 4, 8 .. 256 steps, each of which costs about four
   * times what encoding does at effort 1. At one quality sizes differ a little from those of effort 1, and need not rise
   * with the quality; with a target the file is within it. A file's reader does not notice.
   */
  effort?: number | undefined;
  /** Longest side to fit the picture of the machine layer to, in pixels, or `none`; `defaultMaxSide` unless given. */
  maxSide?: MaxSide | undefined;
  /**
   * Longest side to fit the picture of the view layer to, in pixels, or `none`. Unless given every pixel is kept, or, in a file
   * of the view alone, what `maxSide` says if that is given.
   */
  viewSide?: MaxSide | undefined;
  /** Reads what can be read of a damaged picture, with a note, instead of refusing it. */
  tolerateDamage?: boolean | undefined;
  /**
   * What to keep of the picture's metadata; nothing unless given. `exif` and `all` keep Exif as it is, with everything that
   * is in it: the place where the photograph was taken too.
   */
  metadata?: MetadataChoice | undefined;
  /**
   * What the file is for: `machine`, features for networks, unless given; `view`, a picture for human eyes; or both.
   * Each layer needs a model of its profile, and has a size and a quality of its own. A target size is for a file of one.
   */
  layers?: readonly LayerName[] | undefined;
  /**
   * Adds a SHA-256 of everything in the file, 34 bytes, which `verify` compares. Whoever changes the file can make it
   * anew, so it is no signature (format-spec/v1/dicm-v1.md, section 13).
   */
  digest?: boolean | undefined;
}

/** What to keep of a picture's metadata: its ICC colour profile, its Exif metadata, or both. */
export type MetadataChoice = 'none' | 'icc' | 'exif' | 'all';

/** An encoded picture. */
export interface EncodedImage {
  /** The .dicm file. */
  bytes: Uint8Array;
  /** Bits per coded pixel; of the layer with the most pixels, where there are two. */
  bpp: number;
  /** Coded size, in pixels; of the first layer, where there are two. */
  width: number;
  height: number;
  /** Size of the photograph after orientation, in pixels. */
  sourceWidth: number;
  sourceHeight: number;
  /** Quality in the file, 1 to 100; of the first layer, where there are two. */
  quality: number;
  /** The view layer behind the first one, where there are two. */
  view?: EncodedView;
  /** The effort the machine layer was encoded with; 1 where there is none. */
  effort: number;
  /** The size aimed at, if there was one. */
  targetBytes?: number;
  /** Whether the file is within the target and not more than 3 % below it. */
  targetReached?: boolean;
  /** The answers to keep, if there were any. */
  keep?: KeptAnswer[];
  /** Whether the network says of the file what it says of the uncompressed picture, of what was to be kept. */
  kept?: boolean;
  /** How often the network was asked for that: about the picture, and about each file that was tried. */
  analyses?: number;
  /** The digest in the file, 64 hexadecimal digits, if one was asked for. */
  digest?: string;
  /** Model the picture was encoded with. */
  model: ModelIdentity;
  backend: BackendName;
  /** What was lost or decided on the way, in words. */
  notes: string[];
}

/** The view layer of a file that has a machine layer too. */
export interface EncodedView {
  /** Coded size, in pixels. */
  width: number;
  height: number;
  /** Quality in the file, 1 to 100. */
  quality: number;
  /** What it adds to the file. */
  bytes: number;
  model: ModelIdentity;
}
