/**
 * The `dicm` library: pictures to .dicm files, and answers from .dicm files.
 *
 * Importing it loads neither an executor nor the image library; they come with the first call that needs them.
 */

export type { BenchOptions, BenchResult, BenchStep } from './bench/bench-options.js';
export { benchmark } from './bench/benchmark.js';
export type {
  BenchComparison,
  BenchDelta,
  BenchKept,
  BenchPoint,
  BenchReport,
  BenchSeries,
  BenchTask,
  FailedSample,
  LeftOutImage,
  Scores,
} from './bench/report.js';
export { benchmarkView } from './bench/view/benchmark-view.js';
export type { ViewBenchOptions, ViewBenchResult } from './bench/view/view-options.js';
export type { ViewPoint, ViewReport, ViewSeries, ViewStrip } from './bench/view/view-report.js';
export type { CallHooks } from './codec/call-hooks.js';
export type { OnnxFile } from './codec/export-onnx.js';
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
export { type KeptAnswer, parseKeptAnswers } from './evaluation/kept-answers.js';
export type { PictureArea } from './geometry.js';
export { defaultMaxSide, fitSize, type MaxSide } from './image/fit-size.js';
export type { ImageInput, Picture } from './image/picture.js';
export { defaultLimits, defaultPhotographPixels, type Limits } from './limits.js';
export type { BackendChoice, BackendName, BackendProbe, Precision } from './nn/backend.js';
export { type ImageLibraryProbe, probeImageLibrary } from './platform/node/image-library.js';
export {
  checkInstalledModel,
  defaultModelPackage,
  type InstalledModel,
  listInstalledModels,
} from './platform/node/inventory.js';
export {
  classify,
  decodeFeatures,
  detect,
  drawHeatmap,
  drawOverlay,
  drawSheet,
  encode,
  exportOnnx,
  openCodec,
  probeBackends,
  segment,
  verify,
  writePicture,
} from './platform/node/library.js';
export type { OverlayOptions } from './platform/node/pictures/draw-overlay.js';
export type { SheetOptions, SheetPicture } from './platform/node/pictures/draw-sheet.js';
export type {
  WritePictureOptions,
  WrittenFormat,
  WrittenPicture,
} from './platform/node/pictures/write-picture.js';
export type { FeatureLayer } from './profiles/feature-layers.js';
export {
  DEFAULT_WITHIN,
  type DuplicateGroup,
  type DuplicateOptions,
  findDuplicates,
} from './search/find-duplicates.js';
export {
  type FileState,
  type IndexEntry,
  type IndexWriter,
  type NewIndex,
  openIndexWriter,
} from './search/index-writer.js';
export { openIndex, type PictureIndex } from './search/picture-index.js';
export type { IndexMeta } from './search/schema.js';
export { type SearchHit, type SearchOptions, search } from './search/search.js';
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
export type { ModelIdentity, ModelVocabulary } from './session/model-identity.js';
export {
  type AnalysedStudy,
  type AnalyseStudyOptions,
  analyseStudy,
} from './study/analyse-study.js';
export { makeStudy } from './study/make-study.js';
export type {
  CodecScore,
  Preference,
  RaterReport,
  RateScores,
  Share,
  StudyAnalysis,
  StudyRate,
} from './study/study-analysis.js';
export type {
  LeftOutPair,
  RaterDisplay,
  Study,
  StudyAnswer,
  StudyCheck,
  StudyCodec,
  StudyComparison,
  StudyFile,
  StudyPicture,
  StudyResult,
} from './study/study-format.js';
export type { MadeStudy, MakeStudyOptions } from './study/study-options.js';
export type { Task } from './tasks/all-tasks.js';
export type { Prediction, PredictionOptions } from './tasks/classify/top-predictions.js';
export type { Detection, SegmentedDetection } from './tasks/objects/describe-objects.js';
export { annotationFrame, toStoredFrame, type UprightPhotograph } from './tasks/objects/exif-turn.js';
export { decodeMask, maskArea, type RunLengthMask } from './tasks/objects/run-length-mask.js';
export type { ObjectSettings, TaskAnswers, TaskOptions } from './tasks/task.js';
export type { SearchVector } from './tasks/vector/project-features.js';
