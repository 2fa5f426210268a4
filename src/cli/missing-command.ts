import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command, Option } from 'commander';
import { UsageError } from '../errors.js';
import { nearName } from '../near-name.js';
import { isDicmName } from './expand-inputs.js';
import { STANDARD } from './terminal.js';

/** What is probably meant for a file where a command has others below it, and none of them is named. */
const EXAMPLES: Readonly<Record<string, (file: string) => string>> = {
  dicm: (file) => (isDicmName(file) ? 'analyze classify' : 'encode'),
  analyze: () => 'classify',
  bench: (path) => (/\.json$/i.test(path) ? 'detect' : 'classify'),
};

/**
 * Says which command is missing where a file stands in its place, and how the call should be: the parser would take the file
 * for an unknown command, or the options of the missing one for unknown options.
 *
 * @param program - The program, with the commands that `args` name.
 * @param names - Names of all its commands.
 * @throws UsageError `missing-command`
 */
export function checkCommands(program: Command, names: readonly string[], args: readonly string[]): void {
  const { word, rest } = firstOperand(args, program.options);
  if (word === undefined) return;
  const command = program.commands.find((one) => one.name() === word);
  if (command === undefined) checkWord(word, 'dicm', names);
  if (command === undefined || EXAMPLES[word] === undefined) return;
  const tasks = command.commands.map((one) => one.name());
  const options = [...program.options, ...command.commands.flatMap((one) => [...one.options])];
  const task = firstOperand(rest, options).word;
  if (task !== undefined) checkWord(task, word, tasks);
}

/** @throws UsageError `missing-command` for a word that is a file rather than one of some names, misspelt or not */
function checkWord(word: string, command: string, names: readonly string[]): void {
  if (word === 'help' || names.includes(word) || nearName(word, names) !== undefined || !isFile(word)) return;
  const call = command === 'dicm' ? command : `dicm ${command}`;
  throw new UsageError(
    'missing-command',
    `${call} needs to know what to do with ${word}: \`${call} ${EXAMPLES[command]!(word)} ${word}\`; it can ${names.join(', ')}`,
  );
}

/** The first of some arguments that is neither an option nor the value of one, and those behind it. */
function firstOperand(
  args: readonly string[],
  options: readonly Option[],
): { word?: string; rest: readonly string[] } {
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!;
    if (word === '--' || word === '-h' || word === '--help') break;
    if (!word.startsWith('-') || word === STANDARD) return { word, rest: args.slice(at + 1) };
    // `--top=3` and `-q40` hold their values.
    const option = options.find(({ long, short }) => word === long || word === short);
    if (option?.required === true) at++;
  }
  return { rest: [] };
}

/** Whether a word names a file rather than a command: no command has a dot or a slash in it. */
function isFile(word: string): boolean {
  return word === STANDARD || basename(word) !== word || word.includes('.') || existsSync(word);
}
