import { type Command, Option } from 'commander';
import type { RunAction } from '../context.js';
import { type RewriteFlags, rewriteFiles } from '../rewrite-files.js';

/** Adds `dicm strip`. */
export function addStrip(program: Command, run: RunAction) {
  program
    .command('strip')
    .summary('write .dicm files without one of their layers')
    .description(
      'Write .dicm files without one of their layers: as if it had never been there, other sections kept.\n' +
        'Without -o, photo.dicm is written as photo.stripped.dicm. Loads no model and decodes nothing.',
    )
    .argument('<file...>', '.dicm files, patterns, directories with -r, or - for stdin')
    .addOption(new Option('--layer <name>', 'the layer to leave out').choices(['view']).makeOptionMandatory())
    .option('-o, --output <path>', 'file, directory, or - for stdout')
    .option('-r, --recursive', 'take the .dicm files in directories too')
    .option('-f, --force', 'overwrite files')
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) =>
        rewriteFiles(context, inputs, command.opts<RewriteFlags>(), 'without-view', '.stripped.dicm'),
      ),
    );
}
