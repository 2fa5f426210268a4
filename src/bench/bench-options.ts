import type { MaxSide } from '../image/fit-size.js';
import type { CodecOptions } from '../session/codec.js';
import type { BenchReport, BenchTask } from './report.js';

/** What to benchmark. */
export interface BenchOptions extends CodecOptions {
  /** What the networks are asked about each image. */
  task: BenchTask;
  /**
   * For `classify` a folder of folders named after classes, or a `path,wnid` CSV; for the others instances in COCO's
   * layout.
   */
  dataset: string;
  /** What to call the data set in tables and plots; the name of its file or folder unless given. */
  name?: string | undefined;
  /** Folder that keeps results; a run that was interrupted goes on from it. */
  cache: string;
  /**
   * Ids of codecs, `dicm` among them; everything that is found unless given. `dicm-keep`, `jpeg-keep`, `webp-keep` and
   * `avif-keep`, which have to be named, look for the smallest file that keeps the network's answer.
   */
  codecs?: readonly string[] | undefined;
  /** Settings to measure instead of a codec's own, by its id. */
  settings?: Readonly<Record<string, readonly number[]>> | undefined;
  /** Effort that dicm encodes with, 1 to 9; 1 unless given. */
  effort?: number | undefined;
  /** ResNet-50 with torchvision's tensor names to give decoded pictures to; head and tail of the model unless given. */
  pixelNetwork?: string | undefined;
  /**
   * Detector in YOLOX's layout (ONNX) that decoded pictures are given to as well, for detection and segmentation; its
   * answers are boxes.
   */
  detector?: string | undefined;
  /** Series that the others are compared with; `hevc` or `avif`, whichever is there first, unless given. */
  anchor?: string | undefined;
  /** Metric of plot and comparison; the task's first unless given. */
  metric?: string | undefined;
  /** Names of the categories that count, for detection and segmentation; all that data set and model know unless given. */
  categories?: readonly string[] | undefined;
  /** Longest side of coded pictures; `defaultMaxSide` unless given. */
  maxSide?: MaxSide | undefined;
  /** Most images, drawn at random by the seed; all unless given. */
  images?: number | undefined;
  /** Of what is drawn: images, and the resamples of intervals; 1 unless given. */
  seed?: number | undefined;
  /** Images that are also timed, one at a time; 8 unless given. */
  timedImages?: number | undefined;
  /** Images in work at a time; 2 unless given. */
  jobs?: number | undefined;
  /** Folders to look for programs in; `$PATH` unless given. */
  searchPath?: string | undefined;
  /** Stops the run between steps; what is done is kept in the cache. */
  signal?: AbortSignal | undefined;
  /** Called as work is done. */
  onProgress?: ((progress: BenchStep) => void) | undefined;
  /** Told in words what was found and what is left out, as it is known. */
  onNote?: ((note: string) => void) | undefined;
}

/** How far a benchmark is. */
export interface BenchStep {
  readonly phase: 'answers' | 'times' | 'strips';
  readonly done: number;
  readonly total: number;
  /** Of `done`, what was known from an earlier run. */
  readonly cached: number;
}

/** A finished benchmark with its presentations. */
export interface BenchResult {
  readonly report: BenchReport;
  /** The points as CSV. */
  readonly csv: string;
  /** Tables in Markdown. */
  readonly markdown: string;
  /** Rate against accuracy. */
  readonly svg: string;
}
