import type { CallHooks } from '../../codec/call-hooks.js';
import type { OnnxFile } from '../../codec/export-onnx.js';
import type { ImageInput } from '../../image/picture.js';
import type { BackendProbe } from '../../nn/backend.js';
import { checkOptions, optionNames } from '../../session/check-options.js';
import type {
  Classification,
  ClassifyOptions,
  Codec,
  CodecOptions,
  DecodedPicture,
  DetectOptions,
  FeatureOptions,
  Features,
  ObjectDetection,
  PrefixOptions,
  Verification,
} from '../../session/codec.js';
import type { EncodedImage, EncodeOptions } from '../../session/encode-options.js';
import type { Detection, SegmentedDetection } from '../../tasks/objects/describe-objects.js';
import { withImageLibrary } from './image-library.js';
import { nodePlatform } from './node-platform.js';
import type { OverlayOptions } from './pictures/draw-overlay.js';
import type { SheetOptions, SheetPicture } from './pictures/draw-sheet.js';
import type { WritePictureOptions, WrittenPicture } from './pictures/write-picture.js';

const overlayOptionNames = optionNames<OverlayOptions>()({
  source: true,
  limits: true,
  tolerateDamage: true,
  signal: true,
});

const sheetOptionNames = optionNames<SheetOptions>()({ columns: true, limits: true, signal: true });
const writePictureOptionNames = optionNames<WritePictureOptions>()({ format: true, size: true });

// Nothing heavy is loaded by importing this file, so that `readInfo` starts in milliseconds.

/**
 * Opens a codec. Executor and model are opened when first needed: decoding latents or verifying never loads an
 * executor.
 *
 * @throws UsageError `bad-limit`, `unknown-option`
 */
export async function openCodec(options: CodecOptions = {}): Promise<Codec> {
  const { openCodec: openOn } = await import('../../session/open-codec.js');
  return openOn(nodePlatform, options);
}

/** Tries every executor, in the order of `auto`, and says which work and why the others do not. */
export async function probeBackends(): Promise<BackendProbe[]> {
  return (await import('./executors/open-backend.js')).probeBackends();
}

/**
 * Writes the networks behind the latents of a model as ONNX files, weights included, for programs that run them
 * themselves: `features.onnx`, `tail.onnx`, `heads.onnx`, one after another. docs/cli.md has their inputs and outputs.
 *
 * @param model - Name of a model, or its folder; the default model unless given.
 * @throws ModelError
 */
export async function* exportOnnx(model?: string): AsyncGenerator<OnnxFile, void, undefined> {
  yield* (await import('../../codec/export-onnx.js')).exportOnnx(nodePlatform, model);
}

/**
 * Draws a map of numbers, such as the bits of every latent position, as a PNG.
 *
 * @param values - [height][width], not negative.
 */
export async function drawHeatmap(
  values: ArrayLike<number>,
  height: number,
  width: number,
): Promise<Uint8Array> {
  const { drawHeatmap } = await withImageLibrary(() => import('./pictures/draw-heatmap.js'));
  return drawHeatmap(values, height, width);
}

/**
 * Draws boxes, masks where there are any, and labels as a PNG: on the source picture, or on a plain canvas of its
 * size. Needs no fonts. Colours go with the category id and can be told apart by people with colour blindness.
 *
 * @param found - Answer of `detect`, `segment` or `analyze`: size of the source in pixels, and what is in it.
 * @returns A PNG file, its longer side from 512 to 2048 pixels.
 * @throws UsageError `overlay-source-size` when the picture is not the source; ImageError, LimitError
 */
export async function drawOverlay(
  found: { width: number; height: number; detections: readonly (Detection | SegmentedDetection)[] },
  options: OverlayOptions = {},
): Promise<Uint8Array> {
  checkOptions('drawOverlay', options, overlayOptionNames);
  const { drawOverlay } = await withImageLibrary(() => import('./pictures/draw-overlay.js'));
  return drawOverlay(found, options);
}

/**
 * Draws a contact sheet: pictures in rows, fitted to 224 pixels, with their captions below them. Needs no fonts.
 *
 * @returns A PNG file.
 * @throws ImageError when a picture cannot be read, LimitError
 */
export async function drawSheet(
  pictures: readonly SheetPicture[],
  options: SheetOptions = {},
): Promise<Uint8Array> {
  checkOptions('drawSheet', options, sheetOptionNames);
  const { drawSheet } = await withImageLibrary(() => import('./pictures/draw-sheet.js'));
  return drawSheet(pictures, options);
}

/**
 * Writes a picture that `decodePicture` rebuilt as a PNG, JPEG, WebP, AVIF or TIFF file.
 *
 * @throws UsageError `format-mismatch` for a format that is not known, or has no pictures of this size
 */
export async function writePicture(
  picture: DecodedPicture,
  options: WritePictureOptions = {},
): Promise<WrittenPicture> {
  checkOptions('writePicture', options, writePictureOptionNames);
  const { writePicture } = await withImageLibrary(() => import('./pictures/write-picture.js'));
  return writePicture(picture, options);
}

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
  return useCodec(options, (codec, rest) => codec.encode(image, rest));
}

/**
 * Decodes the features of one .dicm file; no pixels are rebuilt.
 *
 * @returns [height][width][channels]: f3, stride 4 in coded pixels, unless `layer` says otherwise.
 * @throws FormatError, UnsupportedError, LimitError, ModelError, BackendError
 */
export async function decodeFeatures(
  file: Uint8Array,
  options: FeatureOptions & CodecOptions = {},
): Promise<Features> {
  return useCodec(options, (codec, rest) => codec.decodeFeatures(file, rest));
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
  return useCodec(options, (codec, rest) => codec.classify(file, rest));
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
  return useCodec(options, (codec, rest) => codec.detect(file, rest));
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
  return useCodec(options, (codec, rest) => codec.segment(file, rest));
}

/**
 * Decodes one .dicm file completely and compares all checksums, and its digest if it has one. Needs the file's model, but
 * no executor.
 *
 * @returns The layers it proved.
 * @throws FormatError when the file is damaged; UnsupportedError, LimitError, ModelError
 */
export async function verify(
  file: Uint8Array,
  options: CallHooks & PrefixOptions & CodecOptions = {},
): Promise<Verification> {
  return useCodec(options, (codec, rest) => codec.verify(file, rest));
}

/** Opens a codec for one call, and hands the options that are not its own to that call. */
async function useCodec<Options extends CodecOptions, R>(
  { backend, model, limits, threads, precision, ...rest }: Options,
  use: (codec: Codec, rest: Omit<Options, keyof CodecOptions>) => Promise<R>,
): Promise<R> {
  const codec = await openCodec({ backend, model, limits, threads, precision });
  try {
    return await use(codec, rest);
  } finally {
    await codec.dispose();
  }
}
