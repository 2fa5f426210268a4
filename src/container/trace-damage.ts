import { type ByteSlice, openSlice } from '../bytes/byte-slice.js';
import { DicmError, FormatError } from '../errors.js';
import { tileGrid } from '../geometry.js';
import { checkLimit, type Limits, resolveLimits } from '../limits.js';
import type { DicmHeader, Field } from './dicm-file.js';
import { FILE_CHECKSUM_BYTES } from './file-checksum.js';
import { type FieldSink, readHeader } from './header.js';
import { readLayout } from './layout.js';
import { listSections } from './read-info.js';
import {
  findSectionKind,
  MAX_ANCILLARY_SECTIONS,
  readSectionPlace,
  type SectionPlace,
  TAG_TILE,
} from './section-kinds.js';
import { checkSignature, SIGNATURE } from './signature.js';

/** How far a damaged file can be followed. */
export interface DamageTrace {
  /** Why the file is refused: what `readDicm` says of it. */
  error: DicmError;
  /** Fields up to the break, in file order and without a gap. No checksum proves them: any may be what is wrong. */
  fields: Field[];
  /** Offset of the first byte that could not be followed; the size of the file where all of it could. */
  brokenAt: number;
}

/**
 * Follows a file that is refused as far as its bytes make sense, so that a listing can show where it breaks. Where only
 * a checksum does not hold, that is its end: which byte is wrong is then known to none but the integer checks of tiles.
 *
 * @param bytes - The file.
 * @param limits - Overrides of `defaultLimits`.
 * @returns `undefined` for a file that is whole.
 */
export function traceDamage(bytes: Uint8Array, limits?: Partial<Limits>): DamageTrace | undefined {
  const error = refusalOf(bytes, limits);
  if (error === undefined) return undefined;
  const fields: Field[] = [];
  const sink: FieldSink = (name, offset, size, value) => fields.push({ name, offset, bytes: size, value });
  try {
    checkLimit(resolveLimits(limits), 'maxFileBytes', bytes.length, 'The file size in bytes');
    follow(bytes, sink);
  } catch (stop) {
    if (!(stop instanceof DicmError)) throw stop;
  }
  const last = fields.at(-1);
  return { error, fields, brokenAt: last === undefined ? 0 : last.offset + last.bytes };
}

function refusalOf(bytes: Uint8Array, limits?: Partial<Limits>): DicmError | undefined {
  try {
    readLayout(bytes, limits);
    return undefined;
  } catch (error) {
    if (error instanceof DicmError) return error;
    throw error;
  }
}

/** Lists signature, header, sections and checksum up to the first that makes no sense. @throws DicmError there */
function follow(bytes: Uint8Array, sink: FieldSink): void {
  checkSignature(bytes);
  sink('signature', 0, SIGNATURE.length, 'a .dicm file');
  const end = Math.max(SIGNATURE.length, bytes.length - FILE_CHECKSUM_BYTES);
  const slice = openSlice(bytes, 'header', SIGNATURE.length, end);
  const header = readHeader(slice, sink);
  const sections: SectionPlace[] = [];
  let stop: unknown;
  try {
    followSections(slice, header, sections);
  } catch (error) {
    stop = error;
  }
  listSections(bytes, { header, sections }, sink);
  if (stop !== undefined) throw stop;
  sink('file checksum', end, bytes.length - end, 'does not hold for the bytes before it');
}

/** Collects sections until one makes no sense, or there are more than a file may have. @throws DicmError there */
function followSections(slice: ByteSlice, header: DicmHeader, sections: SectionPlace[]): void {
  const { columns, rows } = tileGrid(header.width, header.height);
  let tiles = 0;
  while (slice.position < slice.end) {
    const place = readSectionPlace(slice);
    const kind = findSectionKind(place.tag, header.versionMinor);
    const isTile = kind?.tag === TAG_TILE;
    const evidence = { offset: place.offset, section: `section ${sections.length}` };
    if (isTile && tiles === columns * rows) {
      throw new FormatError('surplus-tile', `The picture has no tile ${tiles}`, evidence);
    }
    if (place.dataBytes < (kind?.trailer?.bytes ?? 0)) {
      throw new FormatError('bad-length', 'The tile has no room for its check', evidence);
    }
    if (!isTile && sections.length - tiles === MAX_ANCILLARY_SECTIONS) {
      throw new FormatError('too-many-sections', 'More sections than a file may have', evidence);
    }
    if (isTile) tiles++;
    sections.push(place);
  }
}
