import { type Command, Option } from 'commander';
import type { Context, RunAction } from '../context.js';
import { expandInputs, isDicmName } from '../expand-inputs.js';
import { type RewriteJob, reportRewritten, rewriteOne } from '../jobs/rewrite-one.js';
import { makeFolders, planOutputs } from '../plan-outputs.js';
import { runBatch } from '../run-batch.js';
import { STANDARD } from '../terminal.js';
import { checkStandardOutput } from '../write-output.js';

/** Options of `dicm strip` and `dicm cut`. */
interface RewriteFlags {
  output?: string;
  recursive?: boolean;
  force?: boolean;
}

/** Ends the name of a result that stands beside its input: `photo.dicm` has `photo.prefix.dicm`. */
const RESULT_ENDINGS: Readonly<Record<RewriteJob['what'], string>> = {
  'without-view': '.stripped.dicm',
  prefix: '.prefix.dicm',
};

/** Whether a name is that of a result that stands beside its input, of either command. */
function isResultName(name: string): boolean {
  return Object.values(RESULT_ENDINGS).some((ending) => name.toLowerCase().endsWith(ending));
}

/** Adds `dicm strip`. */
export function addStrip(program: Command, run: RunAction) {
  program
    .command('strip')
    .summary('write .dicm files without one of their layers')
    .description(
      'Write .dicm files without one of their layers: as if it had never been there. Other sections are kept; ' +
        'a digest is compared and made anew for what is left.\n' +
        'Without -o, photo.dicm is written as photo.stripped.dicm, and -r leaves out results of earlier runs. ' +
        'Loads no model and decodes nothing.',
    )
    .argument('<file...>', '.dicm files, patterns, directories with -r, or - for stdin')
    .addOption(new Option('--layer <name>', 'the layer to leave out').choices(['view']).makeOptionMandatory())
    .option('-o, --output <path>', 'file, directory, or - for stdout')
    .option('-r, --recursive', 'take the .dicm files in directories too')
    .option('-f, --force', 'overwrite files')
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) => rewriteFiles(context, inputs, command.opts<RewriteFlags>(), 'without-view')),
    );
}

/** Adds `dicm cut`. */
export function addCut(program: Command, run: RunAction) {
  program
    .command('cut')
    .summary('write the first bytes of .dicm files, as many as their first layer needs')
    .description(
      'Write the first bytes of .dicm files, as many as their first layer and its check take. The files may be ' +
        'cut or damaged behind them. The result is no whole file: only what takes a prefix opens it.\n' +
        'Without -o, photo.dicm is cut to photo.prefix.dicm, and -r leaves out results of earlier runs. ' +
        'Loads no model and decodes nothing.',
    )
    .argument('<file...>', '.dicm files, patterns, directories with -r, or - for stdin')
    .addOption(new Option('--prefix', 'up to the end of the first layer').makeOptionMandatory())
    .option('-o, --output <path>', 'file, directory, or - for stdout')
    .option('-r, --recursive', 'take the .dicm files in directories too')
    .option('-f, --force', 'overwrite files')
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) => rewriteFiles(context, inputs, command.opts<RewriteFlags>(), 'prefix')),
    );
}

/**
 * Writes a part of each of several .dicm files, bytes to bytes: no model is loaded and nothing decoded. Where results
 * stand beside their inputs, those of an earlier run are no inputs of this one unless they are named.
 *
 * @returns The exit code.
 */
async function rewriteFiles(
  context: Context,
  patterns: string[],
  flags: RewriteFlags,
  what: RewriteJob['what'],
): Promise<number> {
  const { terminal, reporter } = context;
  const { force = false, recursive = false } = flags;
  const beside = flags.output === undefined;
  const accept = (name: string) => isDicmName(name) && !(beside && isResultName(name));
  const inputs = await expandInputs(patterns, { recursive, accept });
  // In another folder a result has the name of its input.
  const planned = await planOutputs(inputs, flags.output, beside ? RESULT_ENDINGS[what] : '.dicm');
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
