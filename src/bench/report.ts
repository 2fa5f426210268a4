import type { ErrorCode } from '../errors.js';
import type { ModelIdentity } from '../session/model-identity.js';
import type { Task } from '../tasks/all-tasks.js';
import type { MissingCodec } from './codecs/picture-codec.js';

/** Tasks whose answers can be right or wrong. */
export type BenchTask = Exclude<Task, 'embed' | 'vector'>;

/** An image that takes no part, and why. */
export interface LeftOutImage {
  readonly image: string;
  /** `unlabelled`, `missing`, `duplicate`, or the code of the error that reading it gave. */
  readonly code: ErrorCode | 'unlabelled' | 'missing' | 'duplicate';
  readonly message: string;
}

/** A codec that could not do one image at one setting; the point is then over the other images. */
export interface FailedSample {
  readonly image: string;
  readonly series: string;
  readonly setting: number;
  readonly code: ErrorCode;
  readonly message: string;
}

/** Metric by name, 0 to 1; null where there was nothing to measure. */
export type Scores = Readonly<Record<string, number | null>>;

/** One codec at one setting. */
export interface BenchPoint {
  readonly setting: number;
  /** Images that are counted. */
  readonly images: number;
  /** Mean bytes of an image. */
  readonly bytes: number;
  /** Mean bits per pixel of the source photograph. */
  readonly bpp: number;
  readonly scores: Scores;
  /** 95 % of the chosen metric in images drawn anew; absent where that is not defined. */
  readonly interval?: { readonly low: number; readonly high: number };
  /** Median time from the source file to the coded bytes, one image at a time; absent without a timing pass. */
  readonly encodeMs?: number;
  /** Median time from the coded bytes to the answer, one image at a time. */
  readonly analyzeMs?: number;
  /** Most memory that the benchmark and the programs it ran held at once in the timing pass, in bytes. */
  readonly peakMemoryBytes?: number;
}

/** One codec at all its settings. */
export interface BenchSeries {
  /**
   * `dicm`, the id of a codec, that id and `-payload` for the same files counted without shared parameters, or that id, `+`
   * and the name of the detector that read them.
   */
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly settingName: string;
  readonly points: readonly BenchPoint[];
}

/** What a codec takes until the network says of its files what it says of the pictures. */
export interface BenchKept {
  /** `dicm-keep` or the id of a codec and `-keep`. */
  readonly series: string;
  readonly name: string;
  readonly version: string;
  /** What is kept, as `encode --keep` has it. */
  readonly keep: string;
  readonly images: number;
  /** Images of which some file kept it. */
  readonly kept: number;
  /**
   * Bytes of the smallest files found that keep it, which half, and nine in ten, of the images do not exceed; an image of
   * which no file keeps it counts as larger than any. Null where that many are not kept.
   */
  readonly medianBytes: number | null;
  readonly p90Bytes: number | null;
  /** Median time of the search, one image at a time; absent without a timing pass. */
  readonly encodeMs?: number;
}

/** A Bjontegaard figure with its interval, or the reason why there is none. */
export interface BenchDelta {
  /** Percent for rates, accuracy (0 to 1) for accuracies. */
  readonly value?: number;
  readonly low?: number;
  readonly high?: number;
  /** Why there is no value or no interval, or that a monotone fit was used. */
  readonly note?: string;
}

/** A series beside the anchor. */
export interface BenchComparison {
  readonly series: string;
  readonly anchor: string;
  readonly metric: string;
  /** Negative: fewer bytes than the anchor for the same accuracy. */
  readonly bdRate: BenchDelta;
  /** Positive: more accuracy than the anchor with the same bytes. */
  readonly bdAccuracy: BenchDelta;
}

/** Everything that a benchmark measured: `results.json`. */
export interface BenchReport {
  readonly schema: 'dicm.bench/1';
  readonly task: BenchTask;
  /** The metric of the plot, of intervals and of comparisons. */
  readonly metric: string;
  readonly dataset: {
    readonly name: string;
    /** Images measured, of those the set has. */
    readonly images: number;
    readonly available: number;
    readonly leftOut: readonly LeftOutImage[];
    /** Names of photographs that are annotated as they are stored; their annotations were turned as Exif turns them. */
    readonly turned?: readonly string[];
  };
  readonly seed: number;
  /** Longest side that pictures were fitted to, for every codec alike. */
  readonly maxSide: number | 'none';
  readonly model: ModelIdentity;
  /** The network that decoded pictures were given to. */
  readonly pixelNetwork: string;
  /** That network on the fitted pixels, with no codec; bytes are those of the source files. */
  readonly uncompressed: Omit<BenchPoint, 'setting'>;
  /** A detector that is not the model's own, and what it says of the same pixels. */
  readonly detector?: { readonly name: string; readonly uncompressed: Omit<BenchPoint, 'setting'> };
  readonly series: readonly BenchSeries[];
  /** What it takes to keep answers, where such codecs were asked for. */
  readonly kept?: readonly BenchKept[];
  readonly missing: readonly MissingCodec[];
  readonly comparisons: readonly BenchComparison[];
  readonly failures: readonly FailedSample[];
  /** Average precision of each category, of the uncompressed network and of each series' best point. */
  readonly categories?: readonly {
    readonly name: string;
    readonly objects: number;
    readonly scores: Scores;
  }[];
  readonly environment: {
    readonly dicm: string;
    readonly node: string;
    readonly platform: string;
    readonly cpu: string;
    readonly cpus: number;
    readonly backend: string;
    readonly jobs: number;
    /** Images of the timing pass. */
    readonly timedImages: number;
  };
  /** Peak resident memory of the whole run, in bytes, programs not included. */
  readonly peakMemoryBytes: number;
  readonly elapsedMs: number;
}

/** What the network on pixels is called where no other one is given: that of a model without its codec. */
export function networkOnPixels(model: string): string {
  return `head and tail of ${model}`;
}
