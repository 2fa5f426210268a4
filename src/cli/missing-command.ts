import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import { nearName } from '../near-name.js';

/**
 * Makes a command that has others below it say which of them is missing, where a file stands in their place, and how the call
 * should be.
 *
 * @param example - The command that is probably meant for a file.
 */
export function expectCommand(command: Command, example: (file: string) => string): void {
  command.on('command:*', ([first = '']: string[]) => {
    const names = command.commands.map((one) => one.name());
    const near = nearName(first, names);
    if (near !== undefined || !isFile(first)) {
      const hint = near === undefined ? '' : `\n(Did you mean ${near}?)`;
      command.error(`error: unknown command '${first}'${hint}`, { code: 'commander.unknownCommand' });
    }
    const path = pathOf(command);
    throw new UsageError(
      'missing-command',
      `${path} needs to know what to do with ${first}: \`${path} ${example(first)} ${first}\`; it can ${names.join(', ')}`,
    );
  });
}

/** Whether a word names a file rather than a command: no command has a dot or a slash. */
function isFile(word: string): boolean {
  return /[./\\]/.test(word) || existsSync(word);
}

/** `dicm analyze`. */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
