import { joinBytes } from '../../bytes/join-bytes.js';
import { UsageError } from '../../errors.js';

/**
 * SHA-256 of the pieces one after the other, 64 hexadecimal digits.
 *
 * @throws UsageError `insecure-page` where the browser has no cryptography
 */
export async function sha256(pieces: Iterable<Uint8Array>): Promise<string> {
  // Only pages that came by https, or from this machine, have it.
  if (globalThis.crypto?.subtle === undefined) {
    throw new UsageError(
      'insecure-page',
      'this page came over plain http, where browsers compute no SHA-256, so no model can be checked; serve it by https or from localhost',
    );
  }
  const all = [...pieces];
  // Weights come in one piece, which need not be copied.
  const bytes = all.length === 1 ? (all[0] as Uint8Array<ArrayBuffer>) : joinBytes(all);
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
