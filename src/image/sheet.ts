import { textToSvg, textWidth } from './stroke-font.js';

/** Side of the square in which a picture of a sheet is fitted, in pixels. */
export const SHEET_SIDE = 224;

const GAP = 12;
const CAP_HEIGHT = 10;
const LINE_HEIGHT = 17;
const INK = '#1d2126';
const PAPER = '#ffffff';

/** Where the pictures of a sheet go, and everything else that is drawn. */
export interface SheetLayout {
  readonly width: number;
  readonly height: number;
  readonly background: string;
  /** Left upper corner of the square of each picture. */
  readonly places: readonly { readonly left: number; readonly top: number }[];
  /** Captions, as SVG of the sheet's size. */
  readonly svg: string;
}

/**
 * Lays pictures out in rows, with their captions below them.
 *
 * @param captions - Lines below each picture; what is too long is shortened from its beginning, where paths are alike.
 * @param columns - Pictures in a row.
 */
export function layOutSheet(captions: readonly (readonly string[])[], columns: number): SheetLayout {
  const lines = Math.max(0, ...captions.map(({ length }) => length));
  const used = Math.max(1, Math.min(columns, captions.length));
  const rowHeight = SHEET_SIDE + lines * LINE_HEIGHT + 2 * GAP;
  const places = captions.map((_, i) => ({
    left: GAP + (i % used) * (SHEET_SIDE + GAP),
    top: GAP + Math.floor(i / used) * rowHeight,
  }));
  const width = GAP + used * (SHEET_SIDE + GAP);
  const height = GAP + Math.max(1, Math.ceil(captions.length / used)) * rowHeight;
  const texts = captions.flatMap((own, i) => {
    const { left, top } = places[i]!;
    return own.map((line, n) => {
      const y = top + SHEET_SIDE + (n + 0.5) * LINE_HEIGHT;
      return textToSvg(shorten(line), left, y, CAP_HEIGHT, INK);
    });
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${texts.join('')}</svg>`;
  return { width, height, background: PAPER, places, svg };
}

/** A line that fits below a picture. */
function shorten(line: string): string {
  if (textWidth(line, CAP_HEIGHT) <= SHEET_SIDE) return line;
  const characters = [...line];
  while (characters.length > 1 && textWidth(`...${characters.join('')}`, CAP_HEIGHT) > SHEET_SIDE)
    characters.shift();
  return `...${characters.join('')}`;
}
