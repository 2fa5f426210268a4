import type { CallHooks } from '../codec/call-hooks.js';
import type { DicmHeader } from '../container/dicm-file.js';
import type { LayerName, Profile } from '../container/profiles.js';
import type { BackendAttempt } from '../errors.js';
import type { PictureArea } from '../geometry.js';
import type { MaxSide } from '../image/fit-size.js';
import type { ImageInput, Picture } from '../image/picture.js';
import type { Limits } from '../limits.js';
import type { BackendChoice, BackendName, Precision } from '../nn/backend.js';
import type { FeatureLayer } from '../profiles/feature-layers.js';
import type { Task } from '../tasks/all-tasks.js';
import type { Prediction, PredictionOptions } from '../tasks/classify/top-predictions.js';
import type { Detection, SegmentedDetection } from '../tasks/objects/describe-objects.js';
import type { ObjectSettings, TaskAnswers, TaskOptions } from '../tasks/task.js';
import type { EncodedImage, EncodeOptions } from './encode-options.js';
import type { ModelIdentity, ModelVocabulary } from './model-identity.js';

/** How to open a {@link Codec}. */
export interface CodecOptions {
  /** Executor for the networks; `auto` unless given. */
  backend?: BackendChoice | undefined;
  /** Name of an installed model, or path of a model folder; the default model unless given. */
  model?: string | undefined;
  /** Overrides of `defaultLimits`. */
  limits?: Partial<Limits> | undefined;
  /** CPU threads of the executor; its own choice unless given. */
  threads?: number | undefined;
  /**
   * In what the networks behind the features compute for answers (`classify`, `detect`, `segment`, `analyze` without vectors, and what
   * `keep` asks): `int8` is faster on CPUs with instructions for it, takes the executor onnx (`auto` then tries no other), and a
   * model with ranges. Features, latents, vectors and files are what they are without it, but for files that `keep` chose by
   * other answers. `float` unless given.
   *
   * @throws from the first call that needs it: UsageError `bad-precision`, ModelError `no-ranges`
   */
  precision?: Precision | undefined;
}

/** Which model to open. */
export interface OpenModelOptions {
  /** The layer to encode with it; `machine` unless given. */
  layer?: LayerName | undefined;
}

/** What was used to decode a file. */
export interface DecodedWith {
  header: DicmHeader;
  model: ModelIdentity;
  /** For example that a newer model of the same decode id was used; in words. */
  notes: string[];
}

/** Features of a picture: what networks read instead of pixels. */
export interface Features extends DecodedWith {
  /**
   * [height][width][channels]. Of f3 one position for 4 x 4 coded pixels, padded to whole 16 x 16 blocks; of the layers
   * behind it one for 8, 16 or 32 coded pixels begun on a side.
   */
  data: Float32Array;
  height: number;
  width: number;
  channels: number;
  /** What they are the features of, in coded pixels. */
  area: PictureArea;
  backend: BackendName;
}

/** How much of a file has to be there. */
export interface PrefixOptions {
  /**
   * Reads the first layer from the first bytes of a file: what follows its check is not looked at, and may be missing or
   * damaged (format-spec/v1/dicm-v1.md, section 12.3). A file without such a check has to be whole all the same.
   */
  prefix?: boolean | undefined;
}

/** How to decode features. */
export interface FeatureOptions extends CallHooks, RegionOptions, PrefixOptions {
  /**
   * Whose features: f3, what g_s gives, at stride 4, unless given; or `layer2`, `layer3`, `layer4` of the network behind it,
   * at strides 8, 16, 32, with more channels and far fewer values. A region grows to whole positions of the layer.
   */
  layer?: FeatureLayer | undefined;
}

/** Features that arrive in order, some rows at a time: for pictures whose features do not fit into memory. */
export interface FeatureStream extends DecodedWith {
  height: number;
  width: number;
  channels: number;
  /** What they are the features of, in coded pixels. */
  area: PictureArea;
  backend: BackendName;
  /** Pieces of [height][width][channels], each some whole rows. To be read once. */
  rows: AsyncIterable<Float32Array>;
}

/** What is known of the picture in a view layer before its pixels are decoded. */
interface RebuiltPicture extends DecodedWith {
  height: number;
  width: number;
  /** What it shows, in pixels of the layer. */
  area: PictureArea;
  /** Size of the whole layer, in pixels. */
  codedHeight: number;
  codedWidth: number;
  /** Colour profile of the photograph, where the file keeps it. The pixels are in sRGB all the same. */
  icc?: Uint8Array;
  backend: BackendName;
}

