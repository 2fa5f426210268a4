import { type Command, Option } from 'commander';
import type { RunAction } from '../context.js';
import { type RewriteFlags, rewriteFiles } from '../rewrite-files.js';

/** Adds `dicm cut`. */
export function addCut(program: Command, run: RunAction) {
  program
    .command('cut')
    .summary('write the first bytes of .dicm files, as many as their first layer needs')
    .description(
      'Write the first bytes of .dicm files, as many as their first layer and its check take. The files may be\n' +
        'cut or damaged behind them. The result is no whole file: only what takes a prefix opens it.\n' +
        'Without -o, photo.dicm is cut to photo.prefix.dicm. Loads no model and decodes nothing.',
    )
    .argument('<file...>', '.dicm files, patterns, directories with -r, or - for stdin')
    .addOption(new Option('--prefix', 'up to the end of the first layer').makeOptionMandatory())
    .option('-o, --output <path>', 'file, directory, or - for stdout')
    .option('-r, --recursive', 'take the .dicm files in directories too')
    .option('-f, --force', 'overwrite files')
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) => rewriteFiles(context, inputs, command.opts<RewriteFlags>(), 'prefix', '.prefix.dicm')),
    );
}
