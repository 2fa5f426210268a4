import type { Field } from 'dicm/browser';
import { element } from '../state/dom.js';
import { fieldAt, groupOf } from './byte-groups.js';

/** What a row of the hex view shows. */
export interface HexSource {
  readonly bytes: Uint8Array;
  readonly fields: readonly Field[];
  readonly bytesPerRow: number;
}

/**
 * One row: offset, bytes, and the same bytes as text. Neighbours of one field share an element, so that a row has a
 * few of them and not sixteen; the element carries the index of its field for clicks and for lighting up.
 */
export function hexRow({ bytes, fields, bytesPerRow }: HexSource, row: number): HTMLElement {
  const start = row * bytesPerRow;
  const end = Math.min(start + bytesPerRow, bytes.length);
  const hex = element('span', { class: 'hex-bytes' });
  const text = element('span', { class: 'hex-text' });
  for (let at = start; at < end; ) {
    const index = fieldAt(fields, at);
    const field = index === undefined ? undefined : fields[index]!;
    const until = Math.min(end, field === undefined ? end : field.offset + field.bytes);
    const piece = bytes.subarray(at, until);
    const attributes = {
      class: `run ${field === undefined ? 'unread' : groupOf(field)}`,
      'data-field': index ?? '',
    };
    hex.append(element('span', attributes, [...piece].map(digits).join(' ')));
    text.append(element('span', attributes, [...piece].map(printable).join('')));
    at = until;
  }
  const offset = element('span', { class: 'hex-offset' }, start.toString(16).padStart(6, '0'));
  return element('div', { class: 'hex-row' }, offset, hex, text);
}

function digits(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

function printable(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·';
}
