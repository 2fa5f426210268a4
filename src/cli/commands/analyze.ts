import { type Command, Option } from 'commander';
import { type AnalyzeFlags, type AnalyzeMode, analyzeFiles } from '../analyze-files.js';
import type { RunAction } from '../context.js';
import { numberBetween, wholeNumber } from '../parse-numbers.js';

const CLASSIFY: AnalyzeMode = { schema: 'dicm.classify/1', tasks: ['classify'], verb: 'classifying' };
const DETECT: AnalyzeMode = { schema: 'dicm.detect/1', tasks: ['detect'], verb: 'detecting' };
const SEGMENT: AnalyzeMode = { schema: 'dicm.segment/1', tasks: ['segment'], verb: 'segmenting' };
const ALL: AnalyzeMode = { schema: 'dicm.analyze/1', tasks: ['classify', 'segment'], verb: 'analysing' };

/** Adds `dicm analyze` and its tasks. */
export function addAnalyze(program: Command, run: RunAction) {
  const analyze = program
    .command('analyze')
    .summary('say what .dicm files show')
    .description('Say what .dicm files show, from their features; no pixels are rebuilt.');

  const classify = add(analyze, run, 'classify', CLASSIFY)
    .summary('name what a picture shows')
    .description('Name what pictures show: the best classes with their probabilities.');
  addTop(classify).option(
    '--min-score <number>',
    'smallest probability to name, 0 to 1',
    numberBetween(0, 1),
    0,
  );

  const detect = add(analyze, run, 'detect', DETECT)
    .summary('find the objects in a picture')
    .description('Find the objects in pictures: their names, scores, and boxes in pixels of the photograph.');
  addObjectOptions(detect);

  const segment = add(analyze, run, 'segment', SEGMENT)
    .summary('find the objects in a picture and the pixels they cover')
    .description('Find the objects in pictures and the pixels that belong to each.');
  addObjectOptions(segment);

  const all = add(analyze, run, 'all', ALL)
    .summary('classes, objects and their pixels, in one pass')
    .description(
      'Name what pictures show, and find the objects in them with the pixels that belong to each.\n' +
        'A file is decoded once for all of it.',
    );
  addObjectOptions(addTop(all));
}

function add(analyze: Command, run: RunAction, name: string, mode: AnalyzeMode): Command {
  return analyze
    .command(name)
    .argument('<file...>', '.dicm files, patterns, directories with -r, or - for stdin')
    .option('-r, --recursive', 'take the .dicm files in directories too')
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) => analyzeFiles(context, mode, inputs, command.opts<AnalyzeFlags>())),
    );
}

function addTop(command: Command): Command {
  return command.option('--top <count>', 'how many classes to name', wholeNumber(1), 5);
}

function addObjectOptions(command: Command): Command {
  return command
    .option('--min-score <number>', 'smallest score of an object, 0 to 1', numberBetween(0, 1), 0.3)
    .option('--max-detections <count>', 'how many objects at most, the best', wholeNumber(1), 100)
    .option('--coco <json>', 'write the objects of all files as COCO results')
    .addOption(
      new Option(
        '--coco-images <json>',
        'annotations in which COCO results find image ids by name (default: a file is named by its id)',
      ),
    )
    .option('--overlay <png>', 'draw boxes, labels and masks; a folder if there are several files')
    .option('--on <picture>', 'draw on the source, or on those in a folder (default: on a plain canvas)')
    .option('-f, --force', 'overwrite files');
}
