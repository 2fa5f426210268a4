import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { shortestQuality } from '../../codec/shortest-quality.js';
import { FormatError } from '../../errors.js';
import {
  type BackendName,
  type IndexEntry,
  ModelError,
  type ModelVocabulary,
  type Task,
} from '../../index.js';
import { toPath } from '../file-names.js';
import type { IndexContent, KeptScores } from '../index-record.js';
import { readDicmFile } from '../read-input.js';
import type { Reporter } from '../reporter.js';
import type { JobContext } from './job.js';

/** A .dicm file that is to go into an index. */
export interface IndexJob extends KeptScores {
  /** Path of the .dicm file. */
  input: string;
  /** What the index calls it. */
  path: string | Uint8Array;
  /** The index, for reports. */
  index: string;
  /** What is known of a file of the same path, of the same content perhaps. */
  known: { readonly sha256: Uint8Array } | undefined;
  /** What the model can say. */
  tasks: readonly Task[];
}

/** What became of it, in the keys of `dicm.index/1`, and what goes into the index. */
export interface IndexResult {
  file: string;
  index: string;
  /** Size of the .dicm file. */
  bytes: number;
  /** Classes and objects whose scores are kept; absent where the content was known. */
  classes?: number;
  objects?: number;
  backend?: BackendName;
  model?: string;
  elapsedMs: number;
  notes: string[];
  /** Goes into the index; where the content was known, only when it was written. */
  entry: IndexEntry | Pick<IndexEntry, 'path' | 'modifiedMs'>;
}

/** Classes that are kept of a file at most. */
const MOST_CLASSES = 20;

/** What a file shows, as an index holds it, and what was used to find out. */
interface Analysed extends Pick<IndexResult, 'notes'> {
  readonly content: IndexContent;
  readonly backend: BackendName;
  readonly model: string;
}

/** Analyses the bytes of a .dicm file for an index. */
export async function analyseForIndex(
  file: Uint8Array,
  { tasks, minClassScore, minObjectScore }: KeptScores & { readonly tasks: readonly Task[] },
  { codec, signal, onProgress }: Pick<JobContext, 'codec' | 'signal' | 'onProgress'>,
): Promise<Analysed> {
  const settings = { top: MOST_CLASSES, minScore: minClassScore, detect: { minScore: minObjectScore } };
  const analysis = await codec.analyze(file, { tasks, ...settings, signal, onProgress });
  const { header, width, height, predictions = [], detections = [], vector, ...using } = analysis;
  return {
    content: {
      ...{
        bytes: file.length,
        sha256: new Uint8Array(createHash('sha256').update(file).digest()),
        width,
        height,
      },
      ...{ codedWidth: header.width, codedHeight: header.height },
      quality: shortestQuality(header.qualityPosition),
      ...{ vector: vector!, classes: predictions, objects: detections },
    },
    ...{ backend: using.backend, model: using.model.name, notes: using.notes },
  };
}

/** The vectors of a model. @throws ModelError `no-projection` where it has none */
export function vectorsOf({ name, vectors }: ModelVocabulary): NonNullable<ModelVocabulary['vectors']> {
  if (vectors !== undefined) return vectors;
  throw new ModelError(
    'no-projection',
    `${name} has no projection, by which pictures are compared; install a newer release of it`,
  );
}

/** What a model can say for an index. */
export function indexTasks({ classes, categories }: Pick<ModelVocabulary, 'classes' | 'categories'>): Task[] {
  const tasks: Task[] = ['vector'];
  if (classes.length > 0) tasks.push('classify');
  if (categories.length > 0) tasks.push('detect');
  return tasks;
}

/** Reads and analyses one .dicm file for an index. */
export async function indexOne(job: IndexJob, context: JobContext): Promise<IndexResult> {
  const { input, index, path, known } = job;
  const started = performance.now();
  // Before it is read: a file that is written in the meantime looks changed the next time.
  const status = await stat(toPath(input)).catch(() => undefined);
  const file = await readDicmFile(context, input);
  if (status?.isFile() !== true) {
    throw new FormatError('file-unreadable', `${input} is no regular file, and an index holds nothing else`);
  }
  const { mtimeMs: modifiedMs } = status;
  const sizes = { file: input, index, bytes: file.length };
  const elapsedMs = () => Math.round(performance.now() - started);
  if (known !== undefined && createHash('sha256').update(file).digest().equals(known.sha256)) {
    return { ...sizes, elapsedMs: elapsedMs(), notes: [], entry: { path, modifiedMs } };
  }
  const { content, ...using } = await analyseForIndex(file, job, context);
  return {
    ...sizes,
    ...{ classes: content.classes.length, objects: content.objects.length },
    ...using,
    elapsedMs: elapsedMs(),
    entry: { ...content, path, modifiedMs },
  };
}

/** Says what went into the index. */
export function reportIndexed(reporter: Reporter, { entry: _, notes, ...result }: IndexResult): void {
  for (const note of notes) reporter.explain(`${result.file}: ${note}`);
  if (reporter.options.json) reporter.json({ schema: 'dicm.index/1', ...result });
  else if (result.classes === undefined) reporter.explain(`${result.file}: known already`);
  else {
    const counts = `${result.classes} classes, ${result.objects} objects`;
    reporter.explain(`${result.file} -> ${result.index}  ${counts}  ${result.elapsedMs} ms`);
  }
}
