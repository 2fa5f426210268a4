import type { CodecOptions } from '../session/codec.js';
import type { Study } from './study-format.js';

/** A study to make. */
export interface MakeStudyOptions extends CodecOptions {
  /** Paths of the originals. They are shown pixel by pixel, so a side of 1000 is much. */
  pictures: readonly string[];
  /**
   * Ids of the codecs to compare, as `dicm bench` has them, or `view` for `dicm-view`; unless given view, jpeg, webp, avif,
   * jpeg2000 and hevc, as far as they are found.
   */
  codecs?: readonly string[] | undefined;
  /** Rates at which they are compared, in bits per pixel; 0.15, 0.3 and 0.6 unless given. */
  bpp?: readonly number[] | undefined;
  /** Comparisons that each rater is asked for; 48 unless given, or all where there are fewer. */
  comparisonsPerRater?: number | undefined;
  /** Of what is drawn: names of files, checks, and with the rater's name orders and sides; 1 unless given. */
  seed?: number | undefined;
  /** Where the page sends results: an address by http or https, or one relative to the page. */
  post?: string | undefined;
  /** What raters agree to, paragraphs with an empty line between; a text that says what is stored unless given. */
  consent?: string | undefined;
  /** Pictures in work at a time; 2 unless given. */
  jobs?: number | undefined;
  /** Folders to look for programs in; `$PATH` unless given. */
  searchPath?: string | undefined;
  /** Stops the work between steps. */
  signal?: AbortSignal | undefined;
  /** Takes each file of the study, by its path below the study's folder, as it is made; `study.json` is the last. */
  write: (path: string, content: Uint8Array) => Promise<void>;
  /** Called when a picture is done. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  /** Told in words what was found and what is left out, as it is known. */
  onNote?: ((note: string) => void) | undefined;
}

/** A study that was made. */
export interface MadeStudy {
  readonly study: Study;
  /** Pictures that could not be read. */
  readonly unreadable: readonly { readonly picture: string; readonly message: string }[];
}
