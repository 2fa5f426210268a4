import type { Command } from 'commander';
import type { RunAction } from '../context.js';
import { addRunAdd } from './run-add.js';
import { addRunStatus } from './run-status.js';
import { addRunWorker } from './run-worker.js';

/** Adds `dicm run` and the commands below it. */
export function addRun(program: Command, run: RunAction) {
  const group = program
    .command('run')
    .summary('encode or analyse many files with many processes and machines')
    .description(
      'Put inputs into a work list, and let workers encode or analyse them: any number of them, which may come, go and\n' +
        'be killed at any time. What cannot be done is listed, and stops nothing else.',
    );
  addRunAdd(group, run);
  addRunWorker(group, run);
  addRunStatus(group, run);
}
