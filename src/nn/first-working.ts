import { type BackendAttempt, ResourceError } from '../errors.js';
import { nameShortage } from '../shortage.js';
import { type Backend, type BackendName, firstLine } from './backend.js';
import { checkKnownAnswer } from './known-answer.js';

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

/**
 * Loads an executor and lets it show that it computes right.
 *
 * @throws Error when it does not, or cannot be loaded
 */
export async function loadChecked({ load }: Pick<BackendCandidate, 'load'>): Promise<Backend> {
  const backend = await load();
  try {
    await checkKnownAnswer(backend);
  } catch (error) {
    await backend.dispose();
    throw error;
  }
  return backend;
}

/** Opens the first candidate that works. Later ones are not touched. @throws ResourceError */
export async function firstWorking(candidates: readonly BackendCandidate[]): Promise<FirstWorking> {
  const attempts: BackendAttempt[] = [];
  for (const { name, load } of candidates) {
    try {
      return { backend: await loadChecked({ load }), attempts };
    } catch (error) {
      // Without files or memory the next one would not do better, or do the work at a third of the speed without a word.
      const shortage = nameShortage(error);
      if (shortage instanceof ResourceError) throw shortage;
      attempts.push({ backend: name, reason: firstLine(error) });
    }
  }
  return { backend: undefined, attempts };
}
