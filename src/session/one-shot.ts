import type { ImageInput } from '../image/image-input.js';
import { openCodec } from '../session.js';
import type {
  CallHooks,
  Classification,
  ClassifyOptions,
  Codec,
  CodecOptions,
  EncodedImage,
  EncodeOptions,
  Features,
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
