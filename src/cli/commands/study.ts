import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { AnalysedStudy, MadeStudy } from '../../index.js';
import { type Context, jobsOf, type RunAction, streamsOf } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { isPictureName } from '../expand-inputs.js';
import { toPath } from '../file-names.js';
import { addInputs, findInputs, type InputFlags } from '../input-options.js';
import { parseList, wholeNumber } from '../option-values.js';
import { openProgress } from '../progress.js';
import { readTextFile } from '../read-input.js';
import { asOutputError, checkOutput, writeOutput } from '../write-output.js';

const PICTURES = {
  argument: 'pictures',
  about: 'the originals: pictures, patterns, or directories with -r',
  files: 'pictures',
};

/** What lies beside results and is none. */
const OTHER_FILES = ['study.json', 'analysis.json'];

interface MakeFlags extends InputFlags {
  output: string;
  codecs?: string[];
  bpp?: number[];
  trials?: number;
  seed: number;
  post?: string;
  consent?: string;
  force?: boolean;
}

const RESULTS = {
  argument: 'results',
  about: "raters' results: .json files, patterns, or directories with -r",
  files: 'results',
};

interface AnalyseFlags extends InputFlags {
  output?: string;
  study?: string;
  seed: number;
  force?: boolean;
}

/** Adds `dicm study` and what it does. */
export function addStudy(program: Command, run: RunAction) {
  const study = program
    .command('study')
    .summary('let people judge which codec looks better')
    .description(
      'Make a page on which people choose between versions of pictures, without knowing which\n' +
        'codec is whose, and analyse what they chose. docs/study.md says how to run a study.',
    );
  addMake(study, run);
  addAnalyse(study, run);
}

function addMake(study: Command, run: RunAction) {
  const make = study
    .command('make')
    .summary('write a study as a static site')
    .description(
      'Write a static site that shows each original above two versions of it, coded by two codecs\n' +
        'to the same bytes within 1 %, and keeps which of them is closer. Put the folder site of the\n' +
        'output on any host; study.json beside it says which picture is which, and stays with you.',
    );
  addInputs(make, PICTURES)
    .requiredOption('-o, --output <folder>', 'where the study goes')
    .option(
      '--codecs <list>',
      'codecs to compare, with commas between (default: view,jpeg,webp,avif,jpeg2000,hevc)',
      parseList,
    )
    .option('--bpp <list>', 'rates in bits per pixel (default: 0.15,0.3,0.6)', parseRates)
    .option('--trials <count>', 'comparisons for each rater, besides checks (default: 48)', wholeNumber(1))
    .option('--seed <number>', 'of what is drawn at random', wholeNumber(0), 1)
    .option('--post <url>', 'where the page sends results, besides offering them as files')
    .option('--consent <file>', 'text that raters agree to, with empty lines between paragraphs')
    .option('-f, --force', 'overwrite a study that is there')
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) => makeFiles(context, inputs, command.opts<MakeFlags>())),
    );
}

async function makeFiles(context: Context, patterns: string[], flags: MakeFlags): Promise<number> {
  const { reporter, options, signal } = context;
  const { output: folder, trials, force = false, codecs, bpp, seed, post } = flags;
  const { inputs } = await findInputs(context, patterns, flags, isPictureName);
  await checkOutput(join(folder, 'study.json'), force);
  const consent =
    flags.consent === undefined
      ? undefined
      : (await readTextFile(streamsOf(context), flags.consent)).toString();
  const { makeStudy } = await import('../../index.js');
  const progress = await openProgress(context, 'coding', inputs.length);
  let made: MadeStudy;
  try {
    made = await makeStudy({
      pictures: inputs.map(({ path }) => path),
      ...{ codecs, bpp, seed, post, consent, comparisonsPerRater: trials, signal },
      ...{ backend: options.backend, model: options.model, threads: options.threads, limits: options.limit },
      jobs: jobsOf(context),
      write: async (path, content) => {
        const place = join(folder, path);
        await makeFolder(dirname(place));
        await writeOutput(place, content, { force, signal });
      },
      onProgress: progress.fileDone,
      onNote: (note) => reporter.warn(note),
    });
  } finally {
    progress.stop();
  }
  const { study, unreadable } = made;
  if (reporter.options.json) reporter.json({ ...study });
  else reporter.text(describeStudy(made));
  reporter.say(
    `written: ${join(folder, 'site')}, to be put on a host, and ${join(folder, 'study.json')}, not to be`,
  );
  return unreadable.length === 0 ? EXIT.ok : EXIT.someFailed;
}

function describeStudy({ study }: MadeStudy): string {
  const { id, pictures, comparisons, checks, comparisonsPerRater, leftOut, codecs } = study;
  const left = leftOut.length === 0 ? '' : `, ${leftOut.length} left out`;
  return (
    `study ${id}: ${pictures.length} pictures, ${codecs.map((one) => one.id).join(', ')}; ` +
    `${comparisons.length} comparisons${left}; each rater has ${comparisonsPerRater} and ${checks.length} checks`
  );
}

function addAnalyse(study: Command, run: RunAction) {
  const analyse = study
    .command('analyse')
    .summary('say which codecs raters preferred')
    .description(
      'Count the votes of raters who passed the checks: preferences of each pair of codecs at each\n' +
        'rate, Bradley-Terry scores, agreement, and who was left out and why. With -o also as\n' +
        'analysis.json, analysis.md and scores.svg.',
    );
  addInputs(analyse, RESULTS)
    .option('-o, --output <folder>', 'where the analysis goes')
    .option('--study <file>', "the study's study.json (default: the one beside the results or above)")
    .option('--seed <number>', 'of the resamples of raters', wholeNumber(0), 1)
    .option('-f, --force', 'overwrite an analysis that is there')
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) => analyseFiles(context, inputs, command.opts<AnalyseFlags>())),
    );
}

async function analyseFiles(context: Context, patterns: string[], flags: AnalyseFlags): Promise<number> {
  const { reporter, signal } = context;
  const { output: folder, study, seed, force = false } = flags;
  const isResult = (name: string) => name.endsWith('.json') && !OTHER_FILES.includes(basename(name));
  const { inputs } = await findInputs(context, patterns, flags, isResult);
  const names = ['analysis.json', 'analysis.md', 'scores.svg'];
  const outputs = folder === undefined ? [] : names.map((name) => join(folder, name));
  for (const path of outputs) await checkOutput(path, force);
  const { analyseStudy } = await import('../../index.js');
  const { analysis, markdown, svg }: AnalysedStudy = await analyseStudy({
    results: inputs.map(({ path }) => path),
    ...{ study, seed, signal },
    onNote: (note) => reporter.warn(note),
  });
  const contents = [`${JSON.stringify(analysis, null, 2)}\n`, markdown, svg];
  for (const [i, path] of outputs.entries()) {
    await makeFolder(dirname(path));
    await writeOutput(path, new TextEncoder().encode(contents[i]!), { force, signal });
  }
  if (reporter.options.json) reporter.json({ ...analysis });
  else reporter.text(markdown.trimEnd());
  if (outputs.length > 0) reporter.say(`written: ${outputs.join(', ')}`);
  return EXIT.ok;
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(toPath(folder), { recursive: true });
  } catch (error) {
    throw asOutputError(folder, error);
  }
}

/** `0.15,0.3` */
function parseRates(text: string): number[] {
  const rates = parseList(text).map(Number);
  if (rates.length === 0 || rates.some((rate) => !(rate > 0 && rate < Infinity))) {
    throw new InvalidArgumentError('It must be numbers above 0 with commas between, like 0.15,0.3.');
  }
  return rates;
}
