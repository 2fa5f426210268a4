/** SHA-256 of the pieces one after the other, 64 hexadecimal digits. */
export async function sha256(pieces: Iterable<Uint8Array>): Promise<string> {
  // Loaded when first needed: whoever only lists models should not wait for it.
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}
