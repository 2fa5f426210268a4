import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type Task, UsageError } from '../../index.js';
import { type CocoIds, findCocoIds } from '../coco-ids.js';
import { CocoResults } from '../coco-results.js';
import { announceBackend, type Context, type RunAction, withCodec } from '../context.js';
import { type Input, isDicmName } from '../expand-inputs.js';
import { nameSome } from '../format.js';
import { addInputs, DICM_INPUTS, findInputs, type InputFlags } from '../input-options.js';
import { type AnalyzeJob, analyzeOne, reportAnalysis } from '../jobs/analyze-one.js';
import {
  addPartOptions,
  CATEGORIES_ABOUT,
  numberBetween,
  type PartFlags,
  parseCategories,
  wholeNumber,
} from '../option-values.js';
import { checkOutputKind } from '../output-kinds.js';
import { makeFolders } from '../plan-outputs.js';
import { type PlannedOverlay, planOverlays } from '../plan-overlays.js';
import { runBatch } from '../run-batch.js';
import { STANDARD } from '../terminal.js';
import { checkOutput } from '../write-output.js';
import { addEmbed } from './embed.js';

/** One of the commands below `dicm analyze`. */
interface AnalyzeMode {
  /** Of its JSON objects. */
  schema: string;
  tasks: readonly Task[];
  /** What happens to the files, for the progress bar. */
  verb: string;
}

/** How it was called. */
interface AnalyzeFlags extends PartFlags, InputFlags {
  top?: number;
  /** Of classes where those alone are asked for, of objects everywhere else. */
  minScore: number;
  maxDetections?: number;
  categories?: (string | number)[];
  coco?: string;
  cocoImages?: string;
  cocoMissing?: 'error' | 'skip';
  overlay?: string;
  on?: string;
  tolerateDamage?: boolean;
  force?: boolean;
}

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

  addEmbed(analyze, run);
}

function add(analyze: Command, run: RunAction, name: string, mode: AnalyzeMode): Command {
  return addPartOptions(addInputs(analyze.command(name), DICM_INPUTS)).action(
    (inputs: string[], _: unknown, command: Command) =>
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
    .option('--categories <list>', CATEGORIES_ABOUT, parseCategories)
    .option('--coco <json>', 'write the objects of all files as COCO results')
    .addOption(
      new Option(
        '--coco-images <json>',
        'annotations in which COCO results find image ids by name (default: a file is named by its id)',
      ),
    )
    .addOption(
      new Option(
        '--coco-missing <what>',
        'with files that no image id is found for (default: error)',
      ).choices(['error', 'skip']),
    )
    .option('--overlay <png>', 'draw boxes, labels and masks; a folder if there are several files')
    .option('--on <picture>', 'draw on the source, or on those in a folder (default: on a plain canvas)')
    .option('--tolerate-damage', 'draw on what can be read of a damaged source')
    .option('-f, --force', 'overwrite files');
}

async function analyzeFiles(
  context: Context,
  mode: AnalyzeMode,
  patterns: string[],
  flags: AnalyzeFlags,
): Promise<number> {
  const { reporter } = context;
  const { force = false, coco, minScore } = flags;
  checkFlags(flags);
  const given = await findInputs(context, patterns, flags, isDicmName);
  const ids = coco === undefined ? undefined : await findIds(context, given.inputs, flags);
  const inputs = ids === undefined ? given.inputs : given.inputs.filter(({ path }) => ids.images.has(path));
  const overlays =
    flags.overlay === undefined ? [] : await planOverlays({ ...given, inputs }, flags.overlay, flags.on);
  if (coco !== undefined) await checkCocoOutput(coco, inputs, overlays, force);
  const results = ids && new CocoResults(ids, flags.cocoImages);
  const questions = questionsOf(mode, flags);
  const overlayOf = new Map(overlays.map((plan) => [plan.input, plan]));
  return withCodec(context, async (codec) => {
    await announceBackend(context, codec);
    await makeFolders(overlays, flags.overlay);
    const exitCode = await runBatch(context, {
      given,
      inputs,
      leftOut: given.inputs.length - inputs.length,
      verb: mode.verb,
      nameOf: ({ path }) => path,
      work: async (input, job) => {
        const plan = overlayOf.get(input);
        const overlay = plan && { ...plan, tolerateDamage: flags.tolerateDamage };
        const result = await analyzeOne({ input: input.path, questions, overlay, force }, { ...job, codec });
        results?.check(result);
        return result;
      },
      bytesOf: ({ bytes }) => ({ in: bytes }),
      report: (result) => {
        results?.add(result);
        reportAnalysis(reporter, result, { schema: mode.schema, minScore });
      },
    });
    await results?.write(coco!, context, force);
    return exitCode;
  });
}

/** Finds the image ids of all inputs; those that have none end the run, or are named and left out. */
async function findIds(
  { reporter, options, signal }: Context,
  inputs: readonly Input[],
  { cocoImages, cocoMissing = 'error' }: AnalyzeFlags,
): Promise<CocoIds> {
  const ids = await findCocoIds(inputs, {
    ...{ annotations: cocoImages, missing: cocoMissing },
    ...{ limits: options.limit, signal },
  });
  const { length } = ids.missing;
  if (length > 0) {
    reporter.warn(
      `${length} of ${inputs.length} files have no image id and are left out: ${nameSome(ids.missing)}`,
    );
  }
  return ids;
}

function questionsOf({ tasks }: AnalyzeMode, flags: AnalyzeFlags): AnalyzeJob['questions'] {
  const { top, minScore, maxDetections, categories, region, prefix } = flags;
  if (tasks.length === 1 && tasks[0] === 'classify') return { tasks, top, minScore, region, prefix };
  return { tasks, top, detect: { minScore, maxDetections, categories }, region, prefix };
}

/** @throws UsageError for options that mean nothing without another one. */
function checkFlags({ overlay, on, tolerateDamage, coco, cocoImages, cocoMissing }: AnalyzeFlags): void {
  if (on !== undefined && overlay === undefined) {
    throw new UsageError('option-needs-other', '--on says what --overlay draws on; give that too');
  }
  if (tolerateDamage === true && on === undefined) {
    throw new UsageError(
      'option-needs-other',
      '--tolerate-damage is for the source that --on names; give that too',
    );
  }
  if (cocoImages !== undefined && coco === undefined) {
    throw new UsageError('option-needs-other', '--coco-images is for --coco; give that too');
  }
  if (cocoMissing !== undefined && coco === undefined) {
    throw new UsageError('option-needs-other', '--coco-missing is for --coco; give that too');
  }
}

/** @throws UsageError `coco-stdout`, `output-is-input`, `output-collision`, `output-kind`; OutputError `output-exists` */
async function checkCocoOutput(
  coco: string,
  inputs: readonly Input[],
  overlays: readonly PlannedOverlay[],
  force: boolean,
): Promise<void> {
  if (coco === STANDARD) {
    throw new UsageError('coco-stdout', 'other results go to stdout; name a file for those in COCO form');
  }
  const isCoco = (path: string) => resolve(path) === resolve(coco);
  if (inputs.some(({ path }) => path !== STANDARD && isCoco(path))) {
    throw new UsageError('output-is-input', `${coco} is an input; choose another --coco`);
  }
  if (overlays.some(({ output }) => isCoco(output))) {
    throw new UsageError('output-collision', `an overlay and --coco would both be written to ${coco}`);
  }
  checkOutputKind(coco, 'COCO results', ['.json']);
  await checkOutput(coco, force);
}
