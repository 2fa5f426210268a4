/** Transfer functions of high dynamic range, by their number in ITU-T H.273. */
export const PQ_AND_HLG: ReadonlyMap<number, string> = new Map([
  [16, 'PQ'],
  [18, 'HLG'],
]);

/** Transfer functions that are read as sRGB: BT.709 and its kin, gamma 2.2, sRGB; 2 is unspecified. */
const LIKE_SRGB = new Set([1, 2, 4, 6, 11, 12, 13, 14, 15]);

/** Primaries of sRGB, and of standard definition, which differ little; 2 is unspecified. */
const PRIMARIES_LIKE_SRGB = new Set([1, 2, 5, 6, 7]);

const PRIMARIES: ReadonlyMap<number, string> = new Map([
  [9, 'BT.2020'],
  [11, 'DCI-P3'],
  [12, 'Display P3'],
]);

/**
 * Says what of colours that are given as numbers of ITU-T H.273 is not taken at its meaning, in words. All of them are
 * read as sRGB. With PQ and HLG, which are for screens brighter than white, the picture becomes pale and dark; what it shows
 * can still be told.
 */
export function describeColours(primaries: number, transfer: number): string[] {
  const notes: string[] = [];
  const range = PQ_AND_HLG.get(transfer);
  if (range !== undefined) {
    notes.push(
      `high dynamic range (${range}) read as sRGB: tones are not those that were meant; map them first`,
    );
  } else if (!LIKE_SRGB.has(transfer)) {
    notes.push(`samples have the transfer function ${transfer} of H.273 and were read as sRGB`);
  }
  if (!PRIMARIES_LIKE_SRGB.has(primaries)) {
    const name = PRIMARIES.get(primaries) ?? `number ${primaries} of H.273`;
    notes.push(`colours have the primaries ${name} and were read as sRGB`);
  }
  return notes;
}
