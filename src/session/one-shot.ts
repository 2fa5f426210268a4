import type { CallHooks } from '../codec/call-hooks.js';
import type { ImageInput } from '../image/image-input.js';
import { openCodec } from '../session.js';
import type { SegmentedDetection } from '../tasks/objects/describe-objects.js';
import type {
  Classification,
  ClassifyOptions,
  Codec,
  CodecOptions,
  DetectOptions,
  EncodedImage,
  EncodeOptions,
  Features,
  ObjectDetection,
} from './codec.js';

/**
 * Encodes one picture. For several, {@link openCodec} once and use its `encode`: opening executor and model takes
 * longer than encoding.
 *
 * @param image - Path, or bytes of any format the image library reads.
 * @throws ImageError, UsageError, LimitError, ModelError, BackendError
 */
export async function encode(
  image: ImageInput,
  options: EncodeOptions & CodecOptions = {},
): Promise<EncodedImage> {
  return useCodec(options, (codec) => codec.encode(image, options));
}

/**
 * Decodes the features of one .dicm file; no pixels are rebuilt.
 *
 * @returns f3, [height][width][channels], stride 4 in coded pixels.
 * @throws FormatError, UnsupportedError, LimitError, ModelError, BackendError
 */
export async function decodeFeatures(
  file: Uint8Array,
  options: CallHooks & CodecOptions = {},
): Promise<Features> {
  return useCodec(options, (codec) => codec.decodeFeatures(file, options));
}

/**
 * Says what one .dicm file shows.
 *
 * @throws FormatError, UnsupportedError, LimitError, ModelError, BackendError
 */
export async function classify(
  file: Uint8Array,
  options: ClassifyOptions & CodecOptions = {},
): Promise<Classification> {
  return useCodec(options, (codec) => codec.classify(file, options));
}

/**
 * Finds the objects in one .dicm file.
 *
 * @returns Boxes in pixels of the photograph the file was made from.
 * @throws FormatError, UnsupportedError, LimitError, ModelError, BackendError
 */
export async function detect(
  file: Uint8Array,
  options: DetectOptions & CodecOptions = {},
): Promise<ObjectDetection> {
  return useCodec(options, (codec) => codec.detect(file, options));
}

/**
 * Finds the objects in one .dicm file and the pixels they cover.
 *
 * @returns Boxes and masks in pixels of the photograph the file was made from.
 * @throws FormatError, UnsupportedError, LimitError, ModelError, BackendError
 */
export async function segment(
  file: Uint8Array,
  options: DetectOptions & CodecOptions = {},
): Promise<ObjectDetection<SegmentedDetection>> {
  return useCodec(options, (codec) => codec.segment(file, options));
}

/**
 * Decodes one .dicm file completely and compares all checksums. Needs the file's model, but no executor.
 *
 * @throws FormatError when the file is damaged; UnsupportedError, LimitError, ModelError
 */
export async function verify(file: Uint8Array, options: CallHooks & CodecOptions = {}): Promise<void> {
  return useCodec(options, (codec) => codec.verify(file, options));
}

async function useCodec<R>(options: CodecOptions, use: (codec: Codec) => Promise<R>): Promise<R> {
  const codec = await openCodec(options);
  try {
    return await use(codec);
  } finally {
    await codec.dispose();
  }
}
