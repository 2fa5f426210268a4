import { FormatError } from '../errors.js';
import { nameForeignFormat } from './foreign-format.js';

/**
 * The first five bytes of every .dicm file: a byte that is not ASCII, `d`, CR, LF, LF. Every conversion of line
 * ends, of character sets, or to seven bits changes them (format-spec/v1/dicm-v1.md, section 3).
 */
export const SIGNATURE: readonly number[] = [0x8e, 0x64, 0x0d, 0x0a, 0x0a];

const SECTION = 'signature';

/** What a signature becomes in common transfers as text, and what to tell the user. First match counts. */
const TEXT_DAMAGE: readonly (readonly [prefix: readonly number[], cause: string])[] = [
  [[0x8e, 0x64, 0x0d, 0x0a, 0x0d], 'its line feeds were turned into carriage return and line feed'],
  [[0x8e, 0x64, 0x0d, 0x0d], 'its line feeds were turned into carriage returns, or got some'],
  [[0x8e, 0x64, 0x0a], 'its carriage returns were removed or turned into line feeds'],
  [[0xc2, 0x8e, 0x64], 'it was converted from Latin-1 to UTF-8'],
  [[0xc5, 0xbd, 0x64], 'it was converted from Windows-1252 to UTF-8'],
  [[0xef, 0xbf, 0xbd, 0x64], 'it was read as UTF-8 text, which destroys it'],
  [[0x3f, 0x64, 0x0d, 0x0a, 0x0a], 'its bytes outside ASCII were replaced by question marks'],
  [[0x6a, 0x6d, 0x51, 0x4e, 0x43, 0x67, 0x6f], 'it is still base64 text and has to be decoded first'],
];

/**
 * Checks that a file starts as a .dicm file.
 *
 * @throws FormatError `truncated` for a file that ends inside the signature, `text-damage` after a transfer in
 *   text mode, `foreign-format` for another known format, `bad-signature` for anything else.
 */
export function checkSignature(bytes: Uint8Array): void {
  const wrong = SIGNATURE.findIndex((byte, i) => bytes[i] !== byte);
  if (wrong < 0) return;
  if (wrong >= bytes.length) {
    const what = bytes.length === 0 ? 'The file is empty' : `The file ends after ${bytes.length} bytes`;
    throw new FormatError('truncated', what, { offset: bytes.length, section: SECTION });
  }
  const cause = nameTextDamage(bytes);
  if (cause !== undefined) {
    throw new FormatError(
      'text-damage',
      `This was a .dicm file, but it was transferred as text: ${cause}. Transfer it again in binary mode`,
      { offset: wrong, section: SECTION },
    );
  }
  const foreign = nameForeignFormat(bytes);
  if (foreign !== undefined) {
    const advice = foreign.picture ? '; encode it first with `dicm encode`' : '';
    throw new FormatError('foreign-format', `This is ${foreign.name}, not a .dicm file${advice}`, {
      offset: wrong,
      section: SECTION,
    });
  }
  throw new FormatError('bad-signature', 'This is not a .dicm file, or its first bytes are damaged', {
    offset: wrong,
    section: SECTION,
  });
}

function nameTextDamage(bytes: Uint8Array): string | undefined {
  const known = TEXT_DAMAGE.find(([prefix]) => prefix.every((byte, i) => bytes[i] === byte));
  if (known !== undefined) return known[1];
  const stripped = SIGNATURE.every((byte, i) => bytes[i] === (byte & 0x7f));
  // One flipped bit in the first byte looks the same there, but only there.
  if (stripped && bytes.every((byte) => byte < 0x80)) return 'the top bit of every byte was cleared';
  return undefined;
}
