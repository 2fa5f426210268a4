import { join } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../../errors.js';
import type { ViewBenchOptions, ViewBenchResult } from '../../index.js';
import { openBenchProgress } from '../bench-progress.js';
import { type Context, jobsOf, type RunAction } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { isPictureName } from '../expand-inputs.js';
import { addInputs, findInputs, type InputFlags } from '../input-options.js';
import { parseList, parseSettings, positiveNumber, sideOrNone, wholeNumber } from '../option-values.js';
import { STANDARD } from '../terminal.js';
import { checkOutput, makeFolder, writeOutput } from '../write-output.js';

interface ViewFlags extends InputFlags {
  name?: string;
  output?: string;
  cache?: string;
  codecs?: string[];
  settings?: Record<string, number[]>;
  lpips?: string;
  maxSide?: number | 'none';
  stripBpp?: number | 'none';
  seed: number;
  timedImages: number;
  force?: boolean;
}

const DEFAULT_OUTPUT = 'dicm-bench-view';

/**
 * Adds `dicm bench view`.
 *
 * @param imageLimit - The number of `--limit`, when the command runs.
 */
export function addBenchView(bench: Command, run: RunAction, imageLimit: () => number | undefined) {
  const view = bench
    .command('view')
    .summary('rate against what people see: LPIPS, MS-SSIM, PSNR, Butteraugli')
    .description(
      'Code pictures with the view layer and with the codecs found on this machine, rebuild them, and measure how far ' +
        'they are from their originals. Writes results.json, results.csv, results.md, a plot for each measure, and in ' +
        'strips/ the middle of each picture from every codec at matched bytes. A run that was interrupted goes on where ' +
        'it stopped. --limit N takes N pictures, drawn by the seed.',
    );
  addInputs(view, {
    argument: 'picture',
    about: 'pictures, patterns, directories with -r',
    files: 'pictures',
  })
    .option('-o, --output <folder>', `where results go (default: ${DEFAULT_OUTPUT})`)
    .option('--cache <folder>', 'where single results are kept (default: cache in the output)')
    .option(
      '--codecs <list>',
      'codecs to measure, with commas between (default: all that are found)',
      parseList,
    )
    .option('--settings <codec=list>', 'settings of a codec; may be given several times', parseSettings)
    .option('--lpips <folder>', 'weights of LPIPS "squeeze", which is not measured without')
    .option(
      '--max-side <pixels|none>',
      'longest side after fitting, for every codec (default: none)',
      sideOrNone,
    )
    .option(
      '--strip-bpp <number|none>',
      'bits per pixel about which strips are matched, or no strips (default: 0.3)',
      (text) => (text === 'none' ? text : positiveNumber(text)),
    )
    .option('--name <text>', 'what to call the pictures in tables and plots')
    .option('--seed <number>', 'of what is drawn at random', wholeNumber(0), 1)
    .option('--timed-images <count>', 'pictures that are also timed, one at a time', wholeNumber(0), 8)
    .option('-f, --force', 'overwrite results that exist')
    .action((patterns: string[], _: unknown, command: Command) =>
      run((context) => benchView(context, patterns, command.opts<ViewFlags>(), imageLimit())),
    );
}

async function benchView(
  context: Context,
  patterns: readonly string[],
  flags: ViewFlags,
  images: number | undefined,
): Promise<number> {
  const { reporter, signal, options } = context;
  const { force = false, output: folder = DEFAULT_OUTPUT } = flags;
  const { inputs } = await findInputs(context, patterns, flags, isPictureName);
  if (inputs.some(({ path }) => path === STANDARD)) {
    throw new UsageError(
      'stdin-not-taken',
      'pictures are read several times, and stdin only once; name a file',
    );
  }
  const [json, csv, markdown] = ['results.json', 'results.csv', 'results.md'].map((name) =>
    join(folder, name),
  );
  for (const path of [json!, csv!, markdown!]) await checkOutput(path, force);
  await makeFolder(folder);
  const { name, codecs, settings, lpips, maxSide, stripBpp, seed, timedImages } = flags;
  const progress = await openBenchProgress(context);
  const benchOptions: ViewBenchOptions = {
    pictures: inputs.map(({ path }) => path),
    ...{ name, codecs, settings, lpips, maxSide, stripBpp, seed, timedImages, images, signal },
    cache: flags.cache ?? join(folder, 'cache'),
    ...{ backend: options.backend, model: options.model, threads: options.threads, limits: options.limit },
    jobs: jobsOf(context),
    onProgress: progress.update,
    onNote: (note) => reporter.warn(note),
  };
  let result: ViewBenchResult;
  try {
    const { benchmarkView } = await import('../../index.js');
    result = await benchmarkView(benchOptions);
  } finally {
    progress.stop();
  }
  const { report } = result;
  const strips = join(folder, 'strips');
  if (result.strips.length > 0) await makeFolder(strips);
  const text = (content: string) => new TextEncoder().encode(content);
  const files: [path: string, content: Uint8Array][] = [
    [json!, text(`${JSON.stringify(report, null, 2)}\n`)],
    [csv!, text(result.csv)],
    [markdown!, text(result.markdown)],
    ...result.plots.map(({ name, svg }): [string, Uint8Array] => [join(folder, name), text(svg)]),
    ...result.strips.map(({ name, png }): [string, Uint8Array] => [join(strips, name), png]),
  ];
  for (const [path, content] of files) await writeOutput(path, content, { force, signal });
  if (reporter.options.json) reporter.json({ ...report });
  else reporter.text(result.markdown.trimEnd());
  reporter.say(`written: ${files.map(([path]) => path).join(', ')}`);
  const failed = report.dataset.leftOut.filter(({ code }) => code !== 'duplicate');
  return failed.length + report.failures.length === 0 ? EXIT.ok : EXIT.someFailed;
}
