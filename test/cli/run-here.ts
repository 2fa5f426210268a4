import { type FakeTerminal, fakeTerminal } from './fake-terminal.js';
import { MODELS } from './run-cli.js';

/** How a run within this process ended. */
export interface HereResult {
  exitCode: number;
  stdout: string;
  stderr: string;
  /** Lines of JSON on stdout. */
  objects: Record<string, unknown>[];
}

/** Runs the command line in this process, with the tiny model: faster than a process of its own, with the same words. */
export async function runHere(
  args: readonly string[],
  options: Parameters<typeof fakeTerminal>[0] = {},
): Promise<HereResult> {
  process.env.DICM_MODEL_PATH = MODELS;
  process.env.DICM_MODEL = 'tiny';
  const { main } = await import('../../src/cli/main.js');
  const terminal: FakeTerminal = fakeTerminal(options);
  const exitCode = await main(args, terminal);
  const { stdout, stderr } = terminal.written;
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  return { exitCode, stdout, stderr, objects: lines.map((line) => JSON.parse(line)) };
}
