import type { MaxSide } from '../../image/fit-size.js';
import type { CodecOptions } from '../../session/codec.js';
import type { BenchStep } from '../bench-options.js';
import type { PictureMetric } from '../scores/picture-metrics.js';
import type { ViewReport } from './view-report.js';

/** What to measure of rebuilt pictures. */
export interface ViewBenchOptions extends CodecOptions {
  /** Paths of the pictures. */
  pictures: readonly string[];
  /** What to call them in tables and plots; `pictures` unless given. */
  name?: string | undefined;
  /** Folder that keeps results; a run that was interrupted goes on from it. */
  cache: string;
  /** Ids of codecs, `dicm-view` among them; everything that is found unless given. */
  codecs?: readonly string[] | undefined;
  /** Settings to measure instead of a codec's own, by its id. */
  settings?: Readonly<Record<string, readonly number[]>> | undefined;
  /** Folder with the weights of LPIPS "squeeze"; it is not measured without. */
  lpips?: string | undefined;
  /** Longest side of coded pictures, or `none`, which it is unless given. */
  maxSide?: MaxSide | undefined;
  /** Most pictures, drawn at random by the seed; all unless given. */
  images?: number | undefined;
  /** Of what is drawn: pictures, and the resamples of intervals; 1 unless given. */
  seed?: number | undefined;
  /** Pictures that are also timed, one at a time; 8 unless given. */
  timedImages?: number | undefined;
  /** Bits per pixel about which the codecs are brought to the same bytes for strips of crops; 0.3 unless given, `none` for none. */
  stripBpp?: number | 'none' | undefined;
  /** Pictures in work at a time; 2 unless given. */
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

/** A finished benchmark of pictures with its presentations. */
export interface ViewBenchResult {
  readonly report: ViewReport;
  /** The points as CSV. */
  readonly csv: string;
  /** Tables in Markdown. */
  readonly markdown: string;
  /** Rate against each measure that was taken, as SVG, by names for files: `plot-lpips.svg`. */
  readonly plots: readonly { readonly metric: PictureMetric; readonly name: string; readonly svg: string }[];
  /** Crops of each picture beside one another, as PNG, by names for files. */
  readonly strips: readonly { readonly name: string; readonly png: Uint8Array }[];
}
