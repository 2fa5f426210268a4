import { crc32 } from '../../../bytes/crc32.js';
import { describeColours, PQ_AND_HLG } from './coded-colours.js';
import type { PictureFile } from './picture-file.js';

interface Chunk {
  readonly type: string;
  readonly offset: number;
  readonly bytes: number;
}

/** The chunks of a PNG file, as far as they are there (PNG, third edition, section 5.3). */
async function* chunksOf(file: PictureFile): AsyncGenerator<Chunk> {
  for (let offset = 8; ; ) {
    const head = Buffer.from(await file.read(offset, 8));
    if (head.length < 8) return;
    const bytes = head.readUInt32BE(0);
    yield { type: head.toString('latin1', 4), offset, bytes };
    offset += 12 + bytes;
  }
}

/** Gamma of sRGB as `gAMA` has it, 1 / 2.2 times 100,000; what differs by less is meant as the same. */
const [SRGB_GAMMA, SAME_GAMMA] = [45_455, 4_000];

/** Primaries and white point of sRGB as `cHRM` has them, times 100,000; what differs by less is meant as the same. */
const SRGB_CHROMATICITIES = [31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000];
const SAME_CHROMATICITY = 2_000;

/**
 * Says which colours of a PNG file are read as sRGB although they are something else. A `cICP` chunk goes before a profile
 * and a profile before the rest (PNG, third edition, section 13.13); the image library only knows profiles.
 */
export async function describePngColours(file: PictureFile): Promise<string[]> {
  const found = new Map<string, Buffer>();
  for await (const { type, offset, bytes } of chunksOf(file)) {
    if (type === 'IDAT') break;
    if (/^(cICP|gAMA|cHRM|sRGB|iCCP)$/.test(type)) {
      // Of a profile only that there is one matters here.
      found.set(type, Buffer.from(await file.read(offset + 8, Math.min(bytes, 32))));
    }
  }
  const coded = found.get('cICP');
  if (coded !== undefined && coded.length >= 4) {
    const [primaries, transfer] = [coded[0]!, coded[1]!];
    if (PQ_AND_HLG.has(transfer) || !found.has('iCCP')) return describeColours(primaries, transfer);
  }
  if (found.has('iCCP') || found.has('sRGB')) return [];
  const notes: string[] = [];
  const gamma = found.get('gAMA');
  if (gamma !== undefined && gamma.length >= 4) {
    const value = gamma.readUInt32BE(0);
    if (value > 0 && Math.abs(value - SRGB_GAMMA) > SAME_GAMMA) {
      notes.push(`samples have the gamma ${(value / 100_000).toFixed(3)} and were read as sRGB`);
    }
  }
  const chromaticities = found.get('cHRM');
  if (chromaticities !== undefined && chromaticities.length >= 32) {
    const differs = SRGB_CHROMATICITIES.some(
      (value, i) => Math.abs(chromaticities.readUInt32BE(4 * i) - value) > SAME_CHROMATICITY,
    );
    if (differs) notes.push('colours have primaries of their own (cHRM) and were read as sRGB');
  }
  return notes;
}

/** Says what is damaged in a PNG file: which chunk is cut off or has a checksum that does not hold. */
export async function findPngDamage(file: PictureFile): Promise<string | undefined> {
  for await (const { type, offset, bytes } of chunksOf(file)) {
    const what = `the chunk ${JSON.stringify(type)} at byte ${offset}`;
    if (offset + 12 + bytes > file.sizeBytes) return `it ends in ${what}`;
    const critical = /^[A-Z]/.test(type);
    if (critical) {
      const content = await file.read(offset + 4, 4 + bytes);
      const checksum = Buffer.from(await file.read(offset + 8 + bytes, 4)).readUInt32BE(0);
      if (crc32(content) !== checksum) return `the checksum of ${what} does not hold`;
    }
    if (type === 'IEND') return undefined;
  }
  return 'it ends before its last chunk';
}
