import { openSlice, readU32Be } from '../bytes/byte-slice.js';
import { crc32 } from '../bytes/crc32.js';
import { FormatError, UnsupportedError, UsageError } from '../errors.js';
import { tileGrid } from '../geometry.js';
import { checkLimit, type Limits, resolveLimits } from '../limits.js';
import type { DicmHeader, LayerHeader } from './dicm-file.js';
import { checkFileChecksum, FILE_CHECKSUM_BYTES } from './file-checksum.js';
import { type FieldSink, readHeader } from './header.js';
import { type LayerLayout, readLayer } from './layer.js';
import { PROFILES } from './profiles.js';
import {
  findSectionKind,
  isCritical,
  MAX_ANCILLARY_SECTIONS,
  readSectionPlace,
  type SectionKind,
  type SectionPlace,
  TAG_LAYER,
  TAG_PREFIX_CHECK,
  TAG_TILE,
  tagName,
} from './section-kinds.js';
import { checkSignature, SIGNATURE } from './signature.js';

/** A file whose structure has been checked: where everything lies. */
export interface Layout {
  header: DicmHeader;
  /** Tile sections of the first layer in raster order. */
  tiles: SectionPlace[];
  /** The check of everything before it, when there is one. */
  prefixCheck?: SectionPlace;
  /** Further layers in file order, but for those of a kind that this version does not know. */
  layers: LayerLayout[];
  /** All other ancillary sections in file order. */
  ancillary: SectionPlace[];
  /** Every section in file order. */
  sections: SectionPlace[];
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
  checkStart(bytes, resolved);
  checkFileChecksum(bytes);
  const layout = readBody(bytes, bytes.length - FILE_CHECKSUM_BYTES, resolved, sink);
  const { prefixCheck, sections } = layout;
  if (prefixCheck !== undefined && sections.at(-1) === prefixCheck) {
    throw new FormatError(
      'not-canonical',
      'The check of the first layer proves what the file checksum does',
      {
        offset: prefixCheck.offset,
        section: 'prefix-check',
      },
    );
  }
  return layout;
}

/** What comes before any checksum: that these are bytes of a .dicm file, and not too many. */
export function checkStart(bytes: Uint8Array, limits: Limits): void {
  if (!(bytes instanceof Uint8Array))
    throw new UsageError('not-bytes', 'A .dicm file is read from a Uint8Array');
  checkSignature(bytes);
  checkLimit(limits, 'maxFileBytes', bytes.length, 'The file size in bytes');
}

/**
 * Checks header and sections of bytes that a checksum has proved.
 *
 * @param end - Where the sections end.
 */
export function readBody(bytes: Uint8Array, end: number, limits: Limits, sink?: FieldSink): Layout {
  sink?.('signature', 0, SIGNATURE.length, 'a .dicm file');
  const body = openSlice(bytes, 'header', SIGNATURE.length, end);
  const header = readHeader(body, sink);
  const { sourceWidth, sourceHeight } = header;
  const tileCount = checkLayerLimits(header, 0, limits);
  const source = `The number of source pixels, ${sourceWidth} x ${sourceHeight},`;
  checkLimit(limits, 'maxSourcePixels', sourceWidth * sourceHeight, source);
  return readSections(bytes, body.position, end, header, tileCount, limits);
}

/**
 * Compares the declared size of a layer with the limits ([DICM-L-01]).
 *
 * @param tilesBefore - Tiles of the layers before it: the limit is on those of all layers together.
 * @returns Tiles of all layers so far.
 */
export function checkLayerLimits(
  { width, height }: LayerHeader,
  tilesBefore: number,
  limits: Limits,
): number {
  checkLimit(limits, 'maxPixels', width * height, `The number of coded pixels, ${width} x ${height},`);
  const { columns, rows } = tileGrid(width, height);
  const what = `The number of tiles, ${tilesBefore === 0 ? '' : `${tilesBefore} before and `}${columns} x ${rows},`;
  checkLimit(limits, 'maxTiles', tilesBefore + columns * rows, what);
  return tilesBefore + columns * rows;
}

