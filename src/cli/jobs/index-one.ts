import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { shortestQuality } from '../../codec/shortest-quality.js';
import { FormatError } from '../../errors.js';
import type { BackendName, IndexEntry, Task } from '../../index.js';
import { toPath } from '../file-names.js';
import { readDicmFile } from '../read-input.js';
import type { Reporter } from '../reporter.js';
import type { JobContext } from './job.js';

/** A .dicm file that is to go into an index. */
export interface IndexJob {
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
  minClassScore: number;
  minObjectScore: number;
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

/** Reads and analyses one .dicm file for an index. */
export async function indexOne(job: IndexJob, context: JobContext): Promise<IndexResult> {
  const { codec, signal, onProgress } = context;
  const { input, index, path, known, tasks, minClassScore, minObjectScore } = job;
  const started = performance.now();
  // Before it is read: a file that is written in the meantime looks changed the next time.
  const status = await stat(toPath(input)).catch(() => undefined);
  const file = await readDicmFile(context, input);
  if (status?.isFile() !== true) {
    throw new FormatError('file-unreadable', `${input} is no regular file, and an index holds nothing else`);
  }
  const { mtimeMs: modifiedMs } = status;
  const sha256 = new Uint8Array(createHash('sha256').update(file).digest());
  const done = () => ({
    file: input,
    index,
    bytes: file.length,
    elapsedMs: Math.round(performance.now() - started),
  });
  if (known !== undefined && Buffer.from(sha256).equals(known.sha256)) {
    return { ...done(), notes: [], entry: { path, modifiedMs } };
  }
  const settings = { top: MOST_CLASSES, minScore: minClassScore, detect: { minScore: minObjectScore } };
  const {
    header,
    width,
    height,
    predictions = [],
    detections = [],
    vector,
    ...using
  } = await codec.analyze(file, {
    tasks,
    ...settings,
    signal,
    onProgress,
  });
  const entry: IndexEntry = {
    ...{ path, bytes: file.length, modifiedMs, sha256, width, height },
    ...{
      codedWidth: header.width,
      codedHeight: header.height,
      quality: shortestQuality(header.qualityPosition),
    },
    ...{ vector: vector!, classes: predictions, objects: detections },
  };
  return {
    ...done(),
    classes: predictions.length,
    objects: detections.length,
    backend: using.backend,
    model: using.model.name,
    notes: using.notes,
    entry,
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
