import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { FormatError, UsageError } from '../../errors.js';
import type { Context, RunAction } from '../context.js';
import { type Input, isDicmName, isPictureName } from '../expand-inputs.js';
import { toPath } from '../file-names.js';
import { addInputs, findInputs, type InputFlags } from '../input-options.js';
import { wholeNumberBetween } from '../option-values.js';
import { STANDARD } from '../terminal.js';
import { openBrowser } from '../view/open-browser.js';
import {
  MODEL_FOLDERS,
  mediaType,
  modelFiles,
  pageFiles,
  pageModels,
  type ServedFile,
} from '../view/page-files.js';
import { serveFiles } from '../view/serve-files.js';

const INPUTS = {
  argument: 'file',
  about: 'photographs and .dicm files, patterns, or directories with -r; only samples unless given',
  files: 'photographs and .dicm files',
};

/** What `dicm view` takes besides inputs. */
interface ViewFlags extends InputFlags {
  port?: number;
  open?: boolean;
}

/** Adds `dicm view`. */
export function addView(program: Command, run: RunAction) {
  const view = program
    .command('view')
    .summary('show what networks see in files, in a browser')
    .description(
      'Show what networks see in photographs and .dicm files, in a page for the browser, and\n' +
        'print its address. Everything is computed in the browser. Only this machine can reach\n' +
        'the page, the model and the files that are named; Ctrl-C ends it.',
    );
  addInputs(view, INPUTS)
    .option(
      '--port <number>',
      'port of the page (default: 3426, or any where that is taken)',
      wholeNumberBetween(1, 65_535),
    )
    .option('--open', 'open the page in the browser')
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) => viewFiles(context, inputs, command.opts<ViewFlags>())),
    );
}

async function viewFiles(context: Context, patterns: string[], flags: ViewFlags): Promise<number> {
  const { reporter, options, signal } = context;
  const inputs = await inputsOf(context, patterns, flags);
  const files = pageFiles();
  const models = await pageModels(options.model);
  for (const { folder, profile } of models) {
    for (const name of await modelFiles(folder)) {
      const file = { path: join(folder, name), type: mediaType(name), cache: 'ask' } as const;
      files.set(`/${MODEL_FOLDERS[profile]}/${name}`, file);
    }
  }
  const list = inputs.length === 0 ? undefined : addNamedFiles(files, inputs);
  const server = await serveFiles(files, flags.port);
  try {
    const url = list === undefined ? server.url : `${server.url}?files=${list}`;
    if (reporter.options.json) {
      const [machine, view] = models.map(({ name }) => name);
      reporter.json({
        schema: 'dicm.view/1',
        url,
        files: inputs.length,
        model: machine,
        viewModel: view ?? null,
      });
    } else reporter.text(url);
    for (const { name, licence } of models) reporter.say(`${name}: ${licence}`);
    reporter.say('Ctrl-C ends the page');
    const problem = flags.open ? await openBrowser(url) : undefined;
    if (problem !== undefined) reporter.warn(`the browser cannot be opened: ${problem}`);
    if (!signal.aborted) await once(signal, 'abort');
    throw signal.reason;
  } finally {
    await server.stop();
  }
}

/** The files that are named. @throws FormatError `file-missing`; UsageError as `findInputs`, `stdin-not-taken` */
async function inputsOf(context: Context, patterns: string[], flags: ViewFlags): Promise<Input[]> {
  if (patterns.length === 0 && flags.filesFrom === undefined) return [];
  const accept = (name: string) => isDicmName(name) || isPictureName(name);
  const { inputs } = await findInputs(context, patterns, flags, accept);
  for (const { path } of inputs) {
    if (path === STANDARD) {
      throw new UsageError(
        'stdin-not-taken',
        'a page may ask for a file again, which stdin cannot give; name a file',
      );
    }
    const status = await stat(toPath(path)).catch(() => undefined);
    if (status?.isFile() !== true) {
      throw new FormatError(
        'file-missing',
        `${path}: ${status === undefined ? 'no such file' : 'no regular file'}`,
      );
    }
  }
  return inputs;
}

/**
 * Gives the named files addresses that nobody can guess: other users of the machine reach the port, too.
 *
 * @returns Address of their list, below the root.
 */
function addNamedFiles(files: Map<string, ServedFile>, inputs: readonly Input[]): string {
  const folder = `files-${randomBytes(16).toString('hex')}`;
  const listed = inputs.map(({ path }, index) => ({ name: basename(path), href: String(index) }));
  for (const [index, { path }] of inputs.entries()) {
    files.set(`/${folder}/${index}`, { path: toPath(path), type: mediaType(path), cache: 'never' });
  }
  const list = `${folder}/list.json`;
  files.set(`/${list}`, { content: JSON.stringify(listed), type: mediaType(list), cache: 'never' });
  return list;
}
