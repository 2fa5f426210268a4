import { findProgram, runProgram } from './external-program.js';
import type { CodecHooks, MissingCodec, PictureCodec } from './picture-codec.js';

/** Runs one of the programs that a codec asked for, by its name. */
export type RunTool = (name: string, args: readonly string[], hooks: CodecHooks) => Promise<void>;

/** An external codec as its adapter describes it. */
export interface ProgramCodec {
  readonly id: string;
  readonly name: string;
  /** Programs it needs; of several names for one program the first that is found is taken. */
  readonly programs: readonly (readonly string[])[];
  /** Arguments with which the first program says its version; `--version` unless given. */
  readonly versionArgs?: readonly string[];
  /** Options that shape results; part of what identifies them. */
  readonly options: readonly string[];
  /** What a program must say of itself to be of use, where one stands in for another. */
  readonly probe?: {
    /** The program that stands in; nothing is asked where another was found. */
    readonly program: string;
    readonly args: readonly string[];
    readonly says: RegExp;
    /** What is missing if it does not. */
    readonly otherwise: string;
  };
  /** Makes the adapter, with `run` for its programs by the first of their names. */
  build(run: RunTool, found: ReadonlySet<string>): Omit<PictureCodec, 'id' | 'name' | 'version'>;
}

/** Looks for the programs of a codec; says what is missing if not all are there. */
export async function openProgramCodec(
  codec: ProgramCodec,
  searchPath: string,
): Promise<PictureCodec | MissingCodec> {
  const { id, name } = codec;
  const paths = new Map<string, string>();
  const found = new Set<string>();
  const missing: string[] = [];
  for (const names of codec.programs) {
    const hits = await Promise.all(
      names.map(async (program) => ({ program, path: await findProgram(program, searchPath) })),
    );
    const hit = hits.find(({ path }) => path !== undefined);
    if (hit === undefined) missing.push(names.join(' or '));
    else {
      paths.set(names[0]!, hit.path!);
      found.add(hit.program);
    }
  }
  if (missing.length > 0) return { id, name, reason: `no ${missing.join(', no ')} on the PATH` };
  const firstPath = paths.get(codec.programs[0]![0]!)!;
  if (codec.probe !== undefined && firstPath === (await findProgram(codec.probe.program, searchPath))) {
    const { stdout, stderr } = await runProgram(firstPath, codec.probe.args, { acceptFailure: true });
    if (!codec.probe.says.test(stdout + stderr)) return { id, name, reason: codec.probe.otherwise };
  }
  const run: RunTool = async (program, args, hooks) => {
    await runProgram(paths.get(program)!, args, hooks);
  };
  const spoken = await programVersion(firstPath, codec.versionArgs ?? ['--version']);
  return { id, name, version: [spoken, ...codec.options].join(' '), ...codec.build(run, found) };
}

/** The line of a program's greeting that has a version number in it. Some greet with an exit code that is not 0. */
async function programVersion(path: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await runProgram(path, args, { acceptFailure: true });
  const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.trim());
  return (lines.find((line) => /\d+\.\d+/.test(line)) ?? 'unknown version').replace(/[\s.]+$/, '');
}
