import type { CallHooks } from '../../codec/call-hooks.js';
import type { Picture } from '../../image/picture.js';

/** Pixels as codecs take and give them: 8-bit RGB, [height][width][3]. */
export type Pixels = Pick<Picture, 'width' | 'height' | 'data'>;

/** A picture as a codec wrote it. */
export interface CodedPicture {
  /** The whole file or stream. */
  readonly bytes: Uint8Array;
  /**
   * Bytes without what a system could send once for many pictures, for codecs where that is customary: an HEVC stream
   * without its parameter sets.
   */
  readonly payloadBytes?: number;
  /** Whether the network says of it what it says of the picture, where a file was looked for that keeps that. */
  readonly kept?: boolean;
}

/** What a call of a codec may use. */
export interface CodecHooks extends Pick<CallHooks, 'signal'> {
  /** Told the peak memory of each program that ran, in bytes. */
  onProgramMemory?: ((peakBytes: number) => void) | undefined;
}

/** Settings of a codec, from that of its smallest files to that of its largest. */
export interface SettingRange {
  readonly smallest: number;
  readonly largest: number;
  /** Whether fractions count, in equal ratios; whole numbers otherwise. */
  readonly isContinuous?: boolean;
}

/** A picture at the setting that a search by size ended with. */
export interface SizedPicture extends CodedPicture {
  readonly setting: number;
}

/** A picture codec that the benchmark can compare with: pixels to bytes and back. */
export interface PictureCodec {
  /** As the command line names it: `hevc`. */
  readonly id: string;
  /** For people: `HEVC intra (x265)`. */
  readonly name: string;
  /** Program or library with its version and options: whatever changes results changes this. */
  readonly version: string;
  /** What its settings are: `quality`, `QP`, `distance`. */
  readonly settingName: string;
  /** Settings to measure unless others are asked for, from small files to large ones. */
  readonly settings: readonly number[];
  /** All its settings, for who looks for a size. */
  readonly range: SettingRange;
  /** Name of the series whose rate is `payloadBytes`; absent where the codec gives none. */
  readonly payloadName?: string;
  encode(picture: Pixels, setting: number, hooks: CodecHooks): Promise<CodedPicture>;
  /** Codes to at most so many bytes and hardly less, where the codec itself searches for that. */
  encodeTo?(picture: Pixels, targetBytes: number, hooks: CodecHooks): Promise<SizedPicture>;
  /** Decodes what `encode` wrote for a picture of this size. */
  decode(bytes: Uint8Array, size: { width: number; height: number }, hooks: CodecHooks): Promise<Pixels>;
}

/** A codec that this machine does not have. */
export interface MissingCodec {
  readonly id: string;
  readonly name: string;
  /** What was looked for and not found. */
  readonly reason: string;
}
