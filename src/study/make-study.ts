import { withImageLibrary } from '../platform/node/image-library.js';
import { checkOptions, optionNames } from '../session/check-options.js';
import { codecOptionNames } from '../session/guard-calls.js';
import { nameShortage } from '../shortage.js';
import type { MadeStudy, MakeStudyOptions } from './study-options.js';

const makeStudyOptionNames = optionNames<MakeStudyOptions>()({
  ...codecOptionNames,
  pictures: true,
  codecs: true,
  bpp: true,
  comparisonsPerRater: true,
  seed: true,
  post: true,
  consent: true,
  jobs: true,
  searchPath: true,
  signal: true,
  write: true,
  onProgress: true,
  onNote: true,
});

/**
 * Makes a study in which people choose the better of two codecs' versions of a picture, at equal bytes, without knowing
 * which is whose: a static page, and beside it what is which (docs/study.md).
 *
 * @throws UsageError `bad-study`, `bad-target`, `unknown-codec`, `unknown-option`; BackendError `no-page`; ModelError;
 *   ResourceError; and what `write` throws
 */
export async function makeStudy(options: MakeStudyOptions): Promise<MadeStudy> {
  checkOptions('makeStudy', options, makeStudyOptionNames);
  const { buildStudy } = await withImageLibrary(() => import('./build-study.js'));
  try {
    return await buildStudy(options);
  } catch (error) {
    throw nameShortage(error);
  }
}
