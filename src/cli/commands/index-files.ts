import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { FormatError, UsageError } from '../../errors.js';
import type { Codec, IndexEntry, IndexWriter, NewIndex, Task } from '../../index.js';
import { announceBackend, type Context, type RunAction, withCodec } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { type Input, isDicmName } from '../expand-inputs.js';
import { toPath } from '../file-names.js';
import { formatBytes } from '../format.js';
import { indexedPath, isIndexedAddress, nameOfIndexed, pathFromIndex } from '../index-paths.js';
import { parseIndexLine } from '../index-record.js';
import { addScoreOptions, keptScores, type ScoreFlags } from '../index-scores.js';
import { addInputs, DICM_INPUTS, findInputs, type InputFlags } from '../input-options.js';
import { type IndexResult, indexOne, indexTasks, reportIndexed, vectorsOf } from '../jobs/index-one.js';
import { checkOutputKind } from '../output-kinds.js';
import { runBatch } from '../run-batch.js';
import { STANDARD } from '../terminal.js';
import { checkOutput } from '../write-output.js';

interface IndexFlags extends InputFlags, ScoreFlags {
  output: string;
  update?: boolean;
  force?: boolean;
  results?: string;
}

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
  addScoreOptions(addInputs(index, DICM_INPUTS))
    .requiredOption('-o, --output <index>', 'the index, a file that is mostly called NAME.dicmdex')
    .option('--update', 'add what is new or changed, remove what is gone, leave the rest')
    .option('-f, --force', 'make an index that is there anew')
    .option(
      '--results <file>',
      'lines of dicm run results instead of files, or - for stdin: nothing is analysed',
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
  if (flags.results !== undefined) return indexResults(context, patterns, flags, flags.results);
  const given = await findInputs(context, patterns, flags, isDicmName);
  if (given.inputs.some(({ path }) => path === STANDARD)) {
    throw new UsageError('index-stdin', 'what an index holds has a path; name a file, not stdin');
  }
  if (!update) await checkOutput(output, force);
  return withCodec(context, async (codec) => {
    await announceBackend(context, codec);
    return writeIndex(context, codec, flags, async (writer, made) => {
      const exitCode = await fillIndex(context, codec, writer, given, indexTasks(made));
      const removed = update ? await removeMissing(writer, given.inputs) : 0;
      if (removed > 0) reporter.say(`${removed} files are gone and were removed`);
      return exitCode;
    });
  });
}

/** Opens the index, lets it be filled, and says how large it is. */
async function writeIndex(
  { reporter }: Context,
  codec: Codec,
  flags: IndexFlags,
  fill: (writer: IndexWriter, made: NewIndex) => Promise<number>,
): Promise<number> {
  const { output, force = false } = flags;
  const made = await describeIndex(codec, flags);
  if (force) await removeIndex(output);
  const { openIndexWriter } = await import('../../index.js');
  const writer = await openIndexWriter(output, made);
  try {
    checkScores(writer, flags);
    const exitCode = await fill(writer, made);
    const { size } = await stat(output);
    const files = writer.paths().length;
    reporter.say(`${output}  ${files} files  ${formatBytes(size)}`);
    return exitCode;
  } finally {
    writer.close();
  }
}

/** Makes an index of what workers have found: of the model it needs the names alone, and no file is read. */
async function indexResults(
  context: Context,
  patterns: readonly string[],
  flags: IndexFlags,
  results: string,
): Promise<number> {
  if (patterns.length > 0 || flags.filesFrom !== undefined) {
    throw new UsageError('option-needs-other', '--results says what to index; name no files beside it');
  }
  const { output, update = false, force = false } = flags;
  if (!update) await checkOutput(output, force);
  return withCodec(context, (codec) =>
    writeIndex(context, codec, flags, async (writer) => {
      const batch = new Batch(writer);
      let count = 0;
      try {
        for await (const line of linesOf(context, results)) {
          if (line.text.trim() === '') continue;
          const parsed = parseIndexLine(line.text, line.where);
          if (parsed === undefined) continue;
          const { file, content, ...scores } = parsed;
          checkScores(writer, scores);
          // Nobody here knows when the file was written: --update reads it, and knows it by its content.
          batch.add({ ...content, path: indexedPath(output, file), modifiedMs: 0 });
          count++;
        }
      } finally {
        batch.write();
      }
      if (count > 0) return EXIT.ok;
      throw new FormatError(
        'bad-results',
        `${results} has no line that an index can be made of: put the files into the list with dicm run add index`,
      );
    }),
  );
}

/** Lines of a file or of stdin, with what to call them. */
async function* linesOf({ terminal, signal }: Context, path: string) {
  const input = path === STANDARD ? terminal.stdin : createReadStream(toPath(path));
  let number = 0;
  try {
    for await (const text of createInterface({ input, crlfDelay: Infinity, signal })) {
      number++;
      yield { text, where: `${path === STANDARD ? 'stdin' : path}, line ${number}` };
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    if (code === 'ENOENT')
      throw new FormatError('file-missing', `${path}: no such file`, {}, { cause: error });
    throw new FormatError('file-unreadable', `${path} cannot be read: ${message}`, {}, { cause: error });
  }
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
    if (named.has(nameOfIndexed(path)) || isIndexedAddress(path)) continue;
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
  const { name: model, decodeId, renderId, classes, categories } = vocabulary;
  const vectors = vectorsOf(vocabulary);
  return { model, decodeId, renderId, classes, categories, ...vectors, ...keptScores(flags) };
}

/** @throws UsageError `index-scores`: files with other scores would lie beside those that are there. */
function checkScores({ path, about }: IndexWriter, flags: ScoreFlags): void {
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
