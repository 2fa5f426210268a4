/**
 * Errors, sorted by who can fix them. Every error that leaves the library is a {@link DicmError} with a
 * stable `code`; the command line maps `exitCode` to the process's exit status (docs/cli.md).
 */
export abstract class DicmError extends Error {
  /** Stable, machine-readable identifier, for example `bad-signature`. */
  readonly code: string;
  /** Exit status of the command line when this error ends a single-input run. */
  abstract readonly exitCode: number;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Where in a file the evidence of a {@link FormatError} lies. */
export interface FormatEvidence {
  /** Byte offset from the start of the file. */
  offset?: number;
  /** Name of the structure being read, for example `header` or `tile 3`. */
  section?: string;
}

/** The bytes are wrong: damaged, truncated, or not a .dicm file. Fix: another copy of the file. */
export class FormatError extends DicmError {
  readonly exitCode = 3;
  readonly offset: number | undefined;
  readonly section: string | undefined;

  constructor(code: string, message: string, evidence: FormatEvidence = {}, options?: ErrorOptions) {
    const where = [
      evidence.section === undefined ? '' : `in ${evidence.section}`,
      evidence.offset === undefined ? '' : `at byte ${evidence.offset}`,
    ].filter((part) => part !== '');
    super(code, where.length === 0 ? message : `${message} (${where.join(' ')})`, options);
    this.offset = evidence.offset;
    this.section = evidence.section;
  }
}

/** An input picture cannot be read or decoded. Fix: another picture. */
export class ImageError extends DicmError {
  readonly exitCode = 3;
}

/** The file is valid but needs something this version does not have. Fix: a newer dicm. */
export class UnsupportedError extends DicmError {
  readonly exitCode = 4;
}

/** Output cannot be written. Fix: the path, its permissions, or the disk. */
export class OutputError extends DicmError {
  readonly exitCode = 5;
}

/** The model a file or a user asks for is missing or damaged. Fix: install the model. */
export class ModelError extends DicmError {
  readonly exitCode = 6;
}

/** One executor that was tried and why it was passed over. */
export interface BackendAttempt {
  backend: string;
  reason: string;
}

/** No executor works. Fix: install one; `attempts` says what was tried. */
export class BackendError extends DicmError {
  readonly exitCode = 6;
  readonly attempts: readonly BackendAttempt[];

  constructor(
    code: string,
    message: string,
    attempts: readonly BackendAttempt[] = [],
    options?: ErrorOptions,
  ) {
    const tried = attempts.map((attempt) => `\n  ${attempt.backend}: ${attempt.reason}`).join('');
    super(code, message + tried, options);
    this.attempts = attempts;
  }
}

/** A declared size exceeds what the caller allows. Fix: raise the limit named in the message. */
export class LimitError extends DicmError {
  readonly exitCode = 7;
  readonly limit: string;
  readonly actual: number;
  readonly maximum: number;

  constructor(limit: string, actual: number, maximum: number, what: string) {
    super(
      'limit-exceeded',
      `${what} is ${actual}, above the limit ${limit} = ${maximum}; raise \`limits.${limit}\` to allow it`,
    );
    this.limit = limit;
    this.actual = actual;
    this.maximum = maximum;
  }
}

/** The caller's arguments make no sense together. Fix: the call. */
export class UsageError extends DicmError {
  readonly exitCode = 2;
}
