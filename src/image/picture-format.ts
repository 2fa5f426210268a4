/** Formats that the image library reads here. */
export type ReadFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'tiff';

/** What a file is by its first bytes. */
export interface PictureFormat {
  /** With its article: `a JPEG image`. */
  readonly name: string;
  /** Set if the image library reads it. */
  readonly reads?: ReadFormat;
  /** What to do with one that is not read. */
  readonly advice?: string;
}

interface Pattern extends PictureFormat {
  /** Byte offset of the pattern. */
  readonly at: number;
  /** Bytes as Latin-1 text. */
  readonly text: string;
}

const CONVERT = 'convert it to PNG, TIFF, JPEG, WebP or AVIF first';
const DEVELOP = 'develop it to TIFF, PNG or JPEG first';

/** A camera's raw file: also one that is recognised later, by what its directory says. */
export const CAMERA_RAW: PictureFormat = { name: "a camera's raw file", advice: DEVELOP };

const PATTERNS: readonly Pattern[] = [
  { at: 0, text: '\xff\xd8', name: 'a JPEG image', reads: 'jpeg' },
  { at: 0, text: '\x89PNG\r\n\x1a\n', name: 'a PNG image', reads: 'png' },
  { at: 8, text: 'WEBP', name: 'a WebP image', reads: 'webp' },
  { at: 0, text: 'GIF8', name: 'a GIF image', reads: 'gif' },
  // Raw files of cameras that begin as TIFF files do stand before these.
  { at: 8, text: 'CR\x02\0', ...CAMERA_RAW },
  { at: 0, text: 'II*\0', name: 'a TIFF image', reads: 'tiff' },
  { at: 0, text: 'MM\0*', name: 'a TIFF image', reads: 'tiff' },
  { at: 0, text: 'II+\0', name: 'a TIFF image', reads: 'tiff' },
  { at: 0, text: 'MM\0+', name: 'a TIFF image', reads: 'tiff' },
  { at: 0, text: 'FUJIFILMCCD-RAW', ...CAMERA_RAW },
  { at: 0, text: 'IIRO', ...CAMERA_RAW },
  { at: 0, text: 'IIRS', ...CAMERA_RAW },
  { at: 0, text: 'MMOR', ...CAMERA_RAW },
  { at: 0, text: 'IIU\0', ...CAMERA_RAW },
  { at: 0, text: 'FOVb', ...CAMERA_RAW },
  { at: 0, text: '\0MRM', ...CAMERA_RAW },
  { at: 6, text: 'HEAPCCDR', ...CAMERA_RAW },
  { at: 0, text: '\xff\x0a', name: 'a JPEG XL image', advice: CONVERT },
  { at: 4, text: 'JXL \r\n', name: 'a JPEG XL image', advice: CONVERT },
  { at: 4, text: 'jP  \r\n', name: 'a JPEG 2000 image', advice: CONVERT },
  { at: 0, text: '\xff\x4f\xff\x51', name: 'a JPEG 2000 image', advice: CONVERT },
  { at: 0, text: 'BM', name: 'a BMP image', advice: CONVERT },
  { at: 0, text: '8BPS', name: 'a Photoshop file', advice: CONVERT },
  { at: 0, text: 'v/1\x01', name: 'an OpenEXR image', advice: 'map its tones and convert it to PNG first' },
  {
    at: 0,
    text: '#?RADIANCE',
    name: 'a Radiance image',
    advice: 'map its tones and convert it to PNG first',
  },
  { at: 0, text: 'qoif', name: 'a QOI image', advice: CONVERT },
  { at: 0, text: 'DDS ', name: 'a DDS texture', advice: CONVERT },
  { at: 0, text: '\0\0\x01\0', name: 'an icon', advice: CONVERT },
];

/** Kinds of files in the ISO base media format, by the brands they claim; the first that fits. */
const BRANDS: readonly (PictureFormat & { readonly brands: RegExp })[] = [
  { brands: /^(avif|avis)$/, name: 'an AVIF image', reads: 'avif' },
  { brands: /^(heic|heix|heim|heis|hevc|hevx|hevm|hevs)$/, name: 'a HEIC image', advice: CONVERT },
  { brands: /^crx $/, ...CAMERA_RAW },
  { brands: /^(jxl )$/, name: 'a JPEG XL image', advice: CONVERT },
  { brands: /^(mif1|msf1|mif2|miaf)$/, name: 'a HEIF image', advice: CONVERT },
  { brands: /^(isom|iso[2-9]|mp4[12]|avc1|qt {2}|M4V |3gp\d)$/, name: 'a video', advice: 'give a picture' },
];

/** Recognises a picture by its first bytes: the formats that are read, and those that users have and that are not. */
export function recognisePicture(head: Uint8Array): PictureFormat | undefined {
  if (matchesAt(head, 4, 'ftyp')) return recogniseMedia(head);
  const found = PATTERNS.find(({ at, text }) => matchesAt(head, at, text));
  if (found !== undefined) return found;
  // Portable pixmaps: P1 to P7 and white space.
  if (head[0] === 0x50 && head[1]! >= 0x31 && head[1]! <= 0x37 && [9, 10, 13, 32].includes(head[2]!)) {
    return { name: 'a portable pixmap', advice: CONVERT };
  }
  return undefined;
}

/** The brands in a `ftyp` box: the major one at 8, compatible ones from 16 on. */
function recogniseMedia(head: Uint8Array): PictureFormat | undefined {
  const end = Math.min(head.length, new DataView(head.buffer, head.byteOffset).getUint32(0));
  const brands: string[] = [];
  for (let at = 8; at + 4 <= end; at += at === 8 ? 8 : 4) {
    brands.push(String.fromCharCode(...head.subarray(at, at + 4)));
  }
  return BRANDS.find((format) => brands.some((brand) => format.brands.test(brand)));
}

function matchesAt(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}