function readSections(
  bytes: Uint8Array,
  start: number,
  end: number,
  header: DicmHeader,
  tileCount: number,
  limits: Limits,
): Layout {
  const slice = openSlice(bytes, 'sections', start, end);
  // Grown as sections turn up, never allocated from a declared count: memory follows bytes really there.
  const layout: Layout = { header, tiles: [], layers: [], ancillary: [], sections: [] };
  const { tiles, layers, ancillary, sections } = layout;
  let metadataBytes = 0;
  let allTiles = tileCount;
  while (slice.position < slice.end) {
    const place = readSectionPlace(slice);
    const kind = findSectionKind(place.tag, header.versionMinor);
    if (place.tag === TAG_TILE) {
      checkTile(place, kind, tiles.length, tileCount);
      tiles.push(place);
      sections.push(place);
      continue;
    }
    if (isCritical(place.tag)) {
      throw new UnsupportedError(
        'unknown-section',
        `The section ${tagName(place.tag)} at byte ${place.offset} is needed to decode the file, and this program does not know it`,
      );
    }
    if (tiles.length < tileCount) break;
    if (kind?.metadata !== false) metadataBytes += place.dataBytes;
    checkLimit(limits, 'maxAncillaryBytes', metadataBytes, 'The size of the ancillary sections in bytes');
    checkAncillary(place, kind, layout);
    sections.push(place);
    if (kind?.tag === TAG_PREFIX_CHECK) {
      checkPrefixValue(bytes, place);
      layout.prefixCheck = place;
      continue;
    }
    const layer =
      kind?.tag === TAG_LAYER
        ? readLayer(bytes, place, header, layerName(layout), (found) => {
            checkLayerOrder(found, place, layout);
            allTiles = checkLayerLimits(found, allTiles, limits);
          })
        : undefined;
    if (layer === undefined) ancillary.push(place);
    else layers.push(layer);
  }
  if (tiles.length < tileCount) {
    throw new FormatError('missing-tile', `Tile ${tiles.length} of 0 to ${tileCount - 1} is missing here`, {
      offset: slice.position,
      section: `tile ${tiles.length}`,
    });
  }
  return layout;
}

function checkTile(
  place: SectionPlace,
  kind: SectionKind | undefined,
  index: number,
  tileCount: number,
): void {
  const evidence = { offset: place.offset, section: `tile ${index}` };
  if (index >= tileCount) {
    throw new FormatError('surplus-tile', `The picture has no tile ${index}`, evidence);
  }
  if (kind?.trailer !== undefined && place.dataBytes < kind.trailer.bytes) {
    throw new FormatError('bad-length', `The tile has no room for its ${kind.trailer.name}`, evidence);
  }
}

/** Checks what can be said about an ancillary section from its place and size. */
function checkAncillary(place: SectionPlace, kind: SectionKind | undefined, layout: Layout): void {
  const { tag, offset, dataBytes } = place;
  const { tiles, sections, prefixCheck } = layout;
  const evidence = { offset, section: tagName(tag, layout.header.versionMinor) };
  if (kind?.repeats === false && sections.some((other) => other.tag === tag)) {
    throw new FormatError('duplicate-section', 'The section may occur only once', evidence);
  }
  if (sections.length - tiles.length === MAX_ANCILLARY_SECTIONS) {
    const message = `More than ${MAX_ANCILLARY_SECTIONS} ancillary sections`;
    throw new FormatError('too-many-sections', message, evidence);
  }
  const last = sections.at(-1);
  if (last !== undefined && findSectionKind(last.tag, layout.header.versionMinor)?.last === true) {
    const message = `Nothing may follow the ${tagName(last.tag)}, which is of all that a file holds`;
    throw new FormatError('misplaced-section', message, evidence);
  }
  if (kind?.dataBytes !== undefined && dataBytes !== kind.dataBytes) {
    const message = `The section has ${kind.dataBytes} bytes, not ${dataBytes}`;
    throw new FormatError('bad-length', message, evidence);
  }
  if (kind?.tag === TAG_PREFIX_CHECK && sections.length > tiles.length) {
    throw new FormatError('misplaced-section', 'It stands right after the last tile or nowhere', evidence);
  }
  if (kind?.tag === TAG_LAYER && prefixCheck === undefined) {
    throw new FormatError(
      'missing-prefix-check',
      'A layer follows, and nothing proves the first layer without it',
      evidence,
    );
  }
}

function checkPrefixValue(bytes: Uint8Array, { offset, dataOffset }: SectionPlace): void {
  if (readU32Be(openSlice(bytes, 'prefix-check', dataOffset)) === crc32(bytes.subarray(0, offset))) return;
  // The file's own checksum holds here: whoever wrote it changed the first layer and not its check.
  throw new FormatError(
    'prefix-mismatch',
    'The file is whole, but the check of its first layer does not hold: what wrote it did not know this check',
    { offset: dataOffset, section: 'prefix-check' },
  );
}

/** Profiles come in the order of their numbers, so that the machine layer is the first and no profile comes twice. */
function checkLayerOrder({ profile }: LayerHeader, { offset }: SectionPlace, layout: Layout): void {
  const before = layout.layers.at(-1)?.header ?? layout.header;
  if (PROFILES.indexOf(profile) > PROFILES.indexOf(before.profile)) return;
  const evidence = { offset, section: layerName(layout) };
  if (profile === before.profile) {
    throw new FormatError('duplicate-section', `A second ${profile} layer`, evidence);
  }
  throw new FormatError('layer-order', `A ${profile} layer after a ${before.profile} one`, evidence);
}

/** Name of the next layer: the first one, whose tiles have sections of their own, is number 0. */
function layerName({ sections }: Layout): string {
  return `layer ${sections.filter(({ tag }) => tag === TAG_LAYER).length}`;
}
