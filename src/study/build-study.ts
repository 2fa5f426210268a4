import { createHash } from 'node:crypto';
import type { PictureCodec } from '../bench/codecs/picture-codec.js';
import { ImageError, UsageError } from '../errors.js';
import { Mulberry32 } from '../evaluation/mulberry32.js';
import { compressPixels } from '../platform/node/pictures/classic-codecs.js';
import { loadPicture } from '../platform/node/pictures/load-picture.js';
import { defaultConsent } from './default-consent.js';
import { drawChecks } from './draw-checks.js';
import { openStudyCodecs } from './open-study-codecs.js';
import { ORIGINAL, type PreparedPicture, preparePicture, WORST } from './prepare-picture.js';
import { siteFiles } from './site-files.js';
import type { Study, StudyComparison, StudyFile, StudySite } from './study-format.js';
import type { MadeStudy, MakeStudyOptions } from './study-options.js';

const DEFAULT_BPP = [0.15, 0.3, 0.6];
const DEFAULT_COMPARISONS = 48;

/** Above this side raters see only part of a picture at a time on most displays. */
const LARGE_SIDE = 1024;

/** A picture of which every file is written. */
interface WrittenPicture extends Omit<PreparedPicture, 'files'> {
  /** Name in the site, and what it is, by key. */
  readonly files: ReadonlyMap<string, { readonly file: string; readonly about: Omit<StudyFile, 'picture'> }>;
}

/** The work behind `makeStudy`. */
export async function buildStudy(options: MakeStudyOptions): Promise<MadeStudy> {
  const { bpp = DEFAULT_BPP, seed = 1, onNote } = options;
  checkTerms(options, bpp);
  const codecs = await openStudyCodecs(options);
  try {
    const { pictures, unreadable } = await preparePictures(options, codecs.found, bpp, seed);
    const study = describeStudy(pictures, codecs.found, { ...options, bpp, seed });
    for (const { picture, bpp: rate, codecs: ids, reason } of study.leftOut) {
      onNote?.(`left out: ${ids.join(' and ')} at ${rate} bpp of ${picture}: ${reason}`);
    }
    await writeStudy(study, options);
    return { study, unreadable };
  } finally {
    await codecs.dispose();
  }
}

/** Prepares pictures, some at a time, and writes their files; what cannot be read is left out and said. */
async function preparePictures(
  { pictures, jobs = 2, limits, signal, write, onProgress, onNote }: MakeStudyOptions,
  codecs: readonly PictureCodec[],
  bpp: readonly number[],
  seed: number,
) {
  const written: (WrittenPicture | undefined)[] = pictures.map(() => undefined);
  const unreadable: { picture: string; message: string }[] = [];
  let [next, done] = [0, 0];
  const work = async (): Promise<void> => {
    while (next < pictures.length) {
      const index = next++;
      const path = pictures[index]!;
      signal?.throwIfAborted();
      try {
        const picture = await loadPicture(path, { maxSide: 'none', limits, signal });
        const { width, height } = picture;
        if (Math.max(width, height) > LARGE_SIDE) {
          onNote?.(
            `${path} has ${width}x${height} pixels: raters see a part of it at a time; a crop serves better`,
          );
        }
        const prepared = await preparePicture(path, picture, { codecs, bpp, signal });
        written[index] = await writePicture(prepared, index, seed, write);
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
        onNote?.(`left out: ${error.message}`);
        unreadable.push({ picture: path, message: error.message });
      }
      done += 1;
      onProgress?.(done, pictures.length);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, work));
  return { pictures: written.filter((one) => one !== undefined), unreadable };
}

/**
 * Writes the versions of a picture under names that say nothing of what they are, and that nobody can find from codecs and
 * settings: they come of the pixels.
 */
async function writePicture(
  { files, ...picture }: PreparedPicture,
  index: number,
  seed: number,
  write: MakeStudyOptions['write'],
): Promise<WrittenPicture> {
  const named = new Map<string, { file: string; about: Omit<StudyFile, 'picture'> }>();
  for (const [key, { pixels, ...about }] of files) {
    const hash = createHash('sha256').update(`${seed}\n${index}\n`).update(pixels.data);
    const name = hash.digest('hex').slice(0, 16);
    // Two codecs may give the same picture, which then counts as two.
    const alike = [...named.values()].filter(({ file }) => file.startsWith(name)).length;
    const file = alike === 0 ? name : `${name}-${alike}`;
    await write(`site/pictures/${file}.png`, await compressPixels(pixels));
    named.set(key, { file, about });
  }
  return { ...picture, files: named };
}

