import sharp from 'sharp';

/** Sides of a heatmap picture are at least this long, if the map is not itself larger. */
const LEAST_SIDE = 512;

/** Black, violet, red, orange, pale yellow: grows in brightness all the way, so it survives printing in grey. */
const STOPS: readonly (readonly [number, number, number])[] = [
  [0, 0, 4],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [252, 255, 164],
];

/**
 * Draws a map of numbers as a PNG, from black for 0 to pale yellow for the largest, each number a square.
 *
 * @param values - [height][width], not negative.
 * @returns The PNG file.
 */
export async function drawHeatmap(
  values: ArrayLike<number>,
  height: number,
  width: number,
): Promise<Uint8Array> {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, values[i]!);
  const pixels = Buffer.alloc(height * width * 3);
  for (let i = 0; i < height * width; i++) {
    const place = largest === 0 ? 0 : (values[i]! / largest) * (STOPS.length - 1);
    const below = Math.min(Math.floor(place), STOPS.length - 2);
    for (let c = 0; c < 3; c++) {
      const [from, to] = [STOPS[below]![c]!, STOPS[below + 1]![c]!];
      pixels[i * 3 + c] = Math.round(from + (to - from) * (place - below));
    }
  }
  const zoom = Math.max(1, Math.min(16, Math.floor(LEAST_SIDE / Math.max(height, width))));
  const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize(width * zoom, height * zoom, { kernel: 'nearest', fit: 'fill' })
    .png()
    .toBuffer();
  return new Uint8Array(png);
}
