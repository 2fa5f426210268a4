import { join } from 'node:path';
import type { Command } from 'commander';
import type { BenchOptions, BenchResult, BenchTask } from '../../index.js';
import { openBenchProgress } from '../bench-progress.js';
import { type Context, jobsOf, type RunAction } from '../context.js';
import { EXIT } from '../exit-codes.js';
import {
  parseLimit,
  parseList,
  parseSettings,
  sideOrNone,
  wholeNumber,
  wholeNumberBetween,
} from '../option-values.js';
import { checkOutput, makeFolder, writeOutput } from '../write-output.js';
import { addBenchView } from './bench-view.js';

interface BenchFlags {
  name?: string;
  output?: string;
  cache?: string;
  codecs?: string[];
  settings?: Record<string, number[]>;
  effort?: number;
  pixelNetwork?: string;
  detector?: string;
  anchor?: string;
  metric?: string;
  categories?: string[];
  maxSide?: number | 'none';
  seed: number;
  timedImages: number;
  force?: boolean;
}

const TASKS: readonly { task: BenchTask; summary: string; dataset: string }[] = [
  {
    task: 'classify',
    summary: 'rate against top-1 and top-5',
    dataset: 'folder of folders named after classes (wnids), or CSV of path,wnid',
  },
  { task: 'detect', summary: 'rate against box AP', dataset: "JSON of instances in COCO's layout" },
  {
    task: 'segment',
    summary: 'rate against mask AP',
    dataset: "JSON of instances in COCO's layout, with instance maps",
  },
];

/** Adds `dicm bench` and its tasks. */
export function addBench(program: Command, run: RunAction) {
  const imageLimit = takeImageLimit(program);
  const bench = program
    .command('bench')
    .summary('measure rate against accuracy, beside other codecs')
    .description(
      'Code labelled images with dicm, its view layer, and the codecs found on this machine (JPEG, WebP and AVIF always; JPEG 2000, ' +
        'HEVC, BPG, JPEG XL and VVC by their programs), let the same network judge them, and compare.',
    );
  for (const { task, summary, dataset } of TASKS) {
    bench
      .command(task)
      .summary(summary)
      .description(
        `Measure ${summary}. Writes results.json, results.csv, results.md and plot.svg. A run that was interrupted ` +
          'goes on where it stopped. --limit N takes N images, drawn by the seed.',
      )
      .argument('<dataset>', dataset)
      .option('-o, --output <folder>', `where results go (default: dicm-bench-${task})`)
      .option('--cache <folder>', 'where single results are kept (default: cache in the output)')
      .option(
        '--codecs <list>',
        'codecs to measure, with commas between (default: all that are found)',
        parseList,
      )
      .option('--settings <codec=list>', 'settings of a codec; may be given several times', parseSettings)
      .option(
        '--effort <1..9>',
        'how long dicm searches for its symbols (default: 1)',
        wholeNumberBetween(1, 9),
      )
      .option(
        '--pixel-network <file>',
        "ResNet-50 with torchvision's names to read decoded pictures (classify only)",
      )
      .option(
        '--detector <file>',
        "detector in YOLOX's layout (ONNX, COCO's categories) that reads decoded pictures too (detect and segment only)",
      )
      .option('--anchor <codec>', 'codec to compare with (default: hevc, or avif)')
      .option('--metric <name>', 'metric of the plot and the comparison')
      .option(
        '--categories <list>',
        'categories that count (detect and segment only; default: all)',
        parseList,
      )
      .option('--max-side <pixels|none>', 'longest side after fitting, for every codec', sideOrNone)
      .option('--name <text>', 'what to call the data set in tables and plots')
      .option('--seed <number>', 'of what is drawn at random', wholeNumber(0), 1)
      .option('--timed-images <count>', 'images that are also timed, one at a time', wholeNumber(0), 8)
      .option('-f, --force', 'overwrite results that exist')
      .action((path: string, _: unknown, command: Command) =>
        run((context) => runBench(context, task, path, command.opts<BenchFlags>(), imageLimit())),
      );
  }
  addBenchView(bench, run, imageLimit);
}

async function runBench(
  context: Context,
  task: BenchTask,
  dataset: string,
  flags: BenchFlags,
  images: number | undefined,
): Promise<number> {
  const { reporter, signal, options } = context;
  const { force = false, output: folder = `dicm-bench-${task}`, ...rest } = flags;
  const paths = ['results.json', 'results.csv', 'results.md', 'plot.svg'].map((name) => join(folder, name));
  for (const path of paths) await checkOutput(path, force);
  await makeFolder(folder);
  const progress = await openBenchProgress(context);
  const benchOptions: BenchOptions = {
    ...rest,
    ...{ task, dataset, images, signal },
    cache: flags.cache ?? join(folder, 'cache'),
    ...{
      backend: options.backend,
      model: options.model,
      threads: options.threads,
      precision: options.precision,
      limits: options.limit,
    },
    jobs: jobsOf(context),
    onProgress: progress.update,
    onNote: (note) => reporter.warn(note),
  };
  let result: BenchResult;
  try {
    const { benchmark } = await import('../../index.js');
    result = await benchmark(benchOptions);
  } finally {
    progress.stop();
  }
  const { report, csv, markdown, svg } = result;
  const contents = [`${JSON.stringify(report, null, 2)}\n`, csv, markdown, svg];
  for (const [i, path] of paths.entries()) {
    await writeOutput(path, new TextEncoder().encode(contents[i]!), { force, signal });
  }
  if (reporter.options.json) reporter.json({ ...report });
  else reporter.text(markdown.trimEnd());
  reporter.say(`written: ${paths.join(', ')}`);
  const failed = report.dataset.leftOut.filter(({ code }) => code !== 'unlabelled' && code !== 'duplicate');
  return failed.length + report.failures.length === 0 ? EXIT.ok : EXIT.someFailed;
}

/**
 * `--limit` is an option of every command and names a limit; here it may also be a number of images.
 *
 * @returns The number that was given, when the command runs.
 */
function takeImageLimit(program: Command): () => number | undefined {
  let images: number | undefined;
  const option = program.options.find(({ long }) => long === '--limit');
  option?.argParser((text: string, previous: ReturnType<typeof parseLimit> | undefined) => {
    if (!/^\d+$/.test(text)) return parseLimit(text, previous);
    images = wholeNumber(1)(text);
    return previous ?? {};
  });
  return () => images;
}
