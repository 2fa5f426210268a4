import { CommanderError } from 'commander';
import { UsageError } from '../index.js';
import { openContext } from './context.js';
import { describeFailure, EXIT } from './exit-codes.js';
import { handleInterruption } from './interruption.js';
import { buildProgram } from './program.js';
import { type Output, processTerminal, type Terminal } from './terminal.js';
import { asOutputError } from './write-output.js';

/**
 * The command line: parses arguments, runs a command, and returns the exit code. Never throws.
 *
 * @param args - Arguments without the paths of Node and of the program.
 */
export async function main(args: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  const controller = new AbortController();
  const end = handleInterruption(controller, terminal, (reason) => report(args, terminal, reason));
  let exitCode: number = EXIT.ok;
  let outputFailure: unknown;
  // A reader that has seen enough closes the pipe: that ends the run, quietly.
  const onOutputError = (error: NodeJS.ErrnoException) => {
    outputFailure ??= error;
    controller.abort(error);
  };
  terminal.stdout.on('error', onOutputError);
  terminal.stderr.on('error', onOutputError);
  try {
    const program = await buildProgram(args, terminal, controller.signal, (code) => {
      exitCode = code;
    });
    await program.parseAsync(args, { from: 'user' });
    await flushed(terminal.stdout);
    if (outputFailure !== undefined) throw outputFailure;
  } catch (error) {
    exitCode = report(args, terminal, outputFailure ?? error);
  }
  // The process is ended without waiting for anything, so nothing may be left on its way.
  await Promise.all([flushed(terminal.stdout), flushed(terminal.stderr)]);
  end();
  return exitCode;
}

/** Says why a run ended early and returns its exit code. */
function report(args: readonly string[], terminal: Terminal, thrown: unknown): number {
  const json = args.includes('--json');
  if (thrown instanceof CommanderError) {
    // Help and version come this way too. Commander has said everything already, in words.
    if (thrown.exitCode === 0) return EXIT.ok;
    if (json) {
      const error = new UsageError(
        thrown.code.replace('commander.', ''),
        thrown.message.replace(/^error: /, ''),
      );
      reporterOf(terminal, args).fail(null, error);
    }
    return EXIT.usage;
  }
  if ((thrown as NodeJS.ErrnoException | undefined)?.code === 'EPIPE') return EXIT.output;
  const error = asOutputError('stdout', thrown);
  const { exitCode, code } = describeFailure(error);
  if (code !== 'output-closed') reporterOf(terminal, args).fail(null, error);
  return exitCode;
}

function reporterOf(terminal: Terminal, args: readonly string[]) {
  const options = {
    backend: 'auto',
    json: args.includes('--json'),
    verbose: args.includes('-v') || args.includes('--verbose'),
  } as const;
  return openContext(terminal, new AbortController().signal, options).reporter;
}

/** Waits until a stream has taken everything, or has failed. */
function flushed(stream: Output): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.errored) resolve();
    else stream.write('', () => resolve());
  });
}
