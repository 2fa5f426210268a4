import type { Argument, Command, Option } from 'commander';

/** What may stand in a place: one of some words, a path, or something that only the user knows. */
export type PlaceKind = { readonly words: readonly string[] } | 'path' | 'anything';

/** An option of a command. */
export interface OptionWords {
  /** `-o` and `--output`, or one of them. */
  readonly flags: readonly string[];
  readonly description: string;
  /** What follows it; undefined where nothing does. */
  readonly value: PlaceKind | undefined;
}

/** What can be typed behind a command. */
export interface CommandWords {
  /** The words of the command itself: `dicm analyze classify`. */
  readonly path: string;
  /** Commands below it, with what they do. */
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  /** Its own options, and those of every command. */
  readonly options: readonly OptionWords[];
  /** What its arguments are; undefined where it takes none. */
  readonly argument: PlaceKind | undefined;
}

/** How values that are paths are named in the help: `<path>`, `<name|folder>`, `<json>`. */
const PATH_NAME = /\b(path|file|folder|json|png|picture|input|dataset)\b/;

/**
 * What can be typed where, of a program and all commands below it: taken from its own definition, so that nothing has to
 * be listed a second time.
 */
export function commandWords(program: Command): CommandWords[] {
  return walk(program, '', []);
}

/** @param siblings - Names of the commands beside it: what `help` helps with. */
function walk(command: Command, before: string, siblings: readonly string[]): CommandWords[] {
  const help = command.createHelp();
  const path = `${before}${command.name()}`;
  const below = help.visibleCommands(command);
  const names = below.map((one) => one.name()).filter((name) => name !== 'help');
  const own: CommandWords = {
    path,
    commands: below.map((one) => ({ name: one.name(), description: help.subcommandDescription(one) })),
    options: [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)].map(describeOption),
    argument: command.name() === 'help' ? { words: siblings } : argumentOf(command),
  };
  return [own, ...below.flatMap((one) => walk(one, `${path} `, names))];
}

function describeOption(option: Option): OptionWords {
  const { short, long, flags, description, required, optional } = option;
  const value = required || optional ? kindOf(flags.replace(/^[^<[]*/, ''), option) : undefined;
  return { flags: [short, long].filter((flag) => flag != null), description, value };
}

/** What the last argument of a command is: it is the one that repeats. */
function argumentOf({ registeredArguments }: Command): PlaceKind | undefined {
  const last = registeredArguments.at(-1);
  return last && kindOf(last.name(), last);
}

function kindOf(name: string, { argChoices }: Pick<Option | Argument, 'argChoices'>): PlaceKind {
  if (argChoices !== undefined) return { words: argChoices };
  return PATH_NAME.test(name) ? 'path' : 'anything';
}