/** @throws UsageError `bad-study` where there is nothing to compare */
function describeStudy(
  pictures: readonly WrittenPicture[],
  codecs: readonly PictureCodec[],
  {
    bpp,
    seed,
    comparisonsPerRater = DEFAULT_COMPARISONS,
  }: MakeStudyOptions & { bpp: readonly number[]; seed: number },
): Study {
  const random = new Mulberry32(seed);
  const pairs = pictures.flatMap(({ files, pairs: own }, index) =>
    own.map(
      ({ files: [first, second], ...pair }): Omit<StudyComparison, 'trial'> => ({
        ...pair,
        picture: index,
        files: [files.get(first)!.file, files.get(second)!.file],
      }),
    ),
  );
  if (pairs.length === 0) {
    const reasons = pictures.flatMap(({ leftOut }) => leftOut.map(({ reason }) => reason));
    throw new UsageError(
      'bad-study',
      `there is nothing to compare: ${reasons[0] ?? 'no picture can be read'}`,
    );
  }
  const originals = pictures.map(({ files }) => ({
    original: files.get(ORIGINAL)!.file,
    worst: files.get(WORST)!.file,
  }));
  const checks = drawChecks(originals, pairs, random);
  // Neither order nor number of a trial says what it is.
  const names = shuffledNames(pairs.length + checks.length, random);
  const study = {
    schema: 'dicm.study/1' as const,
    seed,
    bpp,
    codecs: codecs.map(({ id, name, version, settingName }) => ({ id, name, version, settingName })),
    pictures: pictures.map(({ name, width, height }, i) => ({
      name,
      width,
      height,
      file: originals[i]!.original,
    })),
    files: Object.fromEntries(
      pictures.flatMap(({ files }, picture) =>
        [...files.values()].map(({ file, about }) => [file, { ...about, picture }]),
      ),
    ),
    comparisons: pairs.map((pair) => ({ trial: names.pop()!, ...pair })),
    checks: checks.map((check) => ({ trial: names.pop()!, ...check })),
    comparisonsPerRater: Math.min(comparisonsPerRater, pairs.length),
    leftOut: pictures.flatMap(({ leftOut }) => leftOut),
  };
  const { schema, ...rest } = study;
  const id = createHash('sha256').update(JSON.stringify(rest)).digest('hex').slice(0, 16);
  return { schema, id, ...rest };
}

function shuffledNames(count: number, random: Mulberry32): string[] {
  const digits = String(count).length;
  const left = Array.from({ length: count }, (_, i) => `t${String(i + 1).padStart(digits, '0')}`);
  return Array.from({ length: count }, () => left.splice(random.below(left.length), 1)[0]!);
}

/** Writes the page, and last what must not be on it: an interrupted study has no `study.json`. */
async function writeStudy(study: Study, { write, post, consent }: MakeStudyOptions): Promise<void> {
  const text = consent ?? defaultConsent(post);
  const paragraphs = text.split(/\r?\n\s*\r?\n/).map((one) => one.trim());
  const site = siteOf(
    study,
    paragraphs.filter((one) => one !== ''),
    post,
  );
  for (const [name, content] of await siteFiles(site)) await write(`site/${name}`, content);
  await write('study.json', new TextEncoder().encode(`${JSON.stringify(study, null, 1)}\n`));
}

/** What the page may know: of each trial only which pictures it shows. */
function siteOf(study: Study, consent: readonly string[], post: string | undefined): StudySite {
  const { id, comparisonsPerRater, pictures, comparisons, checks } = study;
  const trialOf = ({ trial, picture, files }: Pick<StudyComparison, 'trial' | 'picture' | 'files'>) => {
    const { file: original, width, height } = pictures[picture]!;
    // In `study.json` the codec that was named first comes first.
    const [first, second] = files;
    return { trial, original, files: first < second ? files : ([second, first] as const), width, height };
  };
  const byName = (a: { trial: string }, b: { trial: string }) => (a.trial < b.trial ? -1 : 1);
  const groups = [...new Set([...comparisons].sort(byName).map(groupOf))];
  return {
    schema: 'dicm.study-site/1',
    ...{ id, consent, ...(post === undefined ? {} : { post }), comparisonsPerRater },
    comparisons: comparisons
      .map((one) => ({ ...trialOf(one), group: groups.indexOf(groupOf(one)) }))
      .sort(byName),
    checks: checks.map(trialOf).sort(byName),
  };
}

/** Comparisons of the same codecs at the same rate. */
function groupOf({ codecs, bpp }: StudyComparison): string {
  return `${codecs.join(' ')} ${bpp}`;
}

/** @throws UsageError `bad-study`, `bad-target` */
function checkTerms(options: MakeStudyOptions, bpp: readonly number[]): void {
  const { pictures, comparisonsPerRater = DEFAULT_COMPARISONS, seed = 1, consent, post } = options;
  const refuse = (problem: string) => {
    throw new UsageError('bad-study', problem);
  };
  if (pictures.length === 0) refuse('a study needs at least one picture');
  if (bpp.length === 0 || !bpp.every((rate) => rate > 0 && rate < Infinity)) {
    throw new UsageError(
      'bad-target',
      `rates must be numbers of bits per pixel above 0, not ${bpp.join(', ')}`,
    );
  }
  if (!Number.isSafeInteger(comparisonsPerRater) || comparisonsPerRater < 1) {
    refuse(`a rater is asked for a whole number of comparisons, at least 1, not ${comparisonsPerRater}`);
  }
  if (!Number.isSafeInteger(seed)) refuse(`a study takes a whole number as seed, not ${seed}`);
  if (consent?.trim() === '') refuse('the consent text is empty; without one of your own, leave it out');
  if (post === undefined) return;
  const address = URL.canParse(post, 'https://page.invalid')
    ? new URL(post, 'https://page.invalid')
    : undefined;
  if (address === undefined || !/^https?:$/.test(address.protocol)) {
    refuse(`results can be sent to an address by http or https, or one relative to the page, not to ${post}`);
  }
}
