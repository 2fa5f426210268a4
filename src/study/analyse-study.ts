import { isDeepStrictEqual } from 'node:util';
import { UsageError } from '../errors.js';
import { checkOptions, optionNames } from '../session/check-options.js';
import { nameShortage } from '../shortage.js';
import { analyseResults, type ReadResult } from './analyse-results.js';
import { drawScores } from './output/draw-scores.js';
import { writeStudyMarkdown } from './output/write-study-markdown.js';
import { resultReader } from './read-result.js';
import { findStudy, readStudy } from './read-study.js';
import type { StudyAnalysis } from './study-analysis.js';

/** Results to analyse. */
export interface AnalyseStudyOptions {
  /** Paths of raters' results. */
  results: readonly string[];
  /** Path of the study's `study.json`; the one beside the results, or above them, unless given. */
  study?: string | undefined;
  /** Resamples of raters for the intervals of scores; 1000 unless given. */
  resamples?: number | undefined;
  /** Of the resamples; 1 unless given. */
  seed?: number | undefined;
  /** Stops between files. */
  signal?: AbortSignal | undefined;
  /** Told in words what is left out. */
  onNote?: ((note: string) => void) | undefined;
}

/** An analysis with its presentations. */
export interface AnalysedStudy {
  readonly analysis: StudyAnalysis;
  /** Tables. */
  readonly markdown: string;
  /** Scores. */
  readonly svg: string;
}

const analyseStudyOptionNames = optionNames<AnalyseStudyOptions>()({
  results: true,
  study: true,
  resamples: true,
  seed: true,
  signal: true,
  onNote: true,
});

/**
 * Says which codecs people preferred in a study that {@link makeStudy} made, and how sure that is (docs/study.md).
 *
 * @throws FormatError `file-missing`, `file-unreadable`, `bad-study-file`, `bad-study-result`, `foreign-study-result`
 * @throws UsageError `study-missing`, `same-rater`, `bad-bootstrap`, `unknown-option`
 */
export async function analyseStudy(options: AnalyseStudyOptions): Promise<AnalysedStudy> {
  checkOptions('analyseStudy', options, analyseStudyOptionNames);
  const { results: paths, resamples = 1000, seed = 1, signal, onNote } = options;
  try {
    const study = await readStudy(options.study ?? (await findStudy(paths)));
    const read = resultReader(study);
    const results: ReadResult[] = [];
    for (const file of paths) {
      signal?.throwIfAborted();
      const result = await read(file);
      const other = results.find((one) => one.result.rater === result.rater);
      if (other === undefined) results.push({ file, result });
      else if (isDeepStrictEqual(other.result.answers, result.answers)) {
        onNote?.(`${file} says what ${other.file} says, and is counted once`);
      } else throw sameRater(result.rater, other.file, file);
    }
    const analysis = analyseResults(study, results, { resamples, seed });
    return { analysis, markdown: writeStudyMarkdown(analysis), svg: drawScores(analysis) };
  } catch (error) {
    throw nameShortage(error);
  }
}

function sameRater(rater: string, first: string, second: string): UsageError {
  return new UsageError(
    'same-rater',
    `${first} and ${second} are of one rater, ${rater}, and differ; find out which counts and leave the other out`,
  );
}
