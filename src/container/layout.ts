import { openSlice } from '../bytes/byte-slice.js';
import { FormatError, UnsupportedError, UsageError } from '../errors.js';
import { tileGrid } from '../geometry.js';
import { checkLimit, type Limits, resolveLimits } from '../limits.js';
import { FILE_CHECKSUM_BYTES } from './damage.js';
import type { DicmHeader } from './dicm-file.js';
import { checkFileChecksum } from './file-checksum.js';
import { type FieldSink, readHeader } from './header.js';
import { TILE_CHECK_BYTES } from './integer-check.js';
import { readSectionPlace, type SectionPlace } from './section-walk.js';
import { checkSignature, SIGNATURE } from './signature.js';
import { CRITICAL_BIT, MAX_ANCILLARY_SECTIONS, TAG_EXIF, TAG_ICC, TAG_TILE, tagName } from './tags.js';

/** A file whose structure has been checked: where everything lies. */
export interface Layout {
  header: DicmHeader;
  /** Tile sections in raster order. */
  tiles: SectionPlace[];
  /** Ancillary sections in file order. */
  ancillary: SectionPlace[];
}

/**
 * Checks everything about a file that can be checked without a model, in the order the format prescribes
 * (format-spec/v1/dicm-v1.md, section 8): signature, version, checksum, header, limits, sections. What follows the
 * checksum is only believed once it holds, so damage is reported as damage and not as whatever the damaged
 * byte happens to mean.
 *
 * @throws FormatError, UnsupportedError or LimitError, as listed in section 10 of the format.
 */
export function readLayout(bytes: Uint8Array, limits?: Partial<Limits>, sink?: FieldSink): Layout {
  const resolved = resolveLimits(limits);
  if (!(bytes instanceof Uint8Array))
    throw new UsageError('not-bytes', 'A .dicm file is read from a Uint8Array');
  checkSignature(bytes);
  checkLimit(resolved, 'maxFileBytes', bytes.length, 'The file size in bytes');
  checkFileChecksum(bytes);

  sink?.('signature', 0, SIGNATURE.length, 'a .dicm file');
  const body = openSlice(bytes, 'header', SIGNATURE.length, bytes.length - FILE_CHECKSUM_BYTES);
  const header = readHeader(body, sink);
  checkHeaderLimits(header, resolved);
  return { header, ...readSections(bytes, body.position, header, resolved) };
}

function checkHeaderLimits(header: DicmHeader, limits: Limits): void {
  const { width, height, sourceWidth, sourceHeight } = header;
  checkLimit(limits, 'maxPixels', width * height, `The number of coded pixels, ${width} x ${height},`);
  const source = `The number of source pixels, ${sourceWidth} x ${sourceHeight},`;
  checkLimit(limits, 'maxSourcePixels', sourceWidth * sourceHeight, source);
  const { columns, rows } = tileGrid(width, height);
  checkLimit(limits, 'maxTiles', columns * rows, `The number of tiles, ${columns} x ${rows},`);
}

function readSections(
  bytes: Uint8Array,
  start: number,
  header: DicmHeader,
  limits: Limits,
): Omit<Layout, 'header'> {
  const { columns, rows } = tileGrid(header.width, header.height);
  const tileCount = columns * rows;
  const slice = openSlice(bytes, 'sections', start, bytes.length - FILE_CHECKSUM_BYTES);
  // Grown as sections turn up, never allocated from a declared count: memory follows bytes really there.
  const tiles: SectionPlace[] = [];
  const ancillary: SectionPlace[] = [];
  let ancillaryBytes = 0;
  while (slice.position < slice.end) {
    const place = readSectionPlace(slice);
    if (place.tag === TAG_TILE) {
      checkTile(place, tiles.length, tileCount);
      tiles.push(place);
      continue;
    }
    if ((place.tag & CRITICAL_BIT) !== 0) {
      throw new UnsupportedError(
        'unknown-section',
        `The section ${tagName(place.tag)} at byte ${place.offset} is needed to decode the file, and this program does not know it`,
      );
    }
    if (tiles.length < tileCount) break;
    ancillaryBytes += place.dataBytes;
    checkLimit(limits, 'maxAncillaryBytes', ancillaryBytes, 'The size of the ancillary sections in bytes');
    checkAncillary(place, ancillary);
    ancillary.push(place);
  }
  if (tiles.length < tileCount) {
    throw new FormatError('missing-tile', `Tile ${tiles.length} of 0 to ${tileCount - 1} is missing here`, {
      offset: slice.position,
      section: `tile ${tiles.length}`,
    });
  }
  return { tiles, ancillary };
}

function checkTile(place: SectionPlace, index: number, tileCount: number): void {
  const evidence = { offset: place.offset, section: `tile ${index}` };
  if (index >= tileCount) {
    throw new FormatError('surplus-tile', `The picture has no tile ${index}`, evidence);
  }
  if (place.dataBytes < TILE_CHECK_BYTES) {
    throw new FormatError('bad-length', 'The tile has no room for its integer check', evidence);
  }
}

function checkAncillary(place: SectionPlace, before: readonly SectionPlace[]): void {
  const { tag, offset } = place;
  if ((tag === TAG_ICC || tag === TAG_EXIF) && before.some((other) => other.tag === tag)) {
    throw new FormatError('duplicate-section', 'The section may occur only once', {
      offset,
      section: tagName(tag),
    });
  }
  if (before.length === MAX_ANCILLARY_SECTIONS) {
    throw new FormatError('too-many-sections', `More than ${MAX_ANCILLARY_SECTIONS} ancillary sections`, {
      offset,
      section: tagName(tag),
    });
  }
}
