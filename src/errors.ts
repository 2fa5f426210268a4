import { errorClasses } from './error-codes.js';

/** Name of a class of errors. */
export type ErrorClass = keyof typeof errorClasses;

/** Stable identifier of an error, for example `bad-signature`: of one class, or any there is. */
export type ErrorCode<Class extends ErrorClass = ErrorClass> = {
  [C in Class]: keyof (typeof errorClasses)[C]['codes'];
}[Class];

/**
 * Errors, sorted by who can fix them. Every error that leaves the library is a {@link DicmError} with a
 * stable `code` (docs/errors.md); the command line maps `exitCode` to the process's exit status (docs/cli.md).
 */
export abstract class DicmError extends Error {
  /** Stable, machine-readable identifier, for example `bad-signature`. */
  readonly code: ErrorCode;
  /** Exit status of the command line when this error ends a single-input run. */
  abstract readonly exitCode: number;
  /** The class, in words of its own: bundlers of pages shorten the names of classes. */
  abstract override readonly name: ErrorClass;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An error of a class with codes of its own. */
abstract class CodedError<Code extends ErrorCode> extends DicmError {
  declare readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(code, message, options);
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
export class FormatError extends CodedError<ErrorCode<'FormatError'>> {
  readonly name = 'FormatError';
  readonly exitCode = errorClasses.FormatError.exitCode;
  readonly offset: number | undefined;
  readonly section: string | undefined;

  constructor(
    code: ErrorCode<'FormatError'>,
    message: string,
    evidence: FormatEvidence = {},
    options?: ErrorOptions,
  ) {
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
export class ImageError extends CodedError<ErrorCode<'ImageError'>> {
  readonly name = 'ImageError';
  readonly exitCode = errorClasses.ImageError.exitCode;
}

/** The file is valid but needs something this version does not have. Fix: a newer dicm. */
export class UnsupportedError extends CodedError<ErrorCode<'UnsupportedError'>> {
  readonly name = 'UnsupportedError';
  readonly exitCode = errorClasses.UnsupportedError.exitCode;
}

/** Output cannot be written. Fix: the path, its permissions, or the disk. */
export class OutputError extends CodedError<ErrorCode<'OutputError'>> {
  readonly name = 'OutputError';
  readonly exitCode = errorClasses.OutputError.exitCode;
}

/** The model a file or a user asks for is missing or damaged. Fix: install the model. */
export class ModelError extends CodedError<ErrorCode<'ModelError'>> {
  readonly name = 'ModelError';
  readonly exitCode = errorClasses.ModelError.exitCode;
}

/** One executor that was tried and why it was passed over. */
export interface BackendAttempt {
  backend: string;
  reason: string;
}

/** No executor works. Fix: install one; `attempts` says what was tried. */
export class BackendError extends CodedError<ErrorCode<'BackendError'>> {
  readonly name = 'BackendError';
  readonly exitCode = errorClasses.BackendError.exitCode;
  readonly attempts: readonly BackendAttempt[];

  constructor(
    code: ErrorCode<'BackendError'>,
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
export class LimitError extends CodedError<ErrorCode<'LimitError'>> {
  readonly name = 'LimitError';
  readonly exitCode = errorClasses.LimitError.exitCode;
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

/** The machine has run out of memory, open files or threads. Fix: ask for less at once, or raise the limit the message names. */
export class ResourceError extends CodedError<ErrorCode<'ResourceError'>> {
  readonly name = 'ResourceError';
  readonly exitCode = errorClasses.ResourceError.exitCode;
}

/** The caller's arguments make no sense together. Fix: the call. */
export class UsageError extends CodedError<ErrorCode<'UsageError'>> {
  readonly name = 'UsageError';
  readonly exitCode = errorClasses.UsageError.exitCode;
}

/**
 * What to do about an error, in words, as docs/errors.md has it; where two classes have the code, it is the same for both.
 * Looked up by code alone: names of classes do not outlive the minifier of a web page.
 */
export function adviceFor({ code }: DicmError): string | undefined {
  for (const { codes } of Object.values(errorClasses)) {
    if (Object.hasOwn(codes, code)) return (codes as Readonly<Record<string, string>>)[code];
  }
  return undefined;
}
