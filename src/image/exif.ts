/** Tags of Exif (CIPA DC-008): the orientation, and where the directory with the place is. */
const [ORIENTATION, PLACE] = [0x0112, 0x8825];

/** Bytes of a directory's entry; its value begins at 8. */
const ENTRY_BYTES = 12;

/**
 * Exif metadata for a picture that is upright: the orientation, if there is one, becomes 1, and everything else stays as it
 * is. That of a small preview in it is not touched, since the preview is not turned.
 *
 * @param exif - From the TIFF header on.
 * @returns A copy; undefined for what is no Exif metadata.
 */
export function uprightExif(exif: Uint8Array): Uint8Array | undefined {
  const copy = exif.slice();
  const data = viewOf(copy);
  if (data === undefined) return undefined;
  const { view, little } = data;
  for (const at of entriesOf(data)) {
    if (view.getUint16(at, little) !== ORIENTATION) continue;
    view.setUint16(at + 2, 3, little);
    view.setUint32(at + 4, 1, little);
    view.setUint16(at + 8, 1, little);
    view.setUint16(at + 10, 0, little);
  }
  return copy;
}

/** The orientation that Exif metadata state, 1 to 8; 1 where they state none, or one that means nothing. */
export function exifOrientation(exif: Uint8Array): number {
  const data = viewOf(exif);
  if (data === undefined) return 1;
  const { view, little } = data;
  const at = entriesOf(data).find((entry) => view.getUint16(entry, little) === ORIENTATION);
  const value = at === undefined ? 1 : view.getUint16(at + 8, little);
  return value >= 1 && value <= 8 ? value : 1;
}

/** Whether Exif metadata say where the picture was taken. */
export function exifHasPlace(exif: Uint8Array): boolean {
  const data = viewOf(exif);
  return data !== undefined && entriesOf(data).some((at) => data.view.getUint16(at, data.little) === PLACE);
}

interface ExifView {
  readonly view: DataView;
  /** Whether the least significant byte comes first. */
  readonly little: boolean;
}

function viewOf(exif: Uint8Array): ExifView | undefined {
  const order = String.fromCharCode(...exif.subarray(0, 2));
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  const little = order === 'II';
  if (exif.length < 8 || (!little && order !== 'MM') || view.getUint16(2, little) !== 42) return undefined;
  return { view, little };
}

/** Offsets of the entries of the first directory, as far as they are there. */
function entriesOf({ view, little }: ExifView): number[] {
  const start = view.getUint32(4, little);
  if (start + 2 > view.byteLength) return [];
  const count = Math.min(
    view.getUint16(start, little),
    Math.floor((view.byteLength - start - 2) / ENTRY_BYTES),
  );
  return Array.from({ length: count }, (_, i) => start + 2 + i * ENTRY_BYTES);
}
