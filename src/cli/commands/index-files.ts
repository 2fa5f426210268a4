import { rm, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { ModelError, UsageError } from '../../errors.js';
import type { Codec, IndexEntry, IndexWriter, NewIndex, Task } from '../../index.js';
import { announceBackend, type Context, type RunAction, withCodec } from '../context.js';
import { type Input, isDicmName } from '../expand-inputs.js';
import { toPath } from '../file-names.js';
import { formatBytes } from '../format.js';
import { indexedPath, nameOfIndexed, pathFromIndex } from '../index-paths.js';
import { addInputs, DICM_INPUTS, findInputs, type InputFlags } from '../input-options.js';
import { type IndexResult, indexOne, reportIndexed } from '../jobs/index-one.js';
import { numberBetween } from '../option-values.js';
import { checkOutputKind } from '../output-kinds.js';
import { runBatch } from '../run-batch.js';
import { STANDARD } from '../terminal.js';
import { checkOutput } from '../write-output.js';

interface IndexFlags extends InputFlags {
  output: string;
  update?: boolean;
  force?: boolean;
  minClassScore?: number;
  minObjectScore?: number;
}

/** Scores from which on classes and objects are kept, unless others are asked for. */
const DEFAULT_SCORES = { minClassScore: 0.02, minObjectScore: 0.3 };

/** Files that are written in one transaction: what a crash costs at most, with those in work. */
const BATCH_FILES = 64;

/** Adds `dicm index`. */
export function addIndex(program: Command, run: RunAction) {
  const index = program
    .command('index')
    .summary('make an index of .dicm files, to search in')
    .description(
      'Analyse .dicm files and keep in one file what searches need: a short vector, classes,\n' +
        'objects with their boxes, sizes and paths. Directories are taken with -r. An index that\n' +
        'was interrupted is good for what it holds, and --update goes on with it.',
    );
  addInputs(index, DICM_INPUTS)
    .requiredOption('-o, --output <index>', 'the index, a file that is mostly called NAME.dicmdex')
    .option('--update', 'add what is new or changed, remove what is gone, leave the rest')
    .option('-f, --force', 'make an index that is there anew')
    .option(
      '--min-class-score <number>',
      'smallest score of a class to keep, 0 to 1 (default: 0.02)',
      numberBetween(0, 1),
    )
    .option(
      '--min-object-score <number>',
      'smallest score of an object to keep, 0 to 1 (default: 0.3)',
      numberBetween(0, 1),
    )
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) => indexFiles(context, inputs, command.opts<IndexFlags>())),
    );
}

async function indexFiles(context: Context, patterns: string[], flags: IndexFlags): Promise<number> {
  const { reporter } = context;
  const { output, update = false, force = false } = flags;
  if (update && force) {
    throw new UsageError('conflictingOption', "option '--update' cannot be used with option '-f, --force'");
  }
  if (output === STANDARD) throw new UsageError('index-stdout', 'an index is no stream; name a file with -o');
  checkOutputKind(output, 'an index', ['.dicmdex']);
  const given = await findInputs(context, patterns, flags, isDicmName);
  if (given.inputs.some(({ path }) => path === STANDARD)) {
    throw new UsageError('index-stdin', 'what an index holds has a path; name a file, not stdin');
  }
  if (!update) await checkOutput(output, force);
  return withCodec(context, async (codec) => {
    await announceBackend(context, codec);
    const made = await describeIndex(codec, flags);
    if (force) await removeIndex(output);
    const { openIndexWriter } = await import('../../index.js');
    const writer = await openIndexWriter(output, made);
    try {
      checkScores(writer, flags);
      const exitCode = await fillIndex(context, codec, writer, given, tasksOf(made));
      const removed = update ? await removeMissing(writer, given.inputs) : 0;
      if (removed > 0) reporter.say(`${removed} files are gone and were removed`);
      const { size } = await stat(output);
      const files = writer.paths().length;
      reporter.say(`${output}  ${files} files  ${formatBytes(size)}`);
      return exitCode;
    } finally {
      writer.close();
    }
  });
}

