/** Zero crossings of the kernel on a side: Lanczos3, as the image library on Node uses. */
const LOBES = 3;

/** What one position of a fitted row or column is made of. */
interface Taps {
  /** First position of the source. */
  readonly first: number;
  /** Weights from there on; they sum to 1. */
  readonly weights: Float32Array;
}

/** Of a picture, in pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Fits a picture with a Lanczos filter, some rows at a time, so that a photograph need not be in memory twice.
 *
 * Rows of the source are four bytes a pixel, of which the last is passed over; held of them is a picture as wide as the
 * fitted one and as high as the source.
 */
export class LanczosFitter {
  readonly #sourceWidth: number;
  readonly #width: number;
  readonly #height: number;
  readonly #across: readonly Taps[];
  readonly #down: readonly Taps[];
  /** Rows of the source fitted across, [height][width][3]. */
  readonly #fitted: Float32Array;
  #filled = 0;

  /** Sizes in pixels; the fitted one is no larger. */
  constructor(source: Size, { width, height }: Size) {
    this.#sourceWidth = source.width;
    this.#width = width;
    this.#height = height;
    this.#across = tapsOf(source.width, width);
    this.#down = tapsOf(source.height, height);
    this.#fitted = new Float32Array(3 * width * source.height);
  }

  /**
   * Takes the next rows.
   *
   * @param rows - [count][source width][4]
   */
  push(rows: Uint8ClampedArray): void {
    const out = this.#fitted;
    let to = this.#filled;
    for (let row = 0; row < rows.length; row += 4 * this.#sourceWidth) {
      for (const { first, weights } of this.#across) {
        let [red, green, blue] = [0, 0, 0];
        for (let i = 0, at = row + 4 * first; i < weights.length; i++, at += 4) {
          const weight = weights[i]!;
          red += weight * rows[at]!;
          green += weight * rows[at + 1]!;
          blue += weight * rows[at + 2]!;
        }
        out[to++] = red;
        out[to++] = green;
        out[to++] = blue;
      }
    }
    this.#filled = to;
  }

  /** The fitted picture, when all rows were taken: [height][width][3]. */
  finish(): Uint8Array {
    const length = 3 * this.#width;
    const pixels = new Uint8ClampedArray(length * this.#height);
    const sums = new Float32Array(length);
    this.#down.forEach(({ first, weights }, y) => {
      sums.fill(0);
      for (let i = 0; i < weights.length; i++) {
        const weight = weights[i]!;
        const from = (first + i) * length;
        for (let x = 0; x < length; x++) sums[x]! += weight * this.#fitted[from + x]!;
      }
      pixels.set(sums, y * length);
    });
    return new Uint8Array(pixels.buffer);
  }
}

/** Weights for every position of a side that is fitted from one of so many pixels. */
function tapsOf(from: number, to: number): Taps[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, position) => {
    const centre = (position + 0.5) * scale - 0.5;
    const first = Math.max(0, Math.ceil(centre - LOBES * scale));
    const last = Math.min(from - 1, Math.floor(centre + LOBES * scale));
    const weights = Float32Array.from({ length: last - first + 1 }, (_, i) =>
      kernel((first + i - centre) / scale),
    );
    const sum = weights.reduce((a, b) => a + b);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/** sinc(x) sinc(x / 3) within three lobes. */
function kernel(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= LOBES) return 0;
  const angle = Math.PI * x;
  return (LOBES * Math.sin(angle) * Math.sin(angle / LOBES)) / angle ** 2;
}