/** The picture that a view layer holds. */
export interface DecodedPicture extends RebuiltPicture {
  /** Red, green, blue, 8-bit sRGB: [height][width][3]. */
  data: Uint8Array;
}

/** A picture that arrives in order, some rows at a time: for those that do not fit into memory. */
export interface PictureStream extends RebuiltPicture {
  /** Pieces of [height][width][3], 8-bit sRGB, each some whole rows. To be read once. */
  rows: AsyncIterable<Uint8Array>;
}

/** Decoded integers and latents of a picture. */
export interface Latents extends DecodedWith {
  /** y^ as the synthesis reads it, [height][width][channels]; one position for 16 x 16 coded pixels. */
  y: { data: Float32Array; height: number; width: number; channels: number };
  /** z^ of each tile, joined, [height][width][channels]; at most one position for 64 x 64 coded pixels. */
  z: { data: Int32Array; height: number; width: number; channels: number };
}

/** Where the bits of a file went. */
export interface BitReport extends DecodedWith {
  /** Bits of each latent channel and each hyper-latent channel. */
  latentChannelBits: Float64Array;
  hyperChannelBits: Float64Array;
  /** Bits of each latent position with its share of the hyper-latent over it, [height][width]. */
  positionBits: Float32Array;
  height: number;
  width: number;
}

/** What a verification proved. */
export interface Verification {
  /** In the order of the file; of a prefix the first one only. */
  layers: VerifiedLayer[];
  /** The digest of the file, which holds, 64 hexadecimal digits; absent where there is none and for a prefix. */
  digest?: string;
}

/** A layer of a verified file. */
export interface VerifiedLayer {
  profile: Profile;
  /** Whether its integers were decoded and are those that were encoded. */
  proved: boolean;
  /** Why they could not be decoded, in words. */
  reason?: string;
}

/** How to classify. */
export interface ClassifyOptions extends CallHooks, RegionOptions, PrefixOptions, PredictionOptions {}

/** Answer to what a picture shows. */
export interface Classification extends DecodedWith {
  /** Best first. */
  predictions: Prediction[];
  backend: BackendName;
}

/** How to find objects. */
export interface DetectOptions extends CallHooks, RegionOptions, PrefixOptions, ObjectSettings {}

/** The objects in a picture. */
export interface ObjectDetection<D extends Detection = Detection> extends DecodedWith {
  /** Size of the photograph after orientation, in pixels: what boxes and masks refer to. */
  width: number;
  height: number;
  /** Best first. */
  detections: D[];
  backend: BackendName;
}

/** A picture as a vector. */
export interface Embedding extends DecodedWith {
  /** layer4 of the tail, pooled over the picture, [channels]: what the classifier's last layer reads. */
  embedding: Float32Array;
  backend: BackendName;
}

/** Which part of a picture to decode. */
export interface RegionOptions {
  /**
   * In pixels of the photograph after orientation; grown to whole latent positions, 16 x 16 coded pixels. Only the tiles
   * it touches are decoded.
   */
  region?: PictureArea | undefined;
}

/** How to analyse a picture. */
export interface AnalyzeOptions extends CallHooks, TaskOptions {
  /** Everything to say about it, in one pass; `segment` is `detect` with masks. */
  tasks: readonly Task[];
}

/** What the networks say about a picture. */
export interface AnalysisResults extends TaskAnswers {
  /** Size of the photograph after orientation, in pixels: what boxes and masks refer to. */
  width: number;
  height: number;
  backend: BackendName;
}

/** Answers from a .dicm file. */
export interface Analysis extends DecodedWith, AnalysisResults {}

/** How to analyse the pixels of a picture. */
export interface AnalyzePixelsOptions extends AnalyzeOptions {
  /** Longest side to fit the picture to, in pixels, or `none`; `defaultMaxSide` unless given. */
  maxSide?: MaxSide | undefined;
  /** Reads what can be read of a damaged picture, with a note, instead of refusing it. */
  tolerateDamage?: boolean | undefined;
}

/** Answers from the pixels of a picture. */
export interface PixelAnalysis extends AnalysisResults {
  model: ModelIdentity;
  /** What was lost or decided while loading, in words. */
  notes: string[];
}

