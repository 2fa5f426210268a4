import type { Command } from 'commander';
import type { Prediction } from '../../index.js';
import { announceBackend, type Context, jobsOf, type RunAction, withCodec } from '../context.js';
import { expandInputs, type Input, isDicmName } from '../expand-inputs.js';
import { formatTable } from '../format.js';
import { numberBetween, wholeNumber } from '../parse-numbers.js';
import { openProgress } from '../progress.js';
import { readDicmFile } from '../read-dicm-file.js';
import { runInputs } from '../run-inputs.js';

interface ClassifyFlags {
  top: number;
  minScore: number;
  recursive?: boolean;
}

/** Adds `dicm analyze` and its tasks. */
export function addAnalyze(program: Command, run: RunAction) {
  const analyze = program
    .command('analyze')
    .summary('say what .dicm files show')
    .description('Say what .dicm files show, from their features; no pixels are rebuilt.');
  analyze
    .command('classify')
    .summary('name what a picture shows')
    .description('Name what pictures show: the best classes with their probabilities.')
    .argument('<file...>', '.dicm files, patterns, directories with -r, or - for stdin')
    .option('--top <count>', 'how many classes to name', wholeNumber(1), 5)
    .option('--min-score <number>', 'smallest probability to name, 0 to 1', numberBetween(0, 1), 0)
    .option('-r, --recursive', 'take the .dicm files in directories too')
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) => classifyFiles(context, inputs, command.opts<ClassifyFlags>())),
    );
}

async function classifyFiles(context: Context, patterns: string[], flags: ClassifyFlags): Promise<number> {
  const { reporter } = context;
  const { recursive = false, top, minScore } = flags;
  const inputs = await expandInputs(patterns, { recursive, accept: isDicmName });
  return withCodec(context, async (codec) => {
    const backend = await announceBackend(context, codec);
    const progress = await openProgress(context, 'classifying', inputs.length);
    const classifyOne = async ({ path }: Input, signal: AbortSignal) => {
      const started = performance.now();
      const file = await readDicmFile(context, path);
      const { predictions, model, notes } = await codec.classify(file, {
        top,
        minScore,
        signal,
        onProgress: (done, total) => progress.tiles(path, done, total),
      });
      const elapsedMs = Math.round(performance.now() - started);
      return () => {
        for (const note of notes) reporter.explain(`${path}: ${note}`);
        if (reporter.options.json) {
          const object = { file: path, predictions, backend, elapsedMs, model: model.name };
          reporter.json({ schema: 'dicm.classify/1', ...object });
        } else reporter.text(describePredictions(path, predictions));
      };
    };
    try {
      return await runInputs(context, inputs, classifyOne, {
        jobs: jobsOf(context),
        nameOf: ({ path }) => path,
        onDone: progress.fileDone,
      });
    } finally {
      progress.stop();
    }
  });
}

function describePredictions(path: string, predictions: readonly Prediction[]): string {
  if (predictions.length === 0) return `${path}\n  nothing with a score this high`;
  const rows = predictions.map(({ score, label, wnid }) => [`  ${score.toFixed(3)}`, label, wnid]);
  return `${path}\n${formatTable(rows)}`;
}
