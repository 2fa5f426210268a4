/** A tag with its numbers: `short` for values up to 65535, `long` for larger ones, bytes as they are. */
export interface TiffTag {
  tag: number;
  type: 'short' | 'long' | 'bytes';
  values: readonly number[];
}

/** A TIFF file to write: uncompressed, one strip or tile for each piece, little-endian. */
export interface TiffParts {
  width: number;
  height: number;
  /** PhotometricInterpretation: 1 grey, 2 RGB, 5 separated, 6 YCbCr. */
  photometric: number;
  bits: number;
  samples: number;
  /** SampleFormat: 1 unsigned, 2 signed, 3 floating point. */
  format?: number;
  /** Content of each strip, or tile if `tile` is given. */
  pieces: readonly Uint8Array[];
  rowsPerStrip?: number;
  tile?: { width: number; height: number };
  extra?: readonly TiffTag[];
  /** Writes the entries in this order instead of the right one. */
  order?: (tags: TiffTag[]) => TiffTag[];
}

/** Writes a TIFF file tag by tag, for what no encoder at hand writes. */
export function writeTiff(parts: TiffParts): Uint8Array {
  const { width, height, photometric, bits, samples, format = 1, pieces, tile, extra = [] } = parts;
  const offsets: number[] = [];
  let at = 8;
  for (const piece of pieces) {
    offsets.push(at);
    at += piece.length;
  }
  const sizes = pieces.map(({ length }) => length);
  const short = (tag: number, ...values: number[]): TiffTag => ({ tag, type: 'short', values });
  const long = (tag: number, ...values: number[]): TiffTag => ({ tag, type: 'long', values });
  const places = tile
    ? [short(322, tile.width), short(323, tile.height), long(324, ...offsets), long(325, ...sizes)]
    : [long(273, ...offsets), short(278, parts.rowsPerStrip ?? height), long(279, ...sizes)];
  const sorted = [
    ...[long(256, width), long(257, height), short(258, ...Array<number>(samples).fill(bits))],
    ...[short(259, 1), short(262, photometric), short(277, samples)],
    ...[short(339, ...Array<number>(samples).fill(format)), ...places, ...extra],
  ].sort((a, b) => a.tag - b.tag);
  const tags = parts.order?.(sorted) ?? sorted;

  const widths = { short: 2, long: 4, bytes: 1 };
  const types = { short: 3, long: 4, bytes: 7 };
  const start = at + (at & 1);
  let heap = start + 2 + 12 * tags.length + 4;
  const total = heap + tags.reduce((sum, { type, values }) => sum + widths[type] * values.length, 0);
  const file = Buffer.alloc(total);
  file.write('II*\0', 'latin1');
  file.writeUInt32LE(start, 4);
  pieces.forEach((piece, i) => {
    file.set(piece, offsets[i]!);
  });
  file.writeUInt16LE(tags.length, start);
  for (const [i, { tag, type, values }] of tags.entries()) {
    const entry = start + 2 + 12 * i;
    file.writeUInt16LE(tag, entry);
    file.writeUInt16LE(types[type], entry + 2);
    file.writeUInt32LE(values.length, entry + 4);
    const bytes = widths[type] * values.length;
    const place = bytes <= 4 ? entry + 8 : heap;
    values.forEach((value, k) => {
      file.writeUIntLE(value, place + k * widths[type], widths[type]);
    });
    if (bytes > 4) {
      file.writeUInt32LE(heap, entry + 8);
      heap += bytes;
    }
  }
  return new Uint8Array(file.subarray(0, heap));
}