/** Analyses the inputs and writes them in batches; what is done when the run ends early is written too. */
async function fillIndex(
  context: Context,
  codec: Codec,
  writer: IndexWriter,
  given: Awaited<ReturnType<typeof findInputs>>,
  tasks: readonly Task[],
): Promise<number> {
  const { path: index, about } = writer;
  const { minClassScore, minObjectScore } = about;
  const batch = new Batch(writer);
  try {
    return await runBatch<Input, IndexResult>(context, {
      given,
      inputs: given.inputs,
      verb: 'indexing',
      nameOf: ({ path }) => path,
      skip: async ({ path }) => {
        const known = writer.stateOf(indexedPath(index, path));
        if (known === undefined) return undefined;
        const status = await stat(toPath(path)).catch(() => undefined);
        const isSame = status?.size === known.bytes && Math.round(status.mtimeMs) === known.modifiedMs;
        return isSame ? { output: index, reason: 'it is up to date' } : undefined;
      },
      work: async ({ path: input }, job) => {
        const path = indexedPath(index, input);
        const known = writer.stateOf(path);
        return indexOne(
          { input, path, index, known, tasks, minClassScore, minObjectScore },
          { ...job, codec },
        );
      },
      report: (result) => {
        batch.add(result.entry);
        reportIndexed(context.reporter, result);
      },
      bytesOf: ({ bytes }) => ({ in: bytes }),
      isFatal: (error) => (error as { code?: string }).code === 'index-projection',
    });
  } finally {
    batch.write();
  }
}

/** Entries that wait for their transaction. */
class Batch {
  readonly #writer: IndexWriter;
  #entries: IndexEntry[] = [];
  #touched: Pick<IndexEntry, 'path' | 'modifiedMs'>[] = [];

  constructor(writer: IndexWriter) {
    this.#writer = writer;
  }

  add(entry: IndexResult['entry']): void {
    if ('vector' in entry) this.#entries.push(entry);
    else this.#touched.push(entry);
    if (this.#entries.length + this.#touched.length >= BATCH_FILES) this.write();
  }

  write(): void {
    const [entries, touched] = [this.#entries, this.#touched];
    this.#entries = [];
    this.#touched = [];
    if (entries.length > 0) this.#writer.put(entries);
    if (touched.length > 0) this.#writer.touch(touched);
  }
}

/** Removes what was not named this time and is not there any more. */
async function removeMissing(writer: IndexWriter, inputs: readonly Input[]): Promise<number> {
  const named = new Set(inputs.map(({ path }) => nameOfIndexed(indexedPath(writer.path, path))));
  const gone: (string | Uint8Array)[] = [];
  for (const path of writer.paths()) {
    if (named.has(nameOfIndexed(path))) continue;
    const status = await stat(toPath(pathFromIndex(writer.path, path))).catch(
      (error: NodeJS.ErrnoException) => error.code,
    );
    if (status === 'ENOENT' || status === 'ENOTDIR') gone.push(path);
  }
  writer.remove(gone);
  return gone.length;
}

async function describeIndex(codec: Codec, flags: IndexFlags): Promise<NewIndex> {
  const vocabulary = await codec.readVocabulary();
  const { name: model, decodeId, renderId, classes, categories, vectors } = vocabulary;
  if (vectors === undefined) {
    throw new ModelError(
      'no-projection',
      `${model} has no projection, by which pictures are compared; install a newer release of it`,
    );
  }
  return {
    ...{ model, decodeId, renderId, classes, categories, ...vectors },
    minClassScore: flags.minClassScore ?? DEFAULT_SCORES.minClassScore,
    minObjectScore: flags.minObjectScore ?? DEFAULT_SCORES.minObjectScore,
  };
}

function tasksOf({ classes, categories }: NewIndex): Task[] {
  const tasks: Task[] = ['vector'];
  if (classes.length > 0) tasks.push('classify');
  if (categories.length > 0) tasks.push('detect');
  return tasks;
}

/** @throws UsageError `index-scores`: files with other scores would lie beside those that are there. */
function checkScores({ path, about }: IndexWriter, flags: IndexFlags): void {
  for (const [key, option] of [
    ['minClassScore', '--min-class-score'],
    ['minObjectScore', '--min-object-score'],
  ] as const) {
    if (flags[key] === undefined || flags[key] === about[key]) continue;
    throw new UsageError(
      'index-scores',
      `${path} keeps scores from ${about[key]} on, so ${option} ${flags[key]} needs an index of its own, or -f`,
    );
  }
}

async function removeIndex(path: string): Promise<void> {
  for (const suffix of ['', '-journal']) await rm(`${path}${suffix}`, { force: true });
}
