import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { openWorkList } from '../../fleet/open-work-list.js';
import { type RunCommand, type RunTask, SHARD_KEYS, shardKeys } from '../../fleet/work-item.js';
import { NO_LEASES } from '../../fleet/work-list.js';
import { isBucket } from '../addresses.js';
import type { Context, RunAction } from '../context.js';
import { addEncodeOptions, type CodingFlags, codingOptions } from '../encode-options.js';
import { EXIT } from '../exit-codes.js';
import { isDicmName, isPictureName } from '../expand-inputs.js';
import { toPath } from '../file-names.js';
import { addScoreOptions, keptScores, type ScoreFlags } from '../index-scores.js';
import { addInputs, DICM_INPUTS } from '../input-options.js';
import { CATEGORIES_ABOUT, numberBetween, parseCategories, wholeNumber } from '../option-values.js';
import { findKeys, type KeyFlags } from '../run/find-keys.js';
import type { QuestionOptions } from '../run/run-job.js';
import { addList, type ListFlags } from '../run/run-options.js';
import { asOutputError } from '../write-output.js';

interface AddFlags extends ListFlags, KeyFlags {
  output?: string;
  shardSize: number;
}

interface AnalyzeFlags extends AddFlags, QuestionOptions {
  task: Exclude<RunCommand, 'encode' | 'index'>;
}

/** Adds `dicm run add` and what can be added. */
export function addRunAdd(group: Command, run: RunAction) {
  const add = group
    .command('add')
    .summary('put inputs into a work list')
    .description(
      'Put inputs into a work list; it is made if there is none. What is in it already is not added again.',
    );

  const encode = add
    .command('encode')
    .summary('photographs to encode')
    .description('Put photographs into a work list, to be encoded with these options.');
  addInputs(encode, {
    argument: 'input',
    about: 'photographs: files, directories with -r, http(s):// and s3:// addresses, tar shards',
    files: 'photographs',
  });
  addEncodeOptions(
    addCommon(encode).requiredOption('-o, --output <folder>', 'where .dicm files go, or s3://bucket/prefix'),
  ).action((inputs: string[], _: unknown, command: Command) =>
    run((context) => {
      const flags = command.opts<AddFlags & CodingFlags>();
      return addAll(context, inputs, flags, 'encode', codingOptions(flags), isPictureName);
    }),
  );

  const analyze = add
    .command('analyze')
    .summary('.dicm files to ask')
    .description('Put .dicm files into a work list, to be asked what they show.');
  addCommon(addInputs(analyze, { ...DICM_INPUTS, about: '.dicm files: as for encode' }))
    .addOption(
      new Option('--task <name>', 'what is asked')
        .choices(['classify', 'detect', 'segment', 'all', 'embed'])
        .default('all'),
    )
    .option('--top <count>', 'how many classes to name', wholeNumber(1))
    .option('--min-score <number>', 'smallest score to report, 0 to 1', numberBetween(0, 1))
    .option('--max-detections <count>', 'how many objects at most, the best', wholeNumber(1))
    .option('--categories <list>', CATEGORIES_ABOUT, parseCategories)
    .option('-o, --output <folder>', 'write each result into a file there, too')
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) => {
        const { task, top, minScore, maxDetections, categories, ...flags } = command.opts<AnalyzeFlags>();
        const options: QuestionOptions = { top, minScore, maxDetections, categories };
        return addAll(context, inputs, flags, task, options, isDicmName);
      }),
    );

  const index = add
    .command('index')
    .summary('.dicm files for an index')
    .description(
      'Put .dicm files into a work list, to be analysed for an index: dicm run results then gives\n' +
        'lines that dicm index --results makes an index of.',
    );
  addScoreOptions(addCommon(addInputs(index, { ...DICM_INPUTS, about: '.dicm files: as for encode' })))
    .option('-o, --output <folder>', 'write each result into a file there, too')
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) => {
        const flags = command.opts<AddFlags & ScoreFlags>();
        return addAll(context, inputs, flags, 'index', keptScores(flags), isDicmName);
      }),
    );
}

function addCommon(command: Command): Command {
  return addList(command)
    .option(
      '--column <name>',
      'column of a --files-from that is a .csv or .parquet file (default: the first)',
    )
    .option('--shard-size <count>', 'inputs that are leased at once', wholeNumber(1), SHARD_KEYS);
}

async function addAll(
  context: Context,
  patterns: readonly string[],
  flags: AddFlags,
  command: RunCommand,
  options: object,
  accept: (name: string) => boolean,
): Promise<number> {
  const { reporter } = context;
  const { keys, passedOver } = await findKeys(context, patterns, flags, accept);
  const output = flags.output === undefined ? null : await openOutput(flags.output);
  const task: RunTask = { command, options: { ...options }, output };
  let given = 0;
  async function* counted() {
    for await (const key of keys) {
      given++;
      yield key;
    }
  }
  const list = await openWorkList(flags.work, NO_LEASES, true);
  try {
    const added = await list.add(shardKeys(task, counted(), flags.shardSize));
    if (reporter.options.json) reporter.json({ schema: 'dicm.added/1', ...added, given });
    const there = given - added.inputs;
    reporter.say(`${added.inputs} added${there > 0 ? `, ${there} there already` : ''}`);
    for (const { path, kind } of passedOver) reporter.explain(`passed over: ${path} (${kind})`);
    return EXIT.ok;
  } finally {
    await list.close();
  }
}

/** Makes the folder of the outputs: workers take one that is missing for a disk that is. */
async function openOutput(output: string): Promise<string> {
  if (isBucket(output)) return output;
  const folder = resolve(output);
  try {
    await mkdir(toPath(folder), { recursive: true });
  } catch (error) {
    throw asOutputError(output, error);
  }
  return folder;
}
