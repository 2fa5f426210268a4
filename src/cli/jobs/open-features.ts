import type {
  DecodedWith,
  FeatureLayer,
  FeatureStream,
  PictureArea,
  PrefixOptions,
  RegionOptions,
} from '../../index.js';
import { type ArrayInfo, littleEndianBytes } from '../array-files.js';
import { toHalf } from '../half.js';
import type { JobContext } from './job.js';

/** Which features of a file, and in which numbers. */
export interface FeatureChoice extends RegionOptions, PrefixOptions {
  /** f3 unless given. */
  layer?: FeatureLayer | 'pooled';
  /** float32 unless given. */
  dtype?: 'float32' | 'float16';
}

/** Features as they are written. */
export interface FeaturePieces extends DecodedWith, Pick<FeatureStream, 'backend'> {
  /** Named after the layer; [height, width, channels], or [channels] of a vector. */
  array: ArrayInfo;
  /** Little-endian data, some rows at a time. To be read once. */
  pieces: AsyncIterable<Uint8Array>;
  /** With a region, but for a mean: what they are features of, in coded pixels. */
  area: PictureArea | undefined;
}

/** Begins to decode the features of a file. */
export async function openFeatures(
  { codec, signal, onProgress }: JobContext,
  file: Uint8Array,
  { layer = 'f3', dtype = 'float32', region, prefix }: FeatureChoice,
): Promise<FeaturePieces> {
  const options = { region, prefix, signal, onProgress };
  if (layer === 'pooled') {
    const { embedding, ...decoded } = await codec.embed(file, options);
    const array = { name: layer, type: dtype, shape: [embedding.length] };
    return { ...decoded, array, pieces: piecesOf([embedding], dtype), area: undefined };
  }
  const { rows, area, height, width, channels, ...decoded } = await codec.streamFeatures(file, {
    layer,
    ...options,
  });
  const array = { name: layer, type: dtype, shape: [height, width, channels] };
  return { ...decoded, array, pieces: piecesOf(rows, dtype), area: region && area };
}

async function* piecesOf(
  rows: Iterable<Float32Array> | AsyncIterable<Float32Array>,
  dtype: 'float32' | 'float16',
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of rows) yield littleEndianBytes(dtype === 'float16' ? toHalf(piece) : piece);
}
