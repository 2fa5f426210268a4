import { stat } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { toPath } from './file-names.js';
import { STANDARD } from './terminal.js';

/** An input that is left out because of its output. */
export interface Skipped {
  output: string;
  /** In words. */
  reason: string;
}

/** What becomes of inputs whose output is there already. */
export interface ExistingFlags {
  force?: boolean;
  skipExisting?: boolean;
  update?: boolean;
}

/** Adds `-f` and `--skip-existing`. */
export function addExistingOptions(command: Command): Command {
  return command
    .option('-f, --force', 'overwrite files')
    .addOption(
      new Option('--skip-existing', 'leave inputs out whose output is there already').conflicts([
        'force',
        'update',
      ]),
    );
}

/** Adds `--update`, which is for commands that can tell by an output how it was made. */
export function addUpdateOption(command: Command): Command {
  return command.addOption(
    new Option('--update', 'do again what is older than its source or was made with other options').conflicts(
      ['force', 'skipExisting'],
    ),
  );
}

/**
 * Decides about one input whose output may be there already.
 *
 * @param isMadeSo - Whether an output was made with the options of this run; asked for with `--update` only.
 * @returns Why nothing is to be done; `undefined` where something is.
 */
export async function reasonToSkip(
  { input, output }: { input: string; output: string | undefined },
  { skipExisting, update }: ExistingFlags,
  isMadeSo?: () => Promise<boolean>,
): Promise<Skipped | undefined> {
  if (output === undefined || output === STANDARD || !(skipExisting || update)) return undefined;
  const there = await stat(toPath(output)).catch(() => undefined);
  if (there?.isFile() !== true) return undefined;
  if (skipExisting) return { output, reason: 'it is there already' };
  const source = input === STANDARD ? undefined : await stat(toPath(input)).catch(() => undefined);
  // Without a source there is an error to report.
  if (source?.isFile() !== true || source.mtimeMs > there.mtimeMs) return undefined;
  return (await isMadeSo?.()) === true ? { output, reason: 'it is up to date' } : undefined;
}
