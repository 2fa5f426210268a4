import { FormatError } from '../errors.js';
import { nameOf, readJson } from './read-study.js';
import type { Study, StudyAnswer, StudyResult } from './study-format.js';

/** What the trials of a study show: their two files. */
type TrialFiles = ReadonlyMap<string, readonly [string, string]>;

/** Reads what one rater said, and checks that it answers this study. */
export type ResultReader = (path: string) => Promise<StudyResult>;

/**
 * Opens the reader of a study's results.
 *
 * @returns It throws FormatError `file-missing`, `file-unreadable`; `bad-study-result` for what is no result, or one that
 *   contradicts itself or the study; `foreign-study-result` for one of another study.
 */
export function resultReader(study: Study): ResultReader {
  const trials: TrialFiles = new Map(
    [...study.comparisons, ...study.checks].map(({ trial, files }) => [trial, files]),
  );
  return async (path) => {
    const result = await readJson(path, 'bad-study-result');
    const refuse: Refuse = (where, expected, found) => {
      throw new FormatError(
        'bad-study-result',
        `${path}: ${where}: expected ${expected}, found ${JSON.stringify(found)?.slice(0, 60)}`,
      );
    };
    checkResult(result, path, study, trials, refuse);
    return result;
  };
}

type Refuse = (where: string, expected: string, found: unknown) => never;

function checkResult(
  result: unknown,
  path: string,
  study: Study,
  trials: TrialFiles,
  refuse: Refuse,
): asserts result is StudyResult {
  const { schema, study: id, rater, complete, answers } = (result ?? {}) as Readonly<Record<string, unknown>>;
  if (schema !== 'dicm.study-result/1') {
    throw new FormatError(
      'bad-study-result',
      `${path}: expected a result of dicm.study-result/1, found ${nameOf(result)}; give the files that the page saved or sent`,
    );
  }
  if (id !== study.id) {
    throw new FormatError(
      'foreign-study-result',
      `${path}: a result of study ${String(id)}, not of ${study.id}; analyse it with its own study.json`,
    );
  }
  if (typeof rater !== 'string' || !/^[\w.-]{1,64}$/.test(rater)) refuse('rater', 'a name', rater);
  if (typeof complete !== 'boolean') refuse('complete', 'true or false', complete);
  if (!Array.isArray(answers)) refuse('answers', 'a list', answers);
  const seen = new Set<string>();
  for (const [i, answer] of (answers as unknown[]).entries()) {
    const at = `answers[${i}]`;
    checkAnswer(answer, at, trials, refuse);
    if (seen.has(answer.trial)) refuse(`${at}.trial`, 'each trial once', answer.trial);
    seen.add(answer.trial);
  }
}

function checkAnswer(
  answer: unknown,
  at: string,
  trials: TrialFiles,
  refuse: Refuse,
): asserts answer is StudyAnswer {
  const { trial, left, right, chosen, ms } = (answer ?? {}) as Readonly<Record<string, unknown>>;
  const files = trials.get(trial as string);
  if (files === undefined) return refuse(`${at}.trial`, 'a trial of the study', trial);
  const shown = [left, right];
  const isShown =
    files.every((file) => shown.includes(file)) && shown.every((file) => files.includes(file as string));
  if (!isShown) refuse(`${at}.left and right`, `the files of the trial, ${files.join(' and ')}`, shown);
  if (chosen !== 'left' && chosen !== 'right') refuse(`${at}.chosen`, 'left or right', chosen);
  if (typeof ms !== 'number' || !(ms >= 0)) refuse(`${at}.ms`, 'milliseconds of at least 0', ms);
}
