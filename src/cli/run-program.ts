import { CommanderError } from 'commander';
import { type ErrorCode, UsageError } from '../errors.js';
import { openContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { buildProgram } from './program.js';
import type { Terminal } from './terminal.js';

/**
 * Parses arguments with commander and runs the command they name. Help, versions and mistakes in the arguments are
 * dealt with here; errors of the command are thrown.
 *
 * @returns The exit code.
 */
export async function runProgram(
  args: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = await buildProgram(args, terminal, signal, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version come this way too. Commander has said everything already, in words.
    if (error.exitCode === 0) return EXIT.ok;
    if (args.includes('--json')) {
      const code = error.code.replace('commander.', '') as ErrorCode<'UsageError'>;
      const failure = new UsageError(code, error.message.replace(/^error: /, ''));
      openContext(terminal, signal, { backend: 'auto', json: true }).reporter.fail(null, failure);
    }
    return EXIT.usage;
  }
}
