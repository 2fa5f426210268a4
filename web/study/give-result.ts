import type { StudyResult } from '../../src/study/study-format.js';
import { element } from '../state/dom.js';

/** Lets the browser save a result as a file. */
export function saveResult(result: StudyResult): void {
  const file = new Blob([resultText(result)], { type: 'application/json' });
  const href = URL.createObjectURL(file);
  element('a', { href, download: `dicm-study-${result.study.slice(0, 8)}-${result.rater}.json` }).click();
  // Some browsers read it only after the click has been dealt with.
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/**
 * Sends a result.
 *
 * @returns Why that did not work, in words; undefined where it did.
 */
export async function sendResult(result: StudyResult, post: string): Promise<string | undefined> {
  try {
    const response = await fetch(post, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: resultText(result),
      credentials: 'omit',
    });
    return response.ok ? undefined : `the server answered ${response.status}`;
  } catch {
    return 'the server cannot be reached';
  }
}

function resultText(result: StudyResult): string {
  return `${JSON.stringify(result, null, 1)}\n`;
}
