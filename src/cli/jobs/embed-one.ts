import type { BackendName, PrefixOptions, RegionOptions } from '../../index.js';
import { littleEndianBytes, npyHead } from '../array-files.js';
import { formatBytes } from '../format.js';
import { readDicmFile } from '../read-input.js';
import type { Reporter } from '../reporter.js';
import { STANDARD } from '../terminal.js';
import { checkOutput, writeResult } from '../write-output.js';
import type { JobContext } from './job.js';

/** A .dicm file that is to become a vector. */
export interface EmbedJob extends RegionOptions, PrefixOptions {
  /** Path of the .dicm file, or `-` for stdin. */
  input: string;
  /** Path of a .npy file, or `-` for stdout; the vector is in the result unless given. */
  output?: string | undefined;
  /** Replace a file that is there already. */
  force: boolean;
}

/** What became of it, in the keys of `dicm.embed/1`. */
export interface EmbedResult {
  file: string;
  /** Values of the vector, where they were not written to a file. */
  embedding?: number[];
  /** Where they were written, and the size of that file. */
  output?: string;
  bytes?: number;
  /** Size of the .dicm file. */
  inputBytes: number;
  /** How many values there are. */
  length: number;
  backend: BackendName;
  elapsedMs: number;
  /** Name of the model. */
  model: string;
  /** For example that a newer model of the same decode id was used; in words. */
  notes: string[];
}

/** Makes a vector of one .dicm file: layer4 of the tail, pooled over the picture. */
export async function embedOne(job: EmbedJob, context: JobContext): Promise<EmbedResult> {
  const { codec, stdout, signal, onProgress } = context;
  const { input, output, force, region, prefix } = job;
  const started = performance.now();
  if (output !== undefined && output !== STANDARD) await checkOutput(output, force);
  const file = await readDicmFile(context, input);
  const embedded = await codec.embed(file, { region, prefix, signal, onProgress });
  const { embedding, backend, model, notes } = embedded;
  const { length } = embedding;
  const result = { length, inputBytes: file.length, backend, model: model.name, notes };
  const elapsedMs = () => Math.round(performance.now() - started);
  if (output === undefined) {
    return { file: input, embedding: shortNumbers(embedding), ...result, elapsedMs: elapsedMs() };
  }
  const head = npyHead({ name: 'embedding', type: 'float32', shape: [length] });
  const npy = Buffer.concat([head, littleEndianBytes(embedding)]);
  const bytes = await writeResult(output, npy, { stdout, force, signal });
  return { file: input, output, bytes, ...result, elapsedMs: elapsedMs() };
}

/** A vector, or where it was written, as JSON. */
export function embedRecord({ notes: _, inputBytes: __, ...result }: EmbedResult): {
  schema: string;
  [key: string]: unknown;
} {
  return { schema: 'dicm.embed/1', ...result };
}

/** Gives the vector, or says where it was written. A vector is data, so it is JSON even where nobody asked for that. */
export function reportEmbedding(reporter: Reporter, result: EmbedResult): void {
  const { file, output, length, bytes = 0, notes } = result;
  for (const note of notes) reporter.explain(`${file}: ${note}`);
  if (output === undefined || reporter.options.json) reporter.json(embedRecord(result));
  if (output === undefined) return;
  reporter.say(`${file} -> ${output === STANDARD ? 'stdout' : output}  [${length}]  ${formatBytes(bytes)}`);
}

/** Nine digits tell every 32-bit float from its neighbours; 64-bit ones would print up to 17. */
function shortNumbers(values: Float32Array): number[] {
  return Array.from(values, (value) => Number(value.toPrecision(9)));
}
