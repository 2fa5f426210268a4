// Pictures that no photograph looks like: what they cost shows how a model codes what it was not trained on.
import sharp from 'sharp';

/** Longest side that encode fits to unless asked otherwise: the pictures are coded as they are. */
const SIDE = 288;

/** @typedef {(x: number, y: number) => readonly [number, number, number]} Painter */

/** @param {number} value */
const grey = (value) => /** @type {const} */ ([value, value, value]);

/**
 * Numbers from 0 up to 255 that look random and are the same everywhere (a linear congruential generator).
 *
 * @param {number} seed
 */
function noise(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
}

const [next, red, green, blue] = [noise(1), noise(2), noise(3), noise(4)];

/**
 * What is drawn, in the order of the listing.
 *
 * @type {Readonly<Record<string, Painter>>}
 */
const PAINTERS = {
  'flat black': () => grey(0),
  'flat grey': () => grey(128),
  'flat white': () => grey(255),
  'flat red': () => [255, 0, 0],
  'flat blue': () => [0, 0, 255],
  'a ramp from black to white': (x) => grey(Math.round((255 * x) / (SIDE - 1))),
  'grey noise': () => grey(next()),
  'coloured noise': () => [red(), green(), blue()],
  'faint grey noise': () => grey(120 + (next() >> 4)),
  'stripes of 1 pixel': (x) => grey(x % 2 === 0 ? 0 : 255),
  'stripes of 8 pixels': (x) => grey(x % 16 < 8 ? 0 : 255),
  'stripes of 64 pixels': (x) => grey(x % 128 < 64 ? 0 : 255),
  'a checkerboard of 4 pixels': (x, y) => grey(((x >> 2) + (y >> 2)) % 2 === 0 ? 0 : 255),
};

/** Qualities of the listing. */
export const PLAIN_QUALITIES = [10, 50, 90];

/**
 * Draws the pictures, 288 x 288 pixels each.
 *
 * @returns {Promise<{ name: string, png: Buffer }[]>}
 */
export function drawPlainPictures() {
  return Promise.all(
    Object.entries(PAINTERS).map(async ([name, paint]) => {
      const pixels = Buffer.alloc(3 * SIDE * SIDE);
      for (let i = 0; i < SIDE * SIDE; i++) pixels.set(paint(i % SIDE, Math.floor(i / SIDE)), 3 * i);
      const raw = { width: SIDE, height: SIDE, channels: /** @type {const} */ (3) };
      return { name, png: await sharp(pixels, { raw }).png().toBuffer() };
    }),
  );
}
