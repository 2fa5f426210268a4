import { Mulberry32 } from '#dicm/evaluation/mulberry32.js';
import { mend } from './mend.js';

/** @import { Mending } from './mend.js' */
/** @import { Original } from './corpus.js' */

/**
 * A changed file.
 *
 * @typedef {object} Mutant
 * @property {Uint8Array} bytes
 * @property {string} from Name of the file that was changed.
 * @property {string[]} steps What was done to it, in words.
 * @property {Mending} mending
 */

/**
 * One way to change bytes; returns other bytes and says in words what it did.
 *
 * @typedef {(bytes: Uint8Array, draw: Mulberry32, corpus: readonly Original[], original: Original) =>
 *   [bytes: Uint8Array, step: string]} Change
 */

/** Values at the borders of what fields can hold. */
const BORDERS = [0, 1, 2, 3, 4, 0x7f, 0x80, 0x81, 0xfe, 0xff];

/** Lengths that lie, as varints: nothing, overlong nothing, all but 4 GiB, more than that, without an end. */
const LENGTHS = ['00', '8000', 'ffffffff0f', '8080808010', '808080808000', '7f', '8001', 'ff7f', '808001'];

/** @type {Readonly<Record<string, Change>>} */
const CHANGES = {
  flip: (bytes, draw) => {
    const count = 1 + draw.below(8);
    const changed = bytes.slice();
    for (let i = 0; i < count; i++) flipBit(changed, draw.below(changed.length), draw.below(8));
    return [changed, `${count} bits flipped`];
  },
  set: (bytes, draw) => {
    const count = 1 + draw.below(4);
    const changed = bytes.slice();
    for (let i = 0; i < count; i++) changed[draw.below(changed.length)] = draw.below(256);
    return [changed, `${count} bytes set`];
  },
  header: (bytes, draw) => {
    const changed = bytes.slice();
    const offset = Math.min(5 + draw.below(24), changed.length - 1);
    changed[offset] = borderOrAny(draw);
    return [changed, `byte ${offset} of the header set to ${changed[offset]}`];
  },
  field: (bytes, draw, _, { fields }) => {
    const field = fields[draw.below(fields.length)];
    if (field === undefined || field.offset >= bytes.length) return [bytes, 'no such field'];
    const changed = bytes.slice();
    const offset = Math.min(field.offset + draw.below(Math.min(field.bytes, 4096)), changed.length - 1);
    if (draw.below(2) === 0) changed[offset] = borderOrAny(draw);
    else changed[offset] = ((changed[offset] ?? 0) + (draw.below(2) === 0 ? 1 : 255)) & 255;
    return [changed, `${field.name} changed at byte ${offset}`];
  },
  length: (bytes, draw, _, { fields }) => {
    const lengths = fields.filter(({ name }) => name.endsWith('length'));
    const field = lengths[draw.below(lengths.length)];
    if (field === undefined) return [bytes, 'no length'];
    const lie = Buffer.from(LENGTHS[draw.below(LENGTHS.length)] ?? '', 'hex');
    return [
      replace(bytes, field.offset, field.bytes, lie),
      `${field.name} said to be ${lie.toString('hex')}`,
    ];
  },
  section: (bytes, draw, _, { sections }) => {
    const [one, other] = [sections[draw.below(sections.length)], sections[draw.below(sections.length)]];
    if (one === undefined || other === undefined) return [bytes, 'no section'];
    const content = bytes.slice(one.offset, one.offset + one.bytes);
    const without = replace(bytes, one.offset, one.bytes, new Uint8Array());
    if (draw.below(3) === 0) return [without, `section ${one.tag} left out`];
    const [left, step] = draw.below(2) === 0 ? [bytes, 'again'] : [without, 'moved'];
    return [replace(left, other.offset, 0, content), `section ${one.tag} ${step} at byte ${other.offset}`];
  },
  cut: (bytes, draw) => {
    const length = draw.below(bytes.length + 1);
    return [bytes.slice(0, length), `cut to ${length} bytes`];
  },
  remove: (bytes, draw) => {
    const [offset, count] = [draw.below(bytes.length), 1 + draw.below(8)];
    return [replace(bytes, offset, count, new Uint8Array()), `${count} bytes removed at ${offset}`];
  },
  insert: (bytes, draw) => {
    const [offset, count] = [draw.below(bytes.length + 1), 1 + draw.below(draw.below(10) === 0 ? 5000 : 8)];
    const zeros = draw.below(2) === 0;
    const inserted = Uint8Array.from({ length: count }, () => (zeros ? 0 : draw.below(256)));
    return [
      replace(bytes, offset, 0, inserted),
      `${count} ${zeros ? 'zeros' : 'bytes'} inserted at ${offset}`,
    ];
  },
  repeat: (bytes, draw) => {
    const [offset, count] = [draw.below(bytes.length), 1 + draw.below(64)];
    const part = bytes.slice(offset, offset + count);
    return [replace(bytes, offset, 0, part), `${part.length} bytes repeated at ${offset}`];
  },
  splice: (bytes, draw, corpus) => {
    const other = corpus[draw.below(corpus.length)];
    if (other === undefined) return [bytes, 'nothing to splice'];
    // At the same place in both half of the time, so that what follows makes some sense.
    const head = draw.below(bytes.length + 1);
    const tail =
      draw.below(2) === 0 ? Math.min(head, other.bytes.length) : draw.below(other.bytes.length + 1);
    return [
      replace(bytes, head, bytes.length, other.bytes.subarray(tail)),
      `from byte ${head} on what ${other.name} has from byte ${tail} on`,
    ];
  },
  tile: (bytes, draw, corpus, original) => {
    const other = corpus[draw.below(corpus.length)];
    const tile = original.tiles[draw.below(original.tiles.length)];
    const taken = other?.tiles[draw.below(other.tiles.length)];
    if (other === undefined || tile === undefined || taken === undefined) return [bytes, 'no tile'];
    const content = other.bytes.slice(taken.offset, taken.offset + taken.bytes);
    return [replace(bytes, tile.offset, tile.bytes, content), `a tile replaced by one of ${other.name}`];
  },
  payload: (bytes, draw, _, { tiles }) => {
    const tile = tiles[draw.below(tiles.length)];
    if (tile === undefined || tile.offset >= bytes.length) return [bytes, 'no payload'];
    const changed = bytes.slice();
    const count = 1 + draw.below(3);
    for (let i = 0; i < count; i++) {
      const offset = Math.min(tile.offset + draw.below(tile.bytes), changed.length - 1);
      changed[offset] = draw.below(256);
    }
    return [changed, `${count} bytes of a payload set`];
  },
  noise: (_, draw) => {
    const rest = Array.from({ length: draw.below(80) }, () => draw.below(256));
    return [Uint8Array.from([0x8e, 0x64, 0x0d, 0x0a, 0x0a, 0x10 + draw.below(2), ...rest]), 'noise'];
  },
};

