import type { BitReport } from 'dicm/browser';

/** Source pixels on a side of a latent position. */
const LATENT_STRIDE = 16;

/** Bits of the cheapest and the dearest position: ends of the scale. */
export function bitRange({ positionBits }: BitReport): { least: number; most: number } {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (const bits of positionBits) {
    least = Math.min(least, bits);
    most = Math.max(most, bits);
  }
  return { least: Math.min(least, most), most };
}

/** Colour of a share of the scale, 0 to 1: dark violet, red, yellow; lightness rises all the way. */
export function bitColour(share: number): [red: number, green: number, blue: number] {
  return [255 * Math.min(1, 1.6 * share), 255 * share * share * 0.9, 90 * (1 - share) + 20];
}

/** Paints one pixel for each latent position; how large it is shown is for styles to say. */
export function paintBitMap(canvas: HTMLCanvasElement, report: BitReport): void {
  const { width, height, positionBits } = report;
  const { least, most } = bitRange(report);
  canvas.width = width;
  canvas.height = height;
  const pixels = new ImageData(width, height);
  positionBits.forEach((bits, i) => {
    const share = (bits - least) / Math.max(most - least, 1e-9);
    pixels.data.set([...bitColour(share), 255], 4 * i);
  });
  canvas.getContext('2d')!.putImageData(pixels, 0, 0);
}

/**
 * How far the map reaches beyond the picture: its last positions may stand for fewer pixels than they have.
 *
 * @returns Size of the map in sizes of the picture, 1 or a little more.
 */
export function bitMapExtent({ width, height, header }: BitReport): { width: number; height: number } {
  return {
    width: (width * LATENT_STRIDE) / header.width,
    height: (height * LATENT_STRIDE) / header.height,
  };
}
