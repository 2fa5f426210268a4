import type { GlobalOptions } from './context.js';

/** `dicm inspect` as it is mostly called. */
export interface PlainInspect {
  inputs: string[];
  options: GlobalOptions;
  flags: { recursive: boolean };
}

/** Words after `inspect` that are commands, not files. */
const COMMANDS = ['bitstream', 'help'];

/**
 * Recognises `dicm inspect FILE... [--json] [--quiet] [-v] [-r]` without the parser of the other commands: that form
 * is called in loops over thousands of files, and loading the parser is a good part of the time it takes.
 *
 * @returns `undefined` for everything else, which that parser understands, or has a message for.
 */
export function parsePlainInspect(args: readonly string[]): PlainInspect | undefined {
  const [command, ...rest] = args;
  if (command !== 'inspect') return undefined;
  const inputs: string[] = [];
  const options: GlobalOptions = { backend: 'auto' };
  const flags = { recursive: false };
  for (const word of rest) {
    if (word === '--json') options.json = true;
    else if (word === '--quiet') options.quiet = true;
    else if (word === '-v' || word === '--verbose') options.verbose = true;
    else if (word === '-r' || word === '--recursive') flags.recursive = true;
    else if ((word.startsWith('-') && word !== '-') || COMMANDS.includes(word)) return undefined;
    else inputs.push(word);
  }
  return inputs.length === 0 ? undefined : { inputs, options, flags };
}
