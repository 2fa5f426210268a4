/**
 * A typeface of strokes for labels in pictures: pictures must look the same on every machine, and a fresh container
 * has no fonts at all. Drawn for this project on a grid: capitals reach from 0 to 14, small letters from 5 to 14,
 * tails to 18; y grows downwards. Strokes are meant to be 2 wide with round ends.
 */

/** Height of a capital, in units of the grid. */
const CAP_HEIGHT = 14;
/** Width of a stroke, in units of the grid. */
const STROKE_WIDTH = 2;
/** Space between characters beyond their own, which keeps small text apart. */
const TRACKING = 0.5;

const BOWL = 'M8 9.5A3.5 4.5 0 1 0 1 9.5A3.5 4.5 0 1 0 8 9.5';
const ARCH = 'M1 8.5A3.25 3.5 0 0 1 7.5 8.5V14';
const RING = 'M11 7A5 7 0 1 0 1 7A5 7 0 1 0 11 7';
const ESS =
  'M8.4 2.4C7.6 .8 6.3 0 4.8 0C2.7 0 1.3 1.4 1.3 3.3C1.3 8 8.8 5.8 8.8 10.4C8.8 12.5 7.2 14 4.9 14C3 14 1.6 13 .9 11.3';

/** A ring that its stroke fills: a little heavier than the end of a stroke, as dots must be to look alike. */
const dot = (x: number, y: number) =>
  `M${x + 0.4} ${y}A.4 .4 0 1 0 ${x - 0.4} ${y}A.4 .4 0 1 0 ${x + 0.4} ${y}`;

