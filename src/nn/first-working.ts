import type { BackendAttempt } from '../errors.js';
import type { Backend, BackendName } from './backend.js';
import { firstLine } from './first-line.js';

/** A way to open one executor; rejects when it does not work here. */
export interface BackendCandidate {
  readonly name: BackendName;
  readonly load: () => Promise<Backend>;
}

/** The executor that was opened, if any, and why those before it were passed over. */
export interface FirstWorking {
  readonly backend: Backend | undefined;
  readonly attempts: readonly BackendAttempt[];
}

/** Opens the first candidate that works. Later ones are not touched. */
export async function firstWorking(candidates: readonly BackendCandidate[]): Promise<FirstWorking> {
  const attempts: BackendAttempt[] = [];
  for (const { name, load } of candidates) {
    try {
      return { backend: await load(), attempts };
    } catch (error) {
      attempts.push({ backend: name, reason: firstLine(error) });
    }
  }
  return { backend: undefined, attempts };
}
