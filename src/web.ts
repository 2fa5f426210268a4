/**
 * The `dicm` library for browsers: pictures to .dicm files, and answers from .dicm files, in a page.
 *
 * Importing it loads neither an executor nor a model; they come with the first call that needs them.
 */

export type { CallHooks } from './codec/call-hooks.js';
export { shortestQuality } from './codec/shortest-quality.js';
export type {
  AncillarySection,
  DicmFile,
  DicmHeader,
  DicmInfo,
  Field,
  Layer,
  LayerHeader,
  LayerInfo,
  SectionInfo,
  TilePayload,
  TilePlace,
} from './container/dicm-file.js';
export { addDigest, checkDigest, type Sha256 } from './container/digest.js';
export { cutPrefix, type DicmPrefix, openPrefix } from './container/open-prefix.js';
export { type LayerName, layerNameOf, type Profile } from './container/profiles.js';
export { positionToQuality, qualityToPosition } from './container/quality.js';
export { readInfo } from './container/read-info.js';
export { stripLayer } from './container/strip-layer.js';
export { type ByteSource, indexTiles, readTile, type TileIndex } from './container/tile-index.js';
export {
  adviceFor,
  type BackendAttempt,
  BackendError,
  DicmError,
  type ErrorClass,
  type ErrorCode,
  FormatError,
  type FormatEvidence,
  ImageError,
  LimitError,
  ModelError,
  OutputError,
  ResourceError,
  UnsupportedError,
  UsageError,
} from './errors.js';
export type { KeptAnswer } from './evaluation/kept-answers.js';
export type { PictureArea } from './geometry.js';
export { defaultMaxSide, fitSize, type MaxSide } from './image/fit-size.js';
export { assignStyles, type CategoryStyle, textColourOn } from './image/overlay-palette.js';
export type { ImageInput, Picture } from './image/picture.js';
export { defaultLimits, defaultPhotographPixels, type Limits } from './limits.js';
export type { BackendChoice, BackendName } from './nn/backend.js';
export type { DownloadProgress, OnDownload } from './platform/web/fetched-model.js';
export { openCodec, type WebCodecOptions } from './platform/web/library.js';
export type { StartWorker } from './platform/web/worker/worker-link.js';
export type { FeatureLayer } from './profiles/feature-layers.js';
export type {
  Analysis,
  AnalysisResults,
  AnalyzeOptions,
  AnalyzePixelsOptions,
  BackendInfo,
  BitReport,
  Classification,
  ClassifyOptions,
  Codec,
  CodecOptions,
  DecodedPicture,
  DecodedWith,
  DetectOptions,
  Embedding,
  FeatureOptions,
  FeatureStream,
  Features,
  Latents,
  ObjectDetection,
  OpenModelOptions,
  PictureStream,
  PixelAnalysis,
  PrefixOptions,
  RegionOptions,
  Verification,
  VerifiedLayer,
} from './session/codec.js';
export {
  defaultQuality,
  type EncodedImage,
  type EncodedView,
  type EncodeOptions,
  type MetadataChoice,
} from './session/encode-options.js';
export type { ModelIdentity } from './session/model-identity.js';
export type { Task } from './tasks/all-tasks.js';
export type { Prediction, PredictionOptions } from './tasks/classify/top-predictions.js';
export type { Detection, SegmentedDetection } from './tasks/objects/describe-objects.js';
export { annotationFrame, toStoredFrame, type UprightPhotograph } from './tasks/objects/exif-turn.js';
export { decodeMask, maskArea, type RunLengthMask } from './tasks/objects/run-length-mask.js';
export { sampleMask } from './tasks/objects/sample-mask.js';
export type { ObjectSettings, TaskAnswers, TaskOptions } from './tasks/task.js';
