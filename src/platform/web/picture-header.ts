import { joinBytes } from '../../bytes/join-bytes.js';
import { exifOrientation } from '../../image/exif.js';
import type { ReadFormat } from '../../image/picture-format.js';

/** What a picture file says of itself before it is decoded. */
export interface PictureHeader {
  /** In pixels, before any turn; undefined where it is not known. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** Whether it may have transparent pixels. */
  readonly hasAlpha?: boolean;
  /** Colour profile, as it is stored where `iccIsDeflated`. */
  readonly icc?: Uint8Array | undefined;
  readonly iccIsDeflated?: boolean;
  /** From the TIFF header on. */
  readonly exif?: Uint8Array | undefined;
  /** 1 to 8. */
  readonly orientation: number;
}

/**
 * Reads what browsers do not tell of a picture: its size before all of it is decoded, Exif, colour profile. Formats
 * that are not known here say nothing, and damage is left to the decoder to find.
 */
export function readPictureHeader(bytes: Uint8Array, format: ReadFormat | undefined): PictureHeader {
  const read = format === undefined ? undefined : READERS[format];
  let header: Omit<PictureHeader, 'orientation'> = {};
  try {
    header = read?.(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), bytes) ?? {};
  } catch (error) {
    // It ends within a field.
    if (!(error instanceof RangeError)) throw error;
  }
  const exif = withoutIdentifier(header.exif);
  return { ...header, exif, orientation: exif === undefined ? 1 : exifOrientation(exif) };
}

type Reader = (view: DataView, bytes: Uint8Array) => Omit<PictureHeader, 'orientation'>;

const READERS: Partial<Record<ReadFormat, Reader>> = {
  jpeg: readJpeg,
  png: readPng,
  webp: readWebp,
  gif: (view) => ({ width: view.getUint16(6, true), height: view.getUint16(8, true), hasAlpha: false }),
};

/** Segments of a JPEG file up to its first scan (ITU-T T.81, annex B). */
function readJpeg(view: DataView, bytes: Uint8Array) {
  let size: { width: number; height: number } | undefined;
  let exif: Uint8Array | undefined;
  const profile: { part: number; bytes: Uint8Array }[] = [];
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0xda) break;
    const end = at + 2 + view.getUint16(at + 2);
    const content = bytes.subarray(at + 4, end);
    // Frames: not tables (c4, cc) nor a reserved marker (c8).
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      size = { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    }
    if (marker === 0xe1 && textAt(content, 0, 6) === 'Exif\0\0') exif ??= content;
    if (marker === 0xe2 && textAt(content, 0, 12) === 'ICC_PROFILE\0') {
      profile.push({ part: content[12]!, bytes: content.subarray(14) });
    }
    at = end;
  }
  profile.sort((a, b) => a.part - b.part);
  const icc = profile.length === 0 ? undefined : joinBytes(profile.map((part) => part.bytes));
  return { ...size, hasAlpha: false, exif, icc };
}

/** Chunks of a PNG file (W3C Portable Network Graphics, third edition). */
function readPng(view: DataView, bytes: Uint8Array) {
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  let hasAlpha = [4, 6].includes(bytes[25]!);
  let exif: Uint8Array | undefined;
  let icc: Uint8Array | undefined;
  for (let at = 8; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at);
    const content = bytes.subarray(at + 8, at + 8 + length);
    const type = textAt(bytes, at + 4, 4);
    if (type === 'tRNS') hasAlpha = true;
    if (type === 'eXIf') exif = content;
    // A name that ends in 0, and a 0 for deflate.
    if (type === 'iCCP') icc = content.subarray(content.indexOf(0) + 2);
    at += 12 + length;
  }
  return { width, height, hasAlpha, exif, icc, iccIsDeflated: true };
}

/** Chunks of a WebP file (RFC 9649). */
function readWebp(view: DataView, bytes: Uint8Array) {
  let found: Omit<PictureHeader, 'orientation'> = {};
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    const from = at + 8;
    const content = bytes.subarray(from, from + length);
    switch (textAt(bytes, at, 4)) {
      case 'VP8X': {
        const side = (offset: number) => 1 + (view.getUint32(from + offset - 1, true) >>> 8);
        found = { ...found, hasAlpha: (bytes[from]! & 0x10) !== 0, width: side(4), height: side(7) };
        break;
      }
      case 'VP8 ': {
        const side = (offset: number) => view.getUint16(from + offset, true) & 0x3fff;
        found = { hasAlpha: false, width: side(6), height: side(8), ...found };
        break;
      }
      case 'VP8L': {
        const bits = view.getUint32(from + 1, true);
        const size = { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
        found = { hasAlpha: ((bits >>> 28) & 1) === 1, ...size, ...found };
        break;
      }
      case 'ICCP':
        found = { ...found, icc: content };
        break;
      case 'EXIF':
        found = { ...found, exif: content };
        break;
    }
    at = from + length + (length % 2);
  }
  return found;
}

/** Some files have the identifier of JPEG before the TIFF header in other formats too. */
function withoutIdentifier(exif: Uint8Array | undefined): Uint8Array | undefined {
  return exif !== undefined && textAt(exif, 0, 6) === 'Exif\0\0' ? exif.subarray(6) : exif;
}

function textAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
