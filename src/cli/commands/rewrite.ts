import { type Command, Option } from 'commander';
import type { Context, RunAction } from '../context.js';
import { addExistingOptions, type ExistingFlags, reasonToSkip } from '../existing-outputs.js';
import { isDicmName } from '../expand-inputs.js';
import { addInputs, DICM_INPUTS, findInputs, type InputFlags } from '../input-options.js';
import { type RewriteJob, reportRewritten, rewriteOne } from '../jobs/rewrite-one.js';
import { checkOutputKind } from '../output-kinds.js';
import { makeFolders, planOutputs } from '../plan-outputs.js';
import { runBatch } from '../run-batch.js';
import { STANDARD } from '../terminal.js';
import { checkStandardOutput } from '../write-output.js';

/** Options of `dicm strip` and `dicm cut`. */
interface RewriteFlags extends InputFlags, ExistingFlags {
  output?: string;
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
  const strip = program
    .command('strip')
    .summary('write .dicm files without one of their layers')
    .description(
      'Write .dicm files without one of their layers: as if it had never been there. Other sections are kept; ' +
        'a digest is compared and made anew for what is left.\n' +
        'Without -o, photo.dicm is written as photo.stripped.dicm, and -r leaves out results of earlier runs. ' +
        'Loads no model and decodes nothing.',
    );
  addInputs(strip, DICM_INPUTS)
    .addOption(new Option('--layer <name>', 'the layer to leave out').choices(['view']).makeOptionMandatory())
    .option('-o, --output <path>', 'file, directory, or - for stdout');
  addExistingOptions(strip).action((inputs: string[], _: unknown, command: Command) =>
    run((context) => rewriteFiles(context, inputs, command.opts<RewriteFlags>(), 'without-view')),
  );
}

/** Adds `dicm cut`. */
export function addCut(program: Command, run: RunAction) {
  const cut = program
    .command('cut')
    .summary('write the first bytes of .dicm files, as many as their first layer needs')
    .description(
      'Write the first bytes of .dicm files, as many as their first layer and its check take. The files may be ' +
        'cut or damaged behind them. The result is no whole file: only what takes a prefix opens it.\n' +
        'Without -o, photo.dicm is cut to photo.prefix.dicm, and -r leaves out results of earlier runs. ' +
        'Loads no model and decodes nothing.',
    );
  addInputs(cut, DICM_INPUTS)
    .addOption(new Option('--prefix', 'up to the end of the first layer').makeOptionMandatory())
    .option('-o, --output <path>', 'file, directory, or - for stdout');
  addExistingOptions(cut).action((inputs: string[], _: unknown, command: Command) =>
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
  const { force = false } = flags;
  const beside = flags.output === undefined;
  const accept = (name: string) => isDicmName(name) && !(beside && isResultName(name));
  const given = await findInputs(context, patterns, flags, accept);
  // In another folder a result has the name of its input.
  const extension = beside ? RESULT_ENDINGS[what] : '.dicm';
  const planned = await planOutputs(given, flags.output, { extension });
  for (const { output } of planned) checkOutputKind(output, 'a .dicm file', ['.dicm']);
  if (planned.some(({ output }) => output === STANDARD)) {
    checkStandardOutput(terminal.stdout, reporter.options.json, 'the file');
  }
  await makeFolders(planned, flags.output);
  return runBatch(context, {
    inputs: planned,
    given,
    nameOf: ({ input }) => input.path,
    skip: ({ input, output }) => reasonToSkip({ input: input.path, output }, flags),
    work: ({ input, output }, job) => rewriteOne({ input: input.path, output, force, what }, job),
    report: (result) => reportRewritten(reporter, what, result),
    bytesOf: ({ inputBytes, bytes }) => ({ in: inputBytes, out: bytes }),
  });
}
