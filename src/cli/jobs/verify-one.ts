import { describeFailure } from '../exit-codes.js';
import { readDicmFile } from '../read-input.js';
import type { Reporter } from '../reporter.js';
import type { JobContext } from './job.js';

/** A file that is good, in the keys of `dicm.verify/1`. */
export interface VerifyResult {
  file: string;
  ok: true;
}

/**
 * Decodes one .dicm file completely and compares its checksums.
 *
 * @param input - Path of the .dicm file, or `-` for stdin.
 * @throws DicmError for whatever is wrong with it
 */
export async function verifyOne(input: string, context: JobContext): Promise<VerifyResult> {
  const { codec, signal, onProgress } = context;
  await codec.verify(await readDicmFile(context, input), { signal, onProgress });
  return { file: input, ok: true };
}

/** Says that a file is good: as JSON, or to the curious. */
export function reportVerified(reporter: Reporter, result: VerifyResult): void {
  if (reporter.options.json) reporter.json({ schema: 'dicm.verify/1', ...result });
  reporter.explain(`${result.file}: good`);
}

/**
 * Says what is wrong with a file, which is a result like any other to programs.
 *
 * @returns Whether it did; in words, a failure is reported as that of any command.
 */
export function reportNotVerified(reporter: Reporter, file: string, error: unknown): boolean {
  if (!reporter.options.json) return false;
  const { code, message } = describeFailure(error);
  reporter.json({ schema: 'dicm.verify/1', file, ok: false, error: { code, message } });
  return true;
}