/** Advance and strokes (SVG path data) of each character. */
const GLYPHS: Readonly<Record<string, readonly [advance: number, path: string]>> = {
  ' ': [5, ''],
  '!': [4.5, `M2 0V9${dot(2, 13.6)}`],
  '"': [6.5, 'M1.2 0V3.5M4.6 0V3.5'],
  '#': [10.5, 'M3.4 1L2.2 13M7.4 1L6.2 13M1.2 4.8H8.6M.8 9.2H8.2'],
  $: [11.5, `${ESS}M4.9 -1.8V15.8`],
  '%': [
    14.5,
    'M6 3.2A2.3 3.2 0 1 0 1.4 3.2A2.3 3.2 0 1 0 6 3.2M12.6 10.8A2.3 3.2 0 1 0 8 10.8A2.3 3.2 0 1 0 12.6 10.8M11 0L3 14',
  ],
  '&': [
    11.5,
    'M10 14L3.2 4.4A2.5 2.5 0 1 1 6.8 4C6.6 6.4 1 7.4 1 10.8A3.1 3.2 0 0 0 4.2 14C7 14 8.8 11.4 9.2 8',
  ],
  "'": [4, 'M1.6 0V3.5'],
  '(': [6, 'M4.4 -1C.4 4 .4 11.5 4.4 16.5'],
  ')': [6, 'M1.2 -1C5.2 4 5.2 11.5 1.2 16.5'],
  '*': [8.5, 'M3.8 .6V7.4M.8 2.3L6.8 5.7M6.8 2.3L.8 5.7'],
  '+': [11, 'M5 4.5V12.5M1 8.5H9'],
  ',': [4.5, 'M2.4 13.6L1.2 16.8'],
  '-': [8, 'M1.2 8.8H6'],
  '.': [4.7, dot(1.9, 13.6)],
  '/': [8, 'M6.2 -.5L1 15.5'],
  0: [10.5, 'M8.7 7A3.85 7 0 1 0 1 7A3.85 7 0 1 0 8.7 7'],
  1: [10.5, 'M2 3.2L5.6 0V14'],
  2: [10.5, 'M1.4 3.8A3.6 3.8 0 0 1 8.4 4C8.4 6.6 5.4 9 1.2 14H8.8'],
  3: [10.5, 'M1.5 1.9C2.4 .7 3.5 0 4.8 0A3.35 3.3 0 0 1 4.7 6.6A3.7 3.7 0 1 1 1 11.9M3.2 6.6H4.7'],
  4: [10.5, 'M6.8 14V0L1 9.8H9'],
  5: [10.5, 'M8 0H2.2L1.6 6.3C2.4 5.5 3.5 5 4.6 5A4.1 4.5 0 1 1 1.1 12'],
  6: [10.5, 'M7.4 .2C3.6 1.6 1 5 1 9.5M8.6 9.5A3.8 4.5 0 1 0 1 9.5A3.8 4.5 0 1 0 8.6 9.5'],
  7: [10.5, 'M1 0H8.6L3.6 14'],
  8: [
    10.5,
    'M8.1 3.3A3.3 3.3 0 1 0 1.5 3.3A3.3 3.3 0 1 0 8.1 3.3M8.7 10.3A3.9 3.7 0 1 0 .9 10.3A3.9 3.7 0 1 0 8.7 10.3',
  ],
  9: [10.5, 'M2.2 13.8C6 12.4 8.6 9 8.6 4.5M8.6 4.5A3.8 4.5 0 1 0 1 4.5A3.8 4.5 0 1 0 8.6 4.5'],
  ':': [4.7, dot(1.9, 6.4) + dot(1.9, 13.6)],
  ';': [4.7, `${dot(2.2, 6.4)}M2.4 13.6L1.2 16.8`],
  '<': [10.5, 'M8 3.5L1.4 8.5L8 13.5'],
  '=': [11, 'M1 6.4H9M1 10.6H9'],
  '>': [10.5, 'M1.8 3.5L8.4 8.5L1.8 13.5'],
  '?': [9.5, `M1 3.5A3.3 3.4 0 1 1 5.8 6.4C4.7 7.1 4.3 7.8 4.3 9.6${dot(4.3, 13.6)}`],
  '@': [
    16,
    'M9.6 7.6A2.7 3 0 1 0 4.2 7.6A2.7 3 0 1 0 9.6 7.6M9.6 4.8V8.6A2.1 2.1 0 0 0 13.8 8.4A6.3 7 0 1 0 10.6 14',
  ],
  A: [12.5, 'M1 14L5.8 0L10.6 14M2.7 9.2H8.9'],
  B: [11, 'M1 6.6H5.4M1 0H5.4A3.3 3.3 0 0 1 5.4 6.6A3.7 3.7 0 0 1 5.4 14H1V0'],
  C: [12, 'M10.2 3.2A5 7 0 1 0 10.2 10.8'],
  D: [12.5, 'M1 0H4.6A6 7 0 0 1 4.6 14H1V0'],
  E: [10.5, 'M8.4 0H1V14H8.6M1 6.8H7.4'],
  F: [10, 'M8.4 0H1V14M1 6.8H7.4'],
  G: [12.5, 'M10 2.8A5 7 0 1 0 10.6 8V7.6H6.8'],
  H: [11.5, 'M1 0V14M9.4 0V14M1 6.8H9.4'],
  I: [4.5, 'M1.8 0V14'],
  J: [9, 'M6.8 0V10A3 4 0 0 1 .8 11.4'],
  K: [11, 'M1 0V14M9 0L1 8.6M4 5.6L9.6 14'],
  L: [9.5, 'M1 0V14H8.2'],
  M: [14.5, 'M1 14V0L6.7 9.4L12.4 0V14'],
  N: [12, 'M1 14V0L9.8 14V0'],
  O: [13.5, RING],
  P: [10.5, 'M1 14V0H5.2A3.8 3.8 0 0 1 5.2 7.6H1'],
  Q: [13.5, `${RING}M7.4 10.4L11.2 14.8`],
  R: [11, 'M1 14V0H5.2A3.8 3.8 0 0 1 5.2 7.6H1M5.4 7.6L9.4 14'],
  S: [11, ESS],
  T: [11, 'M.8 0H9.8M5.3 0V14'],
  U: [12, 'M1 0V9.5A4.3 4.5 0 0 0 9.6 9.5V0'],
  V: [12, 'M.9 0L5.6 14L10.3 0'],
  W: [16.5, 'M.9 0L4.4 14L7.8 1.5L11.2 14L14.7 0'],
  X: [11, 'M1 0L9.4 14M9.4 0L1 14'],
  Y: [11, 'M.9 0L5.2 7.2L9.5 0M5.2 7.2V14'],
  Z: [11, 'M1 0H9.2L1 14H9.4'],
  '[': [6, 'M4.4 -1H1.4V16.5H4.4'],
  '\\': [8, 'M1 -.5L6.2 15.5'],
  ']': [6, 'M1.2 -1H4.2V16.5H1.2'],
  '^': [9.5, 'M1.2 5.6L4.4 .4L7.6 5.6'],
  _: [9.5, 'M.6 16H8.6'],
  '`': [5.5, 'M1.2 0L3.4 2.8'],
  a: [10.3, `${BOWL}M8 5V14`],
  b: [10.3, 'M8.3 9.5A3.5 4.5 0 1 0 1.3 9.5A3.5 4.5 0 1 0 8.3 9.5M1.2 0V14'],
  c: [9.2, 'M7.6 7.2A3.5 4.5 0 1 0 7.6 11.8'],
  d: [10.3, `${BOWL}M8 0V14`],
  e: [9.8, 'M1.1 9.5H8A3.5 4.5 0 1 0 7.2 12.6'],
  f: [6.8, 'M6 .2A2.8 3 0 0 0 3 3.2V14M.8 5.4H5.6'],
  g: [10.3, `${BOWL}M8 5V14.4A3.4 3.6 0 0 1 1.6 16.2`],
  h: [10, `M1 0V14${ARCH}`],
  i: [4, `M1.5 5V14${dot(1.5, 1.2)}`],
  j: [5, `M2.6 5V15A3 3 0 0 1 .2 17.9${dot(2.6, 1.2)}`],
  k: [9.3, 'M1 0V14M7.4 5L1 10.6M3.5 8.6L7.8 14'],
  l: [5, 'M1.5 0V11.6A2.4 2.4 0 0 0 3.9 14'],
  m: [15, 'M1 5V14M1 8.2A2.8 3.2 0 0 1 6.6 8.2V14M6.6 8.2A2.9 3.2 0 0 1 12.4 8.2V14'],
  n: [10, `M1 5V14${ARCH}`],
  o: [10, BOWL],
  p: [10.3, 'M8.3 9.5A3.5 4.5 0 1 0 1.3 9.5A3.5 4.5 0 1 0 8.3 9.5M1.2 5V18'],
  q: [10.3, `${BOWL}M8 5V18`],
  r: [7.3, 'M1 5V14M1 8.6A3.8 3.6 0 0 1 6 5.2'],
  s: [
    9,
    'M6.9 6.7C6.2 5.6 5.2 5 4 5C2.3 5 1.2 5.9 1.2 7.2C1.2 10.2 7.1 8.8 7.1 11.6C7.1 13 5.8 14 4.1 14C2.7 14 1.6 13.4 1 12.2',
  ],
  t: [7.5, 'M3.2 1.6V11.4A2.5 2.5 0 0 0 6.4 13.7M.8 5.2H6.2'],
  u: [10, 'M1 5V10.5A3.25 3.5 0 0 0 7.5 10.5M7.5 5V14'],
  v: [9.3, 'M.9 5L4.2 14L7.5 5'],
  w: [13.3, 'M.9 5L3.6 14L6.2 5.8L8.8 14L11.5 5'],
  x: [9, 'M1 5L7.2 14M7.2 5L1 14'],
  y: [9.3, 'M.9 5L4.3 13.6M7.6 5L3.9 15.6A2.6 2.6 0 0 1 1 17.8'],
  z: [9, 'M1.2 5H7L1 14H7.4'],
  '{': [
    6.5,
    'M4.8 -1C2.2 -1 3.4 4 2.6 6C2.3 7 1.7 7.5 .9 7.7C1.7 8 2.3 8.5 2.6 9.5C3.4 11.5 2.2 16.5 4.8 16.5',
  ],
  '|': [4.5, 'M1.8 -1V16.5'],
  '}': [6.5, 'M1 -1C3.6 -1 2.4 4 3.2 6C3.5 7 4.1 7.5 4.9 7.7C4.1 8 3.5 8.5 3.2 9.5C2.4 11.5 3.6 16.5 1 16.5'],
  '~': [10.5, 'M1 9.6C1.8 7.4 3.4 7.2 4.8 8.5S7.8 9.6 8.6 7.4'],
};

