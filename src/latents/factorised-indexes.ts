import type { FrequencyTables } from '../entropy/frequency-tables.js';
import { UsageError } from '../errors.js';

/**
 * Tables of a factorised plane: each channel has its own.
 *
 * @param length - Symbols of the plane, [rows][columns][channels].
 * @param channels - As many as there are tables.
 * @throws UsageError `channel-mismatch`
 */
export function factorisedIndexes(length: number, channels: number, tables: FrequencyTables): Uint8Array {
  if (channels !== tables.count || length % channels !== 0) {
    throw new UsageError(
      'channel-mismatch',
      `hyper-latent of ${length} elements in ${channels} channels, with ${tables.count} factorised tables`,
    );
  }
  const indexes = new Uint8Array(length);
  for (let i = 0, channel = 0; i < length; i++) {
    indexes[i] = channel;
    channel = channel + 1 === channels ? 0 : channel + 1;
  }
  return indexes;
}
