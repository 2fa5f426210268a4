import { printable } from '../../printable.js';

/** Colours that are told apart by most eyes, on white and on near-black, after Okabe and Ito. */
const COLOURS: Readonly<Record<string, readonly [onLight: string, onDark: string]>> = {
  dicm: ['#c8102e', '#ff6b6b'],
  'dicm-view': ['#e3008c', '#ff77c9'],
  jpeg: ['#8a6d00', '#d9b441'],
  webp: ['#007a5a', '#3ec79b'],
  avif: ['#0063b2', '#5cb3ff'],
  jpeg2000: ['#a34700', '#f0975a'],
  hevc: ['#5b3fa8', '#b39dff'],
  bpg: ['#1d7f8c', '#6fd3df'],
  jpegxl: ['#b0307a', '#f28cc4'],
  vvc: ['#3d6b1f', '#9fd36f'],
  vtm: ['#555f6b', '#b4bfca'],
};

/** Outlines around (0, 0), so that curves are told apart without colours too. */
const MARKERS: Readonly<Record<string, string>> = {
  dicm: 'M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0Z',
  'dicm-view': 'M0 -6L1.5 -1.9L5.7 -1.9L2.4 .7L3.5 4.9L0 2.4L-3.5 4.9L-2.4 .7L-5.7 -1.9L-1.5 -1.9Z',
  jpeg: 'M-4 -4H4V4H-4Z',
  webp: 'M0 -5.2L5.2 0L0 5.2L-5.2 0Z',
  avif: 'M0 -5L5 4H-5Z',
  jpeg2000: 'M0 5L5 -4H-5Z',
  hevc: 'M-5 -1.5H-1.5V-5H1.5V-1.5H5V1.5H1.5V5H-1.5V1.5H-5Z',
  bpg: 'M-5 4V-4L5 0Z',
  jpegxl: 'M5 4V-4L-5 0Z',
  vvc: 'M0 -5L4.8 -1.5L3 4H-3L-4.8 -1.5Z',
  vtm: 'M-4.5 -2L0 -5L4.5 -2V2.5L0 5L-4.5 2.5Z',
};

/** Colours of a codec's curves, points and names, by its id. */
export function coloursOf(id: string): readonly [onLight: string, onDark: string] {
  return COLOURS[id] ?? COLOURS.vtm!;
}

/** Outline of a codec's points around (0, 0), by its id. */
export function markerOf(id: string): string {
  return MARKERS[id] ?? MARKERS.jpeg!;
}

/** A coordinate, as short as it may be. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Text for SVG: markup and control characters are written as what they are. */
export function escapeText(text: string): string {
  return printable(text).replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
}
