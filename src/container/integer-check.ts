import { crc32OfInt32 } from '../bytes/crc32.js';

/** Bytes of the integer check at the end of a tile section. */
export const TILE_CHECK_BYTES = 2;

/**
 * Check of a tile's decoded integers: the low 16 bits of the CRC-32 of all hyper-latents and then all latent
 * symbols, each as a little-endian 32-bit integer, in coding order (format-spec/v1/dicm-v1.md, section 7).
 * An entropy decoder that lost its way is caught here even though every byte of the file arrived intact.
 *
 * @param z - Hyper-latents, [row][column][channel].
 * @param symbols - Latent symbols, [row][column][channel].
 * @returns An integer from 0 to 65535.
 */
export function integerCheck(z: Int32Array, symbols: Int32Array): number {
  return crc32OfInt32(symbols, crc32OfInt32(z)) & 0xffff;
}
