import { addDigest, checkDigest } from '../../container/digest.js';
import { cutPrefix } from '../../container/open-prefix.js';
import { stripLayer } from '../../container/strip-layer.js';
import type { Limits } from '../../limits.js';
import { sha256 } from '../../platform/node/sha256.js';
import { formatBytes } from '../format.js';
import { readDicmFile } from '../read-input.js';
import type { Reporter } from '../reporter.js';
import { STANDARD } from '../terminal.js';
import { checkOutput, writeResult } from '../write-output.js';
import type { JobStreams } from './job.js';

/** A .dicm file of which a part is written. */
export interface RewriteJob {
  /** Path of the .dicm file, or `-` for stdin. */
  input: string;
  /** Path of the result, or `-` for stdout. */
  output: string;
  /** Replace a file that is there already. */
  force: boolean;
  /** What is written: the file without its view layer, or the bytes that its first layer needs. */
  what: 'without-view' | 'prefix';
}

/** What became of it, in the keys of `dicm.strip/1` and `dicm.cut/1`. */
export interface RewriteResult {
  file: string;
  output: string;
  /** Size of the output. */
  bytes: number;
  /** Size of the input. */
  inputBytes: number;
}

/** Writes a part of one .dicm file; nothing is decoded. */
export async function rewriteOne(job: RewriteJob, context: JobStreams): Promise<RewriteResult> {
  const { stdout, signal, limits } = context;
  const { input, output, force, what } = job;
  if (output !== STANDARD) await checkOutput(output, force);
  const file = await readDicmFile(context, input);
  const part = what === 'prefix' ? cutPrefix(file, limits) : await stripView(file, limits);
  const bytes = await writeResult(output, part, { stdout, force, signal });
  return { file: input, output, bytes, inputBytes: file.length };
}

/** The file without its view layer. One with a digest, which must hold, has one again: of what is left. */
async function stripView(file: Uint8Array, limits: Partial<Limits> | undefined): Promise<Uint8Array> {
  const part = stripLayer(file, 'view', limits);
  const digest = await checkDigest(file, sha256, limits);
  return digest === undefined ? part : (await addDigest(part, sha256, limits)).bytes;
}

/** Says what became of a .dicm file: as JSON, or in words. */
export function reportRewritten(reporter: Reporter, what: RewriteJob['what'], result: RewriteResult): void {
  const { file, output, bytes, inputBytes } = result;
  if (reporter.options.json) {
    if (what === 'prefix') reporter.json({ schema: 'dicm.cut/1', ...result });
    else reporter.json({ schema: 'dicm.strip/1', ...result });
  }
  const target = output === STANDARD ? 'stdout' : output;
  reporter.say(`${file} -> ${target}  ${formatBytes(bytes)} of ${formatBytes(inputBytes)}`);
}
