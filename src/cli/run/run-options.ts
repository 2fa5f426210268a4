import { type Command, Option } from 'commander';
import { numberBetween, wholeNumberBetween } from '../option-values.js';

/** The work list of a command. */
export interface ListFlags {
  work: string;
}

/** How leases behave; the same for all workers of a list. */
export interface LeaseFlags {
  lease: number;
  tries: number;
}

/** Adds `--work`. */
export function addList(command: Command): Command {
  return command.requiredOption('--work <file>', 'the work list: a SQLite file, or nats://host:4222/name');
}

/** Adds the options of {@link LeaseFlags}. */
export function addLeases(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--lease <seconds>',
        'time after which what a worker had, of which nothing is heard, goes back',
      )
        .argParser(numberBetween(1, 86_400))
        .default(60),
    )
    .option('--tries <count>', 'tries after which an input is given up', wholeNumberBetween(1, 100), 3);
}