const NAMES = Object.keys(CHANGES);

/**
 * Changes a file of the corpus. The same seed, number and corpus give the same bytes, whatever came before.
 *
 * @param {number} seed
 * @param {number} number
 * @param {readonly Original[]} corpus
 * @returns {Mutant}
 */
export function mutantOf(seed, number, corpus) {
  const draw = new Mulberry32(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
  const fresh = corpus.filter(({ decodes }) => decodes);
  // Most of the time a file whose integers are known: what passes the container has a way to go.
  const pool = draw.below(10) < 7 && fresh.length > 0 ? fresh : corpus;
  const original = pool[draw.below(pool.length)];
  if (original === undefined) throw new RangeError('there is no file to change');
  let bytes = original.bytes;
  /** @type {string[]} */
  const steps = [];
  for (let left = 1 + (draw.below(3) === 0 ? draw.below(3) : 0); left > 0 && bytes.length > 0; left--) {
    const change = CHANGES[NAMES[draw.below(NAMES.length)] ?? ''];
    if (change === undefined) throw new RangeError('no such change');
    const [changed, step] = change(bytes, draw, corpus, original);
    bytes = changed;
    steps.push(step);
  }
  const mending =
    /** @type {const} */ (['nothing', 'checksum', 'checksum', 'everything'])[draw.below(4)] ?? 'nothing';
  const own = bytes.slice();
  mend(own, mending);
  return { bytes: own, from: original.name, steps, mending };
}

/** @param {Mulberry32} draw */
function borderOrAny(draw) {
  return draw.below(2) === 0 ? (BORDERS[draw.below(BORDERS.length)] ?? 0) : draw.below(256);
}

/**
 * @param {Uint8Array} bytes
 * @param {number} offset
 * @param {number} bit
 */
function flipBit(bytes, offset, bit) {
  bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
}

/**
 * The bytes with `count` of them from `offset` on replaced.
 *
 * @param {Uint8Array} bytes
 * @param {number} offset
 * @param {number} count
 * @param {Uint8Array} others
 */
function replace(bytes, offset, count, others) {
  const start = Math.min(offset, bytes.length);
  return Uint8Array.from(Buffer.concat([bytes.subarray(0, start), others, bytes.subarray(start + count)]));
}
