import {
  BackendError,
  DicmError,
  type ErrorClass,
  FormatError,
  ImageError,
  LimitError,
  ModelError,
  OutputError,
  ResourceError,
  UnsupportedError,
  UsageError,
} from '../../../errors.js';
import type { PlainError } from './messages.js';

const CLASSES: Readonly<Record<ErrorClass, { readonly prototype: DicmError }>> = {
  BackendError,
  FormatError,
  ImageError,
  LimitError,
  ModelError,
  OutputError,
  ResourceError,
  UnsupportedError,
  UsageError,
};

/** An error as a message can carry it: of classes and causes only their own words are left. */
export function toPlainError(thrown: unknown): PlainError {
  if (!(thrown instanceof Error)) return { message: String(thrown), stack: undefined, fields: {} };
  const { message, stack, name } = thrown;
  const fields = thrown instanceof DicmError ? { ...thrown } : { name };
  return { message, stack, fields };
}

/** The error again, of the same class. */
export function fromPlainError({ message, stack, fields }: PlainError): Error {
  const error = new Error(message);
  const { name } = fields as { name?: ErrorClass };
  const Class = name === undefined ? undefined : CLASSES[name];
  if (Class !== undefined) Object.setPrototypeOf(error, Class.prototype);
  if (stack !== undefined) error.stack = stack;
  return Object.assign(error, fields);
}