/** The executor in use. */
export interface BackendInfo {
  name: BackendName;
  /** Version of the library behind it. */
  version: string;
  /** Where it computes. */
  device: string;
  /** Executors that were tried before it, and why they were passed over. */
  passedOver: readonly BackendAttempt[];
}

/**
 * Encodes pictures and analyses .dicm files. Holds an executor and models, which it opens when they are first
 * needed, so keep one for many files. Calls may overlap: entropy coding of one file then runs beside the
 * networks of another.
 *
 * Every method rejects with a `DicmError`: `FormatError` for damaged files, `UnsupportedError`, `LimitError`,
 * `ResourceError`, `ModelError`, `BackendError`, `ImageError`, `UsageError`, for options that it does not have among others.
 */
export interface Codec {
  /** Opens the executor, if that has not happened yet, and says which one it is. */
  openBackend(): Promise<BackendInfo>;
  /** Opens the model to encode a layer with, the machine layer unless given, if that has not happened yet, and names it. */
  openModel(options?: OpenModelOptions): Promise<ModelIdentity>;
  /** Opens the same model, and says what it can name. */
  readVocabulary(): Promise<ModelVocabulary>;
  /** Encodes a picture: a path, or the bytes of any format the image library reads. */
  encode(image: ImageInput, options?: EncodeOptions): Promise<EncodedImage>;
  /** Decodes the features of a .dicm file. */
  decodeFeatures(file: Uint8Array, options?: FeatureOptions): Promise<Features>;
  /** Decodes the features row by row. */
  streamFeatures(file: Uint8Array, options?: FeatureOptions): Promise<FeatureStream>;
  /**
   * Rebuilds the picture of a .dicm file that has a view layer.
   *
   * @throws UsageError `missing-layer` for a file that has none
   */
  decodePicture(file: Uint8Array, options?: CallHooks & RegionOptions): Promise<DecodedPicture>;
  /** Rebuilds the picture row by row. @throws UsageError `missing-layer` */
  streamPicture(file: Uint8Array, options?: CallHooks & RegionOptions): Promise<PictureStream>;
  /** Decodes the latents; runs no network. */
  decodeLatents(file: Uint8Array, options?: CallHooks & PrefixOptions): Promise<Latents>;
  /** Says what a .dicm file shows. */
  classify(file: Uint8Array, options?: ClassifyOptions): Promise<Classification>;
  /** Finds the objects in a .dicm file. @throws ModelError `no-heads` where the model has no detector */
  detect(file: Uint8Array, options?: DetectOptions): Promise<ObjectDetection>;
  /** Finds the objects in a .dicm file and the pixels they cover. @throws ModelError `no-heads` */
  segment(file: Uint8Array, options?: DetectOptions): Promise<ObjectDetection<SegmentedDetection>>;
  /** A .dicm file as a vector, for classifiers and searches of one's own. */
  embed(file: Uint8Array, options?: CallHooks & RegionOptions & PrefixOptions): Promise<Embedding>;
  /**
   * Answers several questions about a .dicm file at once: the file is decoded once, and g_s and the tail run once for
   * a picture of one tile.
   *
   * @throws ModelError `no-heads` where objects are asked for and the model has no detector
   */
  analyze(file: Uint8Array, options: AnalyzeOptions & RegionOptions & PrefixOptions): Promise<Analysis>;
  /**
   * Answers the same questions about a picture in any other format, with the model's head in place of the codec: the
   * uncompressed network, beside which compressed files are measured.
   */
  analyzePixels(image: ImageInput, options: AnalyzePixelsOptions): Promise<PixelAnalysis>;
  /**
   * {@link Codec.analyzePixels} for a picture that is loaded already: oriented, fitted, 8-bit sRGB. Objects come in
   * pixels of the source that the picture names.
   *
   * @throws UsageError `bad-picture`
   */
  analyzePicture(picture: Picture, options: AnalyzeOptions): Promise<PixelAnalysis>;
  /**
   * Decodes a file completely and compares all checksums, and its digest if it has one; rejects if anything is wrong. Runs
   * no network.
   *
   * @returns The layers it proved. Only a further layer may be left unproved, where its model is missing; the bytes of all
   *   layers are proved by the checksum of the file.
   */
  verify(file: Uint8Array, options?: CallHooks & PrefixOptions): Promise<Verification>;
  /** Decodes a file and measures where its bits went; runs no network. */
  measureBits(file: Uint8Array, options?: CallHooks): Promise<BitReport>;
  /** Frees executor and models. The codec cannot be used afterwards. */
  dispose(): Promise<void>;
}
