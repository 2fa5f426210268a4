import { Readable, Writable } from 'node:stream';
import type { RunCommand } from '../../fleet/work-item.js';
import { asFailure } from '../../fleet/worker/key-run.js';
import type { JobReply, JobRequest } from '../../fleet/worker/protocol.js';
import { BackendError, type Codec, type Task } from '../../index.js';
import { type Context, streamsOf } from '../context.js';
import { indexRecord, type KeptScores } from '../index-record.js';
import { analysisRecord, analyzeOne } from '../jobs/analyze-one.js';
import { embedOne, embedRecord } from '../jobs/embed-one.js';
import { type EncodeJob, encodeOne, encodeRecord } from '../jobs/encode-one.js';
import { analyseForIndex, indexTasks, vectorsOf } from '../jobs/index-one.js';
import type { JobContext } from '../jobs/job.js';
import { STANDARD } from '../terminal.js';

/** What is asked by the commands that ask; schemas are those of `dicm analyze`. */
const QUESTIONS: Readonly<
  Record<Exclude<RunCommand, 'encode' | 'embed' | 'index'>, { schema: string; tasks: readonly Task[] }>
> = {
  classify: { schema: 'dicm.classify/1', tasks: ['classify'] },
  detect: { schema: 'dicm.detect/1', tasks: ['detect'] },
  segment: { schema: 'dicm.segment/1', tasks: ['segment'] },
  all: { schema: 'dicm.analyze/1', tasks: ['classify', 'segment'] },
};

/** Options of an analysis, as a task keeps them. */
export interface QuestionOptions {
  readonly top?: number;
  readonly minScore?: number;
  readonly maxDetections?: number;
  readonly categories?: readonly (string | number)[];
}

/**
 * Does for one input of a work list what the commands do for one file: its bytes come and go by the streams that `-`
 * stands for. Never rejects.
 */
export async function runJob(request: JobRequest, context: Context, codec: Codec): Promise<JobReply> {
  try {
    return await answer(request, context, codec);
  } catch (error) {
    const isFatal = error instanceof BackendError && error.attempts.length > 0;
    return { failure: { ...asFailure(error), ...(isFatal && { isFatal }) } };
  }
}

async function answer(
  { command, options, bytes }: JobRequest,
  context: Context,
  codec: Codec,
): Promise<JobReply> {
  const pieces: Uint8Array[] = [];
  const job: JobContext = {
    ...streamsOf(context),
    codec,
    stdin: Readable.from([bytes]),
    stdout: new Writable({
      write(piece: Uint8Array, _, done) {
        pieces.push(piece);
        done();
      },
    }),
  };
  if (command === 'encode') {
    const coding = options as Omit<EncodeJob, 'input' | 'output' | 'force'>;
    const result = await encodeOne({ ...coding, input: STANDARD, output: STANDARD, force: false }, job);
    return { record: encodeRecord(result), output: new Uint8Array(Buffer.concat(pieces)) };
  }
  if (command === 'embed') {
    return { record: embedRecord(await embedOne({ input: STANDARD, force: false }, job)) };
  }
  if (command === 'index') {
    const { minClassScore, minObjectScore } = options as unknown as KeptScores;
    const vocabulary = await codec.readVocabulary();
    vectorsOf(vocabulary);
    const scores = { minClassScore, minObjectScore };
    const { content, backend, model } = await analyseForIndex(
      bytes,
      { ...scores, tasks: indexTasks(vocabulary) },
      job,
    );
    return { record: { ...indexRecord(content, scores), backend, model } };
  }
  const { top, minScore, maxDetections, categories } = options as QuestionOptions;
  const { schema, tasks } = QUESTIONS[command];
  const questions =
    command === 'classify'
      ? { tasks, top, minScore }
      : { tasks, top, detect: { minScore: minScore ?? 0.3, maxDetections, categories } };
  const result = await analyzeOne({ input: STANDARD, questions, force: false }, job);
  return { record: analysisRecord(result, schema) };
}
