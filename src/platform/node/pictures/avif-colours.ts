import { describeColours } from './coded-colours.js';
import type { PictureFile } from './picture-file.js';

/** Metadata of a picture is a few hundred bytes; a box that claims more than this is not looked into. */
const MOST_META_BYTES = 2 ** 20;

/**
 * Says which colours of an AVIF file are read as sRGB although they are something else, by its `colr` boxes of the type
 * `nclx` (ISO/IEC 14496-12, section 12.1.5).
 */
export async function describeBoxColours(file: PictureFile): Promise<string[]> {
  for (let offset = 0; ; ) {
    const head = Buffer.from(await file.read(offset, 16));
    if (head.length < 8) return [];
    const size = head.readUInt32BE(0);
    const bytes = size === 1 && head.length === 16 ? Number(head.readBigUInt64BE(8)) : size;
    if (head.toString('latin1', 4, 8) === 'meta') {
      const meta = Buffer.from(await file.read(offset, Math.min(bytes, MOST_META_BYTES)));
      // Version and flags stand between a meta box's head and its content.
      return coloursIn(meta, 12, meta.length);
    }
    if (bytes < 8) return [];
    offset += bytes;
  }
}

/** Looks for the colours in the boxes below `iprp` and `ipco`. */
function coloursIn(meta: Buffer, start: number, end: number): string[] {
  for (let at = start; at + 8 <= end; ) {
    const size = meta.readUInt32BE(at);
    const type = meta.toString('latin1', at + 4, at + 8);
    if (size < 8 || at + size > end) return [];
    if (type === 'iprp' || type === 'ipco') {
      const notes = coloursIn(meta, at + 8, at + size);
      if (notes.length > 0) return notes;
    } else if (type === 'colr' && size >= 18 && meta.toString('latin1', at + 8, at + 12) === 'nclx') {
      const notes = describeColours(meta.readUInt16BE(at + 12), meta.readUInt16BE(at + 14));
      if (notes.length > 0) return notes;
    }
    at += size;
  }
  return [];
}
