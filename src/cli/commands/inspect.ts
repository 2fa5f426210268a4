import type { Command } from 'commander';
import type { RunAction } from '../context.js';
import { inspectFiles } from '../inspect-files.js';
import { addInspectBitstream } from './inspect-bitstream.js';

/** Adds `dicm inspect` and `dicm inspect bitstream`. */
export function addInspect(program: Command, run: RunAction) {
  const inspect = program
    .command('inspect')
    .summary('say what the headers of .dicm files tell')
    .description('Say what the headers of .dicm files tell. Loads no model and runs no network.')
    .argument('<file...>', '.dicm files, patterns, directories with -r, or - for stdin')
    .option('-r, --recursive', 'take the .dicm files in directories too')
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) => inspectFiles(context, inputs, command.opts<{ recursive?: boolean }>())),
    );
  addInspectBitstream(inspect, run);
}
