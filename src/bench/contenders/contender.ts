import type { ScoredObject } from '../../evaluation/match-detections.js';
import type { Picture } from '../../image/picture.js';
import type { CodecHooks, CodedPicture } from '../codecs/picture-codec.js';

/** What a network said about an image, in the form in which it is kept and evaluated. */
export interface Answer {
  /** Class indexes, best first. */
  readonly ranking?: readonly number[];
  /** Objects in pixels of the source. */
  readonly detections?: readonly ScoredObject[];
}

/** A photograph on its way into a codec. */
export interface SourceImage {
  /** The file. */
  readonly bytes: Uint8Array;
  /** Its pixels, turned and fitted as every codec gets them. */
  picture(): Promise<Picture>;
}

/** One way from a photograph to bytes and from bytes to an answer. */
export interface Contender {
  readonly id: string;
  readonly name: string;
  /** Identifies results together with the setting: versions and options. */
  readonly version: string;
  /** Identifies the network that answers. */
  readonly networkId: string;
  readonly settingName: string;
  readonly settings: readonly number[];
  /** Name of the series that counts payload bytes only, where there is one. */
  readonly payloadName?: string | undefined;
  encode(source: SourceImage, setting: number, hooks: CodecHooks): Promise<CodedPicture>;
  analyze(coded: Uint8Array, source: SourceImage, hooks: CodecHooks): Promise<Answer>;
}
