import { BackendError, DicmError, type ErrorCode, LimitError, ResourceError } from '../errors.js';
import { nameShortage } from '../shortage.js';

/** Exit codes of the command line (docs/cli.md). Errors of the library bring their own, 2 to 7. */
export const EXIT = {
  ok: 0,
  someFailed: 1,
  usage: 2,
  output: 5,
  backend: 6,
  bug: 70,
  interrupted: 130,
} as const;

/** An error in the form that is reported. */
export interface Failure {
  /** Stable identifier. */
  code: ErrorCode | 'interrupted' | 'internal-error';
  /** Sentence for people. */
  message: string;
  /** Its lines, where it is meant to have several; a name in another one may have line ends in it. */
  lines?: readonly string[];
  /** Exit code if nothing else decides. */
  exitCode: number;
  /** Where a bug happened; absent for errors that are nobody's bug. */
  stack?: string | undefined;
}

/** Sorts any thrown value into a {@link Failure}. What the library did not foresee is a bug. */
export function describeFailure(thrown: unknown): Failure {
  const error = nameShortage(thrown);
  if (error instanceof ResourceError && error.code === 'too-many-open-files') {
    const { code, message, exitCode } = error;
    return { code, message: `${message} (it is ${openFilesLimit()} here)`, exitCode };
  }
  if (error instanceof LimitError) {
    const { code, message, exitCode, limit, actual } = error;
    return { code, message: `${message} (--limit ${limit}=${actual})`, exitCode };
  }
  if (error instanceof BackendError && error.attempts.length > 0) {
    const { code, message, exitCode } = error;
    return { code, message, lines: message.split('\n'), exitCode };
  }
  if (error instanceof DicmError) {
    return { code: error.code, message: error.message, exitCode: error.exitCode };
  }
  if (error instanceof Interrupted) {
    return { code: 'interrupted', message: error.message, exitCode: EXIT.interrupted };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'internal-error',
    message: `internal error, please report it: ${message}`,
    exitCode: EXIT.bug,
    stack: error instanceof Error ? error.stack : undefined,
  };
}

let knownLimit: string | undefined;

/** The limit of this process on open files, which opening a file could not tell any more. Asking takes its time, so once. */
function openFilesLimit(): string {
  knownLimit ??= readOpenFilesLimit();
  return knownLimit;
}

function readOpenFilesLimit(): string {
  if (process.report === undefined) return 'unknown';
  // Addresses are looked up on the network otherwise.
  Object.assign(process.report, { excludeNetwork: true });
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  return String(userLimits?.open_files?.soft ?? 'unknown');
}

/** The user, or the system, asked the program to stop. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** Time the run gets to end by itself; who hears of the abort and needs more says so at once. */
  graceMs = 2000;

  constructor(signalName: string) {
    super(`interrupted by ${signalName}`);
  }
}
