import { openContext } from './context.js';
import { warnOfVariables } from './environment.js';
import { describeFailure, EXIT } from './exit-codes.js';
import { FileOutput } from './file-output.js';
import { handleInterruption } from './interruption.js';
import { parsePlainInspect } from './parse-plain-inspect.js';
import type { Reporter } from './reporter.js';
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
  let outputFailure: { name: 'stdout' | 'stderr'; error: unknown } | undefined;
  // A reader that has seen enough closes the pipe: that ends the run, quietly.
  for (const name of ['stdout', 'stderr'] as const) {
    terminal[name].on('error', (error: NodeJS.ErrnoException) => {
      outputFailure ??= { name, error };
      controller.abort(error);
    });
  }
  let exitCode: number = EXIT.ok;
  try {
    exitCode = await runCommand(args, terminal, controller.signal);
  } catch (error) {
    if (outputFailure === undefined) exitCode = report(args, terminal, error);
  }
  // Only now is it known whether the results have arrived, whatever became of the command.
  const error = await endOutput(terminal.stdout);
  if (error !== undefined) outputFailure ??= { name: 'stdout', error };
  if (outputFailure !== undefined) exitCode = reportLostOutput(args, terminal, outputFailure);
  // The process is ended without waiting for anything, so nothing may be left on its way.
  await flushed(terminal.stderr);
  end();
  return exitCode;
}

/** Runs the command that `args` name. The parser is loaded only where it is needed: it takes a tenth of the start. */
async function runCommand(args: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<number> {
  const plain = parsePlainInspect(args);
  if (plain === undefined) return (await import('./program.js')).runProgram(args, terminal, signal);
  const { inspectFiles } = await import('./commands/inspect.js');
  const context = openContext(terminal, signal, plain.options);
  warnOfVariables(context);
  return inspectFiles(context, plain.inputs, plain.flags);
}

/** Says why a run ended early and returns its exit code. */
function report(args: readonly string[], terminal: Terminal, error: unknown): number {
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'EPIPE') return EXIT.output;
  const { exitCode, code } = describeFailure(error);
  if (code !== 'output-closed') reporterOf(args, terminal, args.includes('--json')).fail(null, error);
  return exitCode;
}

/** Says, in words, that results did not arrive: there is no stdout that JSON could go to any more. */
function reportLostOutput(
  args: readonly string[],
  terminal: Terminal,
  { name, error }: { name: string; error: unknown },
): number {
  const failure = describeFailure(asOutputError(name, error));
  if (failure.code === 'output-closed') return EXIT.output;
  reporterOf(args, terminal, false).fail(null, asOutputError(name, error));
  return failure.exitCode;
}

function reporterOf(args: readonly string[], terminal: Terminal, json: boolean): Reporter {
  const verbose = args.includes('-v') || args.includes('--verbose');
  return openContext(terminal, new AbortController().signal, { backend: 'auto', json, verbose }).reporter;
}

/**
 * Waits until everything that was written has arrived, and closes a file that only then says whether it has.
 *
 * @returns What went wrong.
 */
async function endOutput(stream: Output): Promise<unknown> {
  if (!(stream instanceof FileOutput)) return flushed(stream);
  if (stream.errored) return stream.errored;
  return new Promise((resolve) => {
    // An error on the way to the end is also an event of the stream.
    stream.end((error?: Error | null) => resolve(error ?? undefined));
  });
}

/** Waits until a stream has taken everything, or has failed: then with the reason, where there is one. */
function flushed(stream: Output): Promise<unknown> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.errored) resolve(stream.errored ?? undefined);
    else stream.write('', (error) => resolve(error ?? undefined));
  });
}
