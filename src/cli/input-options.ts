import { normalize, parse, sep } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import { type Context, streamsOf } from './context.js';
import { checkStandard, expandInputs, expandPath, type Inputs } from './expand-inputs.js';
import { nameOfBytes } from './file-names.js';
import { readTextFile } from './read-input.js';
import { STANDARD } from './terminal.js';

/** Where inputs come from besides the arguments. */
export interface InputFlags {
  recursive?: boolean;
  filesFrom?: string;
  null?: boolean;
}

/** What inputs are, for the help. */
interface InputWords {
  argument: string;
  about: string;
  /** What `-r` takes: `.dicm files`. */
  files: string;
}

/** Inputs of the commands that read .dicm files. */
export const DICM_INPUTS: InputWords = {
  argument: 'file',
  about: '.dicm files, patterns, directories with -r, or - for stdin',
  files: '.dicm files',
};

/** Adds the argument and the options by which inputs are named. */
export function addInputs(command: Command, { argument, about, files }: InputWords): Command {
  return command
    .argument(`[${argument}...]`, about)
    .option('-r, --recursive', `take the ${files} in directories too`)
    .option('--files-from <list>', 'take the files that are named in a file, one a line, or - for stdin')
    .option('-0, --null', 'names in --files-from end in a NUL byte, as find -print0 writes them');
}

/**
 * Finds the inputs of a run: those of the arguments and then those of the list.
 *
 * @param accept - Which files of a directory count, by name.
 * @throws UsageError `missingArgument` where nothing is named, and what `expandInputs` throws
 */
export async function findInputs(
  context: Context,
  patterns: readonly string[],
  flags: InputFlags,
  accept: (name: string) => boolean,
): Promise<Inputs> {
  const { recursive = false, filesFrom } = flags;
  if (flags.null && filesFrom === undefined) {
    throw new UsageError('option-needs-other', '-0 says how names end in --files-from; give that too');
  }
  if (patterns.length === 0 && filesFrom === undefined) {
    throw new UsageError(
      'missingArgument',
      'missing required argument: name an input, or a list of them with --files-from',
    );
  }
  const all = await expandInputs(patterns, { recursive, accept });
  if (filesFrom === undefined) return all;
  if (filesFrom === STANDARD) checkStandard([...all.inputs, { path: STANDARD, relative: STANDARD }]);
  all.isOpen = true;
  for (const name of splitNames(await readTextFile(streamsOf(context), filesFrom), flags.null === true)) {
    const { inputs, passedOver, isOpen } = await expandPath(name, { recursive, accept });
    // Files keep their folders, as those of a directory do: names alone may occur more than once in a list.
    const place = isOpen ? (relative: string) => relative : () => withoutRoot(name);
    for (const { path, relative } of inputs) all.inputs.push({ path, relative: place(relative) });
    for (const file of passedOver) all.passedOver.push(file);
  }
  if (all.inputs.length === 0) throw new UsageError('no-match', `${filesFrom} names no file`);
  return all;
}

/** Names in a list; empty ones are none. Lines may end as they do on Windows. */
function splitNames(list: Buffer, endInNull: boolean): string[] {
  const names: string[] = [];
  const end = endInNull ? 0 : 0x0a;
  // A byte order mark belongs to the text, not to the first name.
  let at = !endInNull && list.subarray(0, 3).equals(Buffer.of(0xef, 0xbb, 0xbf)) ? 3 : 0;
  while (at < list.length) {
    const next = list.indexOf(end, at);
    const stop = next === -1 ? list.length : next;
    const trimmed = !endInNull && stop > at && list[stop - 1] === 0x0d ? stop - 1 : stop;
    // A dash is a file here: stdin is named among the arguments.
    if (trimmed > at) names.push(nameOfBytes(list.subarray(at, trimmed)));
    at = stop + 1;
  }
  return names.map((name) => (name === STANDARD ? `.${sep}${STANDARD}` : name));
}

/** A path as it is kept below `-o`: from the root of the file system, or from the working directory, downwards. */
export function withoutRoot(path: string): string {
  const whole = normalize(path);
  const parts = whole.slice(parse(whole).root.length).split(sep);
  return parts.filter((part) => part !== '..' && part !== '.').join(sep);
}
