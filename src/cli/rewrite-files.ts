import type { Context } from './context.js';
import { expandInputs, isDicmName } from './expand-inputs.js';
import { type RewriteJob, reportRewritten, rewriteOne } from './jobs/rewrite-one.js';
import { makeFolders, planOutputs } from './plan-outputs.js';
import { runBatch } from './run-batch.js';
import { STANDARD } from './terminal.js';
import { checkStandardOutput } from './write-output.js';

/** Options of `dicm strip` and `dicm cut`. */
export interface RewriteFlags {
  output?: string;
  recursive?: boolean;
  force?: boolean;
}

/**
 * Writes a part of each of several .dicm files, bytes to bytes: no model is loaded and nothing decoded.
 *
 * @param suffix - Ends the name of a result that stands beside its input: `photo.dicm` has `photo.prefix.dicm`.
 * @returns The exit code.
 */
export async function rewriteFiles(
  context: Context,
  patterns: string[],
  flags: RewriteFlags,
  what: RewriteJob['what'],
  suffix: string,
): Promise<number> {
  const { terminal, reporter } = context;
  const { force = false, recursive = false } = flags;
  const inputs = await expandInputs(patterns, { recursive, accept: isDicmName });
  // In another folder a result has the name of its input.
  const planned = await planOutputs(inputs, flags.output, flags.output === undefined ? suffix : '.dicm');
  if (planned.some(({ output }) => output === STANDARD)) {
    checkStandardOutput(terminal.stdout, reporter.options.json, 'the file');
  }
  await makeFolders(planned, flags.output);
  return runBatch(context, {
    inputs: planned,
    nameOf: ({ input }) => input.path,
    work: ({ input, output }, job) => rewriteOne({ input: input.path, output, force, what }, job),
    report: (result) => reportRewritten(reporter, what, result),
  });
}
