import { type RunLengthMask, readRuns } from './run-length-mask.js';

/**
 * Samples a mask at the centres of a grid that covers the whole picture. Memory goes with the grid, not with the
 * picture.
 *
 * @returns [height][width], 1 for the object and 0 for the rest.
 * @throws UsageError `bad-mask` for a string that is no mask of its size.
 */
export function sampleMask(mask: RunLengthMask, width: number, height: number): Uint8Array {
  const [maskHeight, maskWidth] = mask.size;
  const runs = readRuns(mask);
  const samples = new Uint8Array(width * height);
  // Runs go down the columns, from left to right, and so does this.
  let run = 0;
  let end = runs[0] ?? 0;
  for (let x = 0; x < width; x++) {
    const column = Math.floor(((x + 0.5) * maskWidth) / width) * maskHeight;
    for (let y = 0; y < height; y++) {
      const pixel = column + Math.floor(((y + 0.5) * maskHeight) / height);
      if (pixel < end - (runs[run] ?? 0)) [run, end] = [0, runs[0] ?? 0];
      while (pixel >= end && run < runs.length - 1) end += runs[++run]!;
      if (run % 2 === 1) samples[y * width + x] = 1;
    }
  }
  return samples;
}