/** A box in place of characters that there are no strokes for. */
const MISSING = [10, 'M1 1H7.6V13.4H1V1'] as const;

function glyphsOf(text: string): (readonly [number, string])[] {
  // Letters keep their shape when they lose their accents.
  const plain = text.normalize('NFD').replace(/\p{Mark}/gu, '');
  return [...plain].map((character) => (Object.hasOwn(GLYPHS, character) ? GLYPHS[character]! : MISSING));
}

/** Width of a line of text, in pixels. @param capHeight - Height of its capitals, in pixels. */
export function textWidth(text: string, capHeight: number): number {
  return (glyphsOf(text).reduce((sum, [advance]) => sum + advance + TRACKING, 0) * capHeight) / CAP_HEIGHT;
}

/**
 * Draws a line of text.
 *
 * @param x - Left end, in pixels.
 * @param top - Top of the capitals, in pixels.
 * @param capHeight - Height of the capitals, in pixels.
 * @param colour - As SVG writes it.
 * @returns An SVG element.
 */
export function textToSvg(text: string, x: number, top: number, capHeight: number, colour: string): string {
  const scale = capHeight / CAP_HEIGHT;
  let pen = 0;
  const paths: string[] = [];
  for (const [advance, path] of glyphsOf(text)) {
    if (path !== '') paths.push(`<path transform="translate(${pen.toFixed(2)})" d="${path}"/>`);
    pen += advance + TRACKING;
  }
  const place = `translate(${x.toFixed(2)} ${top.toFixed(2)}) scale(${scale.toFixed(4)})`;
  const stroke = `stroke="${colour}" stroke-width="${STROKE_WIDTH}" stroke-linecap="round" stroke-linejoin="round"`;
  return `<g transform="${place}" fill="none" ${stroke}>${paths.join('')}</g>`;
}
