/** A file format that is not this one. */
export interface ForeignFormat {
  /** Name with article: `a JPEG image`. */
  name: string;
  /** Whether it is a picture that an encoder could turn into a .dicm file. */
  picture: boolean;
}

interface Pattern extends ForeignFormat {
  /** Byte offset of the pattern. */
  at: number;
  /** Bytes as Latin-1 text. */
  text: string;
}

// DICOM first: its 128 bytes of preamble may hold anything, a TIFF header included.
const PATTERNS: readonly Pattern[] = [
  { at: 128, text: 'DICM', name: 'a DICOM medical file', picture: false },
  { at: 0, text: '\xff\xd8\xff', name: 'a JPEG image', picture: true },
  { at: 0, text: '\x89PNG', name: 'a PNG image', picture: true },
  { at: 8, text: 'WEBP', name: 'a WebP image', picture: true },
  { at: 0, text: 'GIF8', name: 'a GIF image', picture: true },
  { at: 4, text: 'ftypavif', name: 'an AVIF image', picture: true },
  { at: 4, text: 'ftypheic', name: 'an HEIC image', picture: true },
  { at: 4, text: 'ftypmif1', name: 'an HEIF image', picture: true },
  { at: 0, text: 'II*\0', name: 'a TIFF image', picture: true },
  { at: 0, text: 'MM\0*', name: 'a TIFF image', picture: true },
  { at: 0, text: '\xff\x0a', name: 'a JPEG XL image', picture: true },
  { at: 4, text: 'JXL \r\n', name: 'a JPEG XL image', picture: true },
  { at: 4, text: 'jP  \r\n', name: 'a JPEG 2000 image', picture: true },
  { at: 0, text: 'BM', name: 'a BMP image', picture: true },
  { at: 0, text: '<svg', name: 'an SVG drawing', picture: true },
  { at: 0, text: '%PDF', name: 'a PDF document', picture: false },
  { at: 0, text: '\x1f\x8b', name: 'gzip data', picture: false },
  { at: 0, text: 'PK\x03\x04', name: 'a zip archive', picture: false },
  { at: 0, text: '\x93NUMPY', name: 'a NumPy array', picture: false },
];

/** Recognises the commonest things given where a .dicm file is expected, by their first bytes. */
export function nameForeignFormat(bytes: Uint8Array): ForeignFormat | undefined {
  return PATTERNS.find(({ at, text }) => matchesAt(bytes, at, text));
}

function matchesAt(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
