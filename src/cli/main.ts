import { openContext } from './context.js';
import { describeFailure, EXIT } from './exit-codes.js';
import { handleInterruption } from './interruption.js';
import { parsePlainInspect } from './parse-plain-inspect.js';
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
  let exitCode: number;
  let outputFailure: unknown;
  // A reader that has seen enough closes the pipe: that ends the run, quietly.
  const onOutputError = (error: NodeJS.ErrnoException) => {
    outputFailure ??= error;
    controller.abort(error);
  };
  terminal.stdout.on('error', onOutputError);
  terminal.stderr.on('error', onOutputError);
  try {
    exitCode = await runCommand(args, terminal, controller.signal);
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

/** Runs the command that `args` name. The parser is loaded only where it is needed: it takes a tenth of the start. */
async function runCommand(args: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<number> {
  const plain = parsePlainInspect(args);
  if (plain === undefined) return (await import('./program.js')).runProgram(args, terminal, signal);
  const { inspectFiles } = await import('./commands/inspect.js');
  return inspectFiles(openContext(terminal, signal, plain.options), plain.inputs, plain.flags);
}

/** Says why a run ended early and returns its exit code. */
function report(args: readonly string[], terminal: Terminal, thrown: unknown): number {
  if ((thrown as NodeJS.ErrnoException | undefined)?.code === 'EPIPE') return EXIT.output;
  const error = asOutputError('stdout', thrown);
  const { exitCode, code } = describeFailure(error);
  const options = {
    backend: 'auto',
    json: args.includes('--json'),
    verbose: args.includes('-v') || args.includes('--verbose'),
  } as const;
  const { reporter } = openContext(terminal, new AbortController().signal, options);
  if (code !== 'output-closed') reporter.fail(null, error);
  return exitCode;
}

/** Waits until a stream has taken everything, or has failed. */
function flushed(stream: Output): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.errored) resolve();
    else stream.write('', () => resolve());
  });
}
