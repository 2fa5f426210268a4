import { mkdir, stat } from 'node:fs/promises';
import { dirname, join, parse, resolve, sep } from 'node:path';
import { UsageError } from '../errors.js';
import type { Input, Inputs } from './expand-inputs.js';
import { toPath } from './file-names.js';
import { STANDARD } from './terminal.js';
import { asOutputError } from './write-output.js';

/** An input and where its result goes. */
export interface PlannedOutput {
  input: Input;
  /** Path, or `-` for stdout. */
  output: string;
}

/** What results are called. */
export interface OutputNames {
  /** With the dot. */
  extension: string;
  /** Put it behind the one of the input instead of in its place. */
  keepExtension?: boolean | undefined;
  /** What to do about two inputs that differ in nothing but their extension. */
  collisionHint?: string;
}

/**
 * Decides where every result goes, before any work: beside its input with another extension, or where `-o`
 * says. With a directory as input, `-o` gets the same folders.
 *
 * @param given - The inputs, and whether a directory, a pattern or a list was named.
 * @param option - Value of `-o`: a file, a directory (exists, or ends with a slash, or is needed because of what was
 *   given), or `-`.
 * @throws UsageError `output-collision` when two results would get one name, `output-is-input`.
 */
export async function planOutputs(
  { inputs, isOpen }: Pick<Inputs, 'inputs' | 'isOpen'>,
  option: string | undefined,
  { extension, keepExtension, collisionHint }: OutputNames,
): Promise<PlannedOutput[]> {
  const named = option !== undefined && option !== STANDARD;
  const folder = named && (isOpen || inputs.length > 1 || (await isFolder(option)));
  const rename = (path: string) => withExtension(path, extension, keepExtension === true);
  const planned = inputs.map((input) => ({ input, output: outputOf(input, option, folder, rename) }));
  checkCollisions(planned, keepExtension === true ? undefined : collisionHint);
  return planned;
}

/** Makes the folders that planned outputs need below the `-o` directory. */
export async function makeFolders(
  planned: readonly Pick<PlannedOutput, 'output'>[],
  option: string | undefined,
): Promise<void> {
  if (option === undefined || option === STANDARD) return;
  // A lone output file goes into a folder that exists; only `-o DIR` makes any.
  if (planned.length === 1 && resolve(planned[0]!.output) === resolve(option)) return;
  const folders = new Set(planned.map(({ output }) => dirname(output)));
  for (const folder of folders) {
    try {
      await mkdir(toPath(folder), { recursive: true });
    } catch (error) {
      throw asOutputError(folder, error);
    }
  }
}

async function isFolder(option: string): Promise<boolean> {
  if (option.endsWith('/') || option.endsWith(sep)) return true;
  const status = await stat(option).catch(() => undefined);
  return status?.isDirectory() === true;
}

function outputOf(
  input: Input,
  option: string | undefined,
  folder: boolean,
  rename: (path: string) => string,
): string {
  if (option === STANDARD) return STANDARD;
  if (input.path === STANDARD) {
    if (option === undefined) return STANDARD;
    return folder ? join(option, rename('stdin')) : option;
  }
  if (option === undefined) return rename(input.path);
  return folder ? join(option, rename(input.relative)) : option;
}

function withExtension(path: string, extension: string, keep: boolean): string {
  const { dir, name, base } = parse(path);
  return join(dir, (keep ? base : name) + extension);
}

function checkCollisions(planned: readonly PlannedOutput[], hint: string | undefined): void {
  const owners = new Map<string, string>();
  for (const { input, output } of planned) {
    const key = output === STANDARD ? STANDARD : sameName(output);
    const owner = owners.get(key);
    if (owner !== undefined) {
      throw new UsageError(
        'output-collision',
        output === STANDARD
          ? 'only one result can go to stdout; name a directory with -o'
          : `${owner} and ${input.path} would both be written to ${output}${differInExtension(owner, input.path) && hint !== undefined ? `; ${hint}` : ''}`,
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

function differInExtension(a: string, b: string): boolean {
  const [one, other] = [parse(a), parse(b)];
  return one.name === other.name && one.ext !== other.ext;
}

/** Absolute path in the form in which the file system compares names. */
function sameName(path: string): string {
  const absolute = resolve(path);
  return process.platform === 'linux' ? absolute : absolute.toLowerCase();
}
