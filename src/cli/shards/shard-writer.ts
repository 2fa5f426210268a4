import type { ArrayInfo } from '../array-files.js';
import type { WriteAt } from '../write-output.js';

/** What a shard says about all of its arrays. */
export interface ShardMetadata {
  layer: string;
  dtype: string;
  model: string;
  decodeId: string;
  renderId: string;
}

/** Width and height of what the features are features of, in coded pixels: the picture, or a region. */
export type CodedSize = readonly [width: number, height: number];

/**
 * Writes arrays into one file, one after the other. An array that was begun and not ended is overwritten by the next: of
 * an input that fails half-way nothing stays.
 */
export interface ShardWriter {
  begin(array: ArrayInfo): Promise<void>;
  /** Appends some bytes to the array that was begun. */
  append(bytes: Uint8Array): Promise<void>;
  end(codedSize: CodedSize): Promise<void>;
  /** Writes what the file says about its arrays. @returns Size of the file in bytes. */
  finish(): Promise<number>;
}

/** Opens a writer. @param names - Of all the arrays that may come. */
export type OpenShardWriter = (
  write: WriteAt,
  names: readonly string[],
  metadata: ShardMetadata,
) => ShardWriter;
