import { adviceFor, DicmError, FormatError } from 'dicm/browser';
import type { Failure } from './page-state.js';

/** What an error says, and what to do about it, as the command line and docs/errors.md have it. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof DicmError) {
    const { code, message } = error;
    const offset = error instanceof FormatError ? error.offset : undefined;
    return { code, message, advice: adviceFor(error), offset };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message, advice: 'This is a mistake in dicm, and worth a report.' };
}

/** Whether a call ended because something newer took its place. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
