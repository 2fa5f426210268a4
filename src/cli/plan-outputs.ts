import { mkdir, stat } from 'node:fs/promises';
import { dirname, join, parse, resolve, sep } from 'node:path';
import { UsageError } from '../errors.js';
import type { Input } from './expand-inputs.js';
import { STANDARD } from './terminal.js';
import { asOutputError } from './write-output.js';

/** An input and where its result goes. */
export interface PlannedOutput {
  input: Input;
  /** Path, or `-` for stdout. */
  output: string;
}

/**
 * Decides where every result goes, before any work: beside its input with another extension, or where `-o`
 * says. With a directory as input, `-o` gets the same folders.
 *
 * @param option - Value of `-o`: a file, a directory (exists, or ends with a slash, or is needed because there
 *   are several inputs), or `-`.
 * @param extension - With the dot.
 * @throws UsageError `output-collision` when two results would get one name, `output-is-input`.
 */
export async function planOutputs(
  inputs: readonly Input[],
  option: string | undefined,
  extension: string,
): Promise<PlannedOutput[]> {
  const folder = option !== undefined && option !== STANDARD && (await isFolder(option, inputs));
  const planned = inputs.map((input) => ({ input, output: outputOf(input, option, folder, extension) }));
  checkCollisions(planned);
  return planned;
}

/** Makes the folders that planned outputs need below the `-o` directory. */
export async function makeFolders(
  planned: readonly Pick<PlannedOutput, 'output'>[],
  option: string | undefined,
): Promise<void> {
  if (option === undefined || option === STANDARD) return;
  const folders = new Set(planned.map(({ output }) => dirname(output)));
  for (const folder of folders) {
    // A lone output file goes into a folder that exists; only `-o DIR` makes any.
    if (planned.some(({ output }) => resolve(output) === resolve(option))) continue;
    try {
      await mkdir(folder, { recursive: true });
    } catch (error) {
      throw asOutputError(folder, error);
    }
  }
}

async function isFolder(option: string, inputs: readonly Input[]): Promise<boolean> {
  if (option.endsWith('/') || option.endsWith(sep) || inputs.length > 1) return true;
  if (inputs.some(({ path, relative }) => path !== relative && relative.includes(sep))) return true;
  const status = await stat(option).catch(() => undefined);
  return status?.isDirectory() === true;
}

function outputOf(input: Input, option: string | undefined, folder: boolean, extension: string): string {
  if (option === STANDARD) return STANDARD;
  if (input.path === STANDARD) {
    if (option === undefined) return STANDARD;
    return folder ? join(option, `stdin${extension}`) : option;
  }
  if (option === undefined) return withExtension(input.path, extension);
  return folder ? join(option, withExtension(input.relative, extension)) : option;
}

function withExtension(path: string, extension: string): string {
  const { dir, name } = parse(path);
  return join(dir, name + extension);
}

function checkCollisions(planned: readonly PlannedOutput[]): void {
  const owners = new Map<string, string>();
  for (const { input, output } of planned) {
    const key = output === STANDARD ? STANDARD : sameName(output);
    const owner = owners.get(key);
    if (owner !== undefined) {
      throw new UsageError(
        'output-collision',
        output === STANDARD
          ? 'only one result can go to stdout; name a directory with -o'
          : `${owner} and ${input.path} would both be written to ${output}`,
      );
    }
    owners.set(key, input.path);
  }
  for (const { path } of planned.map(({ input }) => input)) {
    if (path !== STANDARD && owners.has(sameName(path))) {
      throw new UsageError('output-is-input', `${path} would be overwritten by a result; choose another -o`);
    }
  }
}

/** Absolute path in the form in which the file system compares names. */
function sameName(path: string): string {
  const absolute = resolve(path);
  return process.platform === 'linux' ? absolute : absolute.toLowerCase();
}
