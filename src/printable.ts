/**
 * Characters that do something instead of being seen: controls (C0, DEL, C1), line and paragraph separators, those that turn
 * the direction of what follows; and halves of characters, among which bytes of names that are no UTF-8 are kept.
 */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}\ufeff]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text from outside, a file's name or a label, in a form that may go to a terminal: on one line, and unable to move the
 * cursor, to colour, or to pretend to be another line.
 */
export function printable(text: string): string {
  return text.replace(UNSEEN, shown);
}

/** {@link printable} for text of several lines. */
export function printableLines(text: string): string {
  return text.replace(UNSEEN, (character) => (character === '\n' ? character : shown(character)));
}

function shown(character: string): string {
  const code = character.charCodeAt(0);
  // A byte that is no UTF-8 (cli/file-names.ts) is shown as that byte.
  const value = code >= 0xdc80 && code <= 0xdcff ? code - 0xdc00 : code;
  const digits = value.toString(16);
  return (
    SHORT[character] ?? (value < 0x100 ? `\\x${digits.padStart(2, '0')}` : `\\u${digits.padStart(4, '0')}`)
  );
}
