import { type Codec, DicmError } from 'dicm/browser';
import { indexTiles, readInfo, readTile, traceDamage, writeDicm } from 'dicm/container';
import { describeFailure } from '../state/describe-failure.js';
import type { Structure } from '../state/page-state.js';

/** Lists the fields of a file: all of them, or as many of a damaged one as can be followed. */
export function readStructure(bytes: Uint8Array): Structure {
  const trace = traceDamage(bytes);
  if (trace === undefined) {
    const info = readInfo(bytes);
    return { info, fields: info.fields };
  }
  const { fields, brokenAt, error } = trace;
  return { fields, brokenAt, failure: describeFailure(error) };
}

/**
 * Looks for what is wrong with a file whose checksum does not hold: every tile is put into a file of its own making
 * with a good checksum, and decoded to its integers, which have a check too.
 *
 * @returns What was found, in words.
 */
export async function findDamage(bytes: Uint8Array, codec: Codec): Promise<string> {
  try {
    const index = await indexTiles(bytes);
    const tiles = await Promise.all(index.tiles.map((_, i) => readTile(bytes, index, i)));
    await codec.verify(writeDicm({ header: index.header, tiles, ancillary: [] }));
    const found = tiles.length === 1 ? 'Its picture is' : `All ${tiles.length} tiles of its picture are`;
    return `${found} whole all the same: the integers decode to what was encoded. What is wrong lies outside, or in fields that decoding does not depend on.`;
  } catch (error) {
    if (error instanceof DicmError) return `With the checksum put aside: ${error.message} [${error.code}].`;
    throw error;
  }
}
