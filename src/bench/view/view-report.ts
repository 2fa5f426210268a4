import type { MissingMeasure } from '../measure/picture-meter.js';
import type { BenchPoint, BenchReport, BenchSeries } from '../report.js';

/** One codec at one setting; scores are means over pictures in the units of each measure. */
export interface ViewPoint extends Pick<BenchPoint, 'setting' | 'images' | 'bytes' | 'bpp' | 'scores'> {
  /** 95 % of each measure in pictures drawn anew. */
  readonly intervals: Readonly<Record<string, { readonly low: number; readonly high: number }>>;
  /** Median time from the picture's file to the coded bytes, one at a time; absent without a timing pass. */
  readonly encodeMs?: number;
  /** Median time from the coded bytes to pixels. */
  readonly decodeMs?: number;
  /** Most memory that the benchmark and the programs it ran held at once in the timing pass, in bytes. */
  readonly peakMemoryBytes?: number;
}

/** One codec at all its settings. */
export interface ViewSeries extends Omit<BenchSeries, 'points'> {
  readonly points: readonly ViewPoint[];
}

/** A picture as all codecs coded it in about the same bytes. */
export interface ViewStrip {
  readonly image: string;
  /** Name of the drawn strip. */
  readonly file: string;
  /** What the codecs were brought to. */
  readonly targetBytes: number;
  /** The largest difference from that, as a fraction. */
  readonly worstError: number;
  readonly codecs: readonly { readonly id: string; readonly setting: number; readonly bytes: number }[];
}

/** Everything that a benchmark of rebuilt pictures measured: its `results.json`. */
export interface ViewReport
  extends Pick<
    BenchReport,
    | 'seed'
    | 'maxSide'
    | 'missing'
    /** Of the view layer beside every other codec, for each measure: bdRate in percent, bdAccuracy where more is better. */
    | 'comparisons'
    | 'failures'
    | 'environment'
    | 'peakMemoryBytes'
    | 'elapsedMs'
  > {
  readonly schema: 'dicm.bench-view/1';
  readonly dataset: Omit<BenchReport['dataset'], 'turned'>;
  /** Measures that could not be taken, and why. */
  readonly missingMeasures: readonly MissingMeasure[];
  readonly series: readonly ViewSeries[];
  readonly strips: readonly ViewStrip[];
}
