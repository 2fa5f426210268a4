import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { type ErrorCode, UsageError } from '../errors.js';
import { printable, printableLines } from '../printable.js';
import { type GlobalOptions, openContext, type RunAction } from './context.js';
import { warnOfVariables } from './environment.js';
import { EXIT } from './exit-codes.js';
import { checkCommands } from './missing-command.js';
import { parseLimit, wholeNumber } from './option-values.js';
import type { Terminal } from './terminal.js';

/** Adds one command to the program. */
type AddCommand = (program: Command, run: RunAction) => void;

/** Where each command is, in the order of the help text. */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  encode: async () => (await import('./commands/encode.js')).addEncode,
  decode: async () => (await import('./commands/decode.js')).addDecode,
  analyze: async () => (await import('./commands/analyze.js')).addAnalyze,
  inspect: async () => {
    const [{ addInspect }, { addInspectBitstream }] = await Promise.all([
      import('./commands/inspect.js'),
      import('./commands/inspect-bitstream.js'),
    ]);
    return (program, run) => addInspectBitstream(addInspect(program, run), run);
  },
  strip: async () => (await import('./commands/rewrite.js')).addStrip,
  cut: async () => (await import('./commands/rewrite.js')).addCut,
  verify: async () => (await import('./commands/verify.js')).addVerify,
  view: async () => (await import('./commands/view.js')).addView,
  run: async () => (await import('./commands/run.js')).addRun,
  index: async () => (await import('./commands/index-files.js')).addIndex,
  search: async () => (await import('./commands/search.js')).addSearch,
  bench: async () => (await import('./commands/bench.js')).addBench,
  study: async () => (await import('./commands/study.js')).addStudy,
  models: async () => (await import('./commands/models.js')).addModels,
  doctor: async () => (await import('./commands/doctor.js')).addDoctor,
  completion: async () => (await import('./commands/completion.js')).addCompletion,
};

const EXAMPLES = `
Examples:
  dicm encode photo.jpg                        writes photo.dicm beside it
  dicm encode -r photos -o coded -q 40         a tree of photographs into another folder
  dicm encode photo.jpg --target-bytes 2000    the best file of at most 2000 bytes
  dicm analyze classify photo.dicm             says what it shows
  dicm analyze all photo.dicm --overlay a.png  and draws the objects in it
  dicm inspect photo.dicm --json               what the header tells, for programs
  dicm view photo.jpg                          shows all of it in a browser
  dicm index -r coded -o all.dicmdex           once, and then dicm search all.dicmdex --like b.jpg

Exit codes: 0 done, 1 some of several inputs failed, 2 usage, 3 damaged or wrong kind of input,
4 valid but not supported, 5 cannot write, 6 backend or model missing, 7 limit exceeded,
70 bug, 130 interrupted.`;

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
  checkCommands(program, Object.keys(COMMANDS), args);
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

/**
 * Builds the commander program.
 *
 * @param args - Arguments of the run: commands they do not name are not loaded, which keeps the start short.
 * @param terminal - Where help and errors of usage go.
 * @param signal - Aborted when the user interrupts.
 * @param onExit - Takes the exit code of the command that ran.
 */
async function buildProgram(
  args: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
  onExit: (exitCode: number) => void,
): Promise<Command> {
  const program = new Command('dicm');
  program
    .description('Small image files that networks read without rebuilding pixels.')
    .version(packageVersion(), '--version', 'say the version')
    .helpOption('-h, --help', 'say how to use a command')
    .helpCommand('help [command]', 'say how to use a command')
    .addOption(
      new Option('--backend <name>', 'executor for the networks')
        .choices(['auto', 'tensorflow', 'onnx', 'wasm'])
        .default('auto'),
    )
    .option('--model <name|folder>', 'model to use (default: the installed one, or the one a file names)')
    .option('--jobs <count>', 'files in flight at a time', wholeNumber(1))
    .option('--threads <count>', 'CPU threads of the backend', wholeNumber(1))
    .addOption(
      new Option('--precision <name>', 'in what networks compute answers: int8 is faster, with onnx')
        .choices(['float', 'int8'])
        .default('float'),
    )
    .option('--limit <name=number>', 'raise or lower a limit; may be given several times', parseLimit)
    .option('--json', 'one JSON object a line on stdout')
    .option('--quiet', 'say nothing but errors')
    .option('-v, --verbose', 'say what was chosen, and why')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(withoutControls(text, args)),
      getOutHelpWidth: () => terminal.stdout.columns ?? 100,
      getErrHelpWidth: () => terminal.stderr.columns ?? 100,
    })
    .showSuggestionAfterError(true)
    .exitOverride()
    .addHelpText('after', EXAMPLES);

  const run: RunAction = async (action) => {
    const context = openContext(terminal, signal, program.opts<GlobalOptions>());
    warnOfVariables(context);
    onExit(await action(context));
  };
  for (const load of commandsFor(args)) (await load())(program, run);
  return program;
}

/**
 * The commands that may be meant, or all: for help and completion, and for suggestions when none is known. What follows
 * an option may be its value, as in `strip --layer view`; what follows the command is none.
 */
function commandsFor(args: readonly string[]): (() => Promise<AddCommand>)[] {
  const isNamed = (arg: string) => Object.hasOwn(COMMANDS, arg);
  const certain = args.findIndex((arg, i) => isNamed(arg) && !args[i - 1]?.startsWith('-'));
  const before = certain === -1 ? args : args.slice(0, certain + 1);
  const named = Object.keys(COMMANDS).filter((name) => before.includes(name));
  const names =
    named.length === 0 || args.includes('help') || args.includes('completion')
      ? Object.keys(COMMANDS)
      : named;
  return names.map((name) => COMMANDS[name]!);
}

/** What the parser says, in which arguments that were given are quoted: a pattern of the shell may stand for any name. */
function withoutControls(text: string, args: readonly string[]): string {
  const quoted = args.filter((arg) => arg !== printable(arg));
  return printableLines(quoted.reduce((said, arg) => said.replaceAll(arg, printable(arg)), text));
}

function packageVersion(): string {
  // From the built files below dist/ and from the sources.
  for (const place of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (name === 'dicm' && version !== undefined) return version;
    } catch {
      // Not there: the next place.
    }
  }
  return 'unknown';
}
