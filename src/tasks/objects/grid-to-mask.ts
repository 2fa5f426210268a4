import type { PictureScale } from '../../geometry.js';
import type { Box } from './box.js';
import { MASK_STRIDE, type MaskGrid } from './dynamic-mask.js';
import { type RunLengthMask, writeRuns } from './run-length-mask.js';

/**
 * Mask of an object in source pixels: logits are interpolated bilinearly between the cells' centres, and a pixel whose
 * centre lies in the box and where they exceed 0 belongs to the object.
 *
 * There is no bitmap on the way. A mask is stored column by column, and down a column the logits are straight lines
 * between the rows of the grid, so each column costs one step per row of the grid and a search where a line crosses 0:
 * a photograph may claim to be 65,535 pixels wide and high.
 *
 * @param box - In coded pixels, as are the grid's place and size.
 */
export function gridToMask(grid: MaskGrid, box: Box, scale: PictureScale): RunLengthMask {
  const { sourceWidth, sourceHeight } = scale;
  const scaleX = sourceWidth / scale.width;
  const scaleY = sourceHeight / scale.height;
  const [left, right] = pixelRange(box.left * scaleX, box.right * scaleX, sourceWidth);
  const [top, bottom] = pixelRange(box.top * scaleY, box.bottom * scaleY, sourceHeight);
  /** Place of a source pixel's centre among the centres of the grid's cells. */
  const gridX = (x: number) => within(((x + 0.5) / scaleX - grid.x) / MASK_STRIDE - 0.5, grid.width - 1);
  const gridY = (y: number) => within(((y + 0.5) / scaleY - grid.y) / MASK_STRIDE - 0.5, grid.height - 1);

  // Rows of pixels that lie between two rows of the grid: from starts[j] to starts[j + 1].
  const gaps = Math.max(1, grid.height - 1);
  const starts = Array.from({ length: gaps + 1 }, (_, j) =>
    j === 0 ? top : j === gaps ? bottom : firstWhere(top, bottom, (y) => gridY(y) >= j),
  );
  const runs = [0];
  const append = (length: number, isObject: boolean) => {
    if (length === 0) return;
    if (runs.length % 2 === (isObject ? 0 : 1)) runs[runs.length - 1]! += length;
    else runs.push(length);
  };
  const column = new Float64Array(gaps + 1);
  append(left * sourceHeight, false);
  for (let x = left; x < right; x++) {
    interpolateColumn(grid, gridX(x), column);
    append(top, false);
    for (let j = 0; j < gaps; j++) {
      const [from, to] = [starts[j]!, starts[j + 1]!];
      const [above, below] = [column[j]!, column[j + 1]!];
      if (above > 0 === below > 0) {
        append(to - from, above > 0);
        continue;
      }
      const isObject = (y: number) => above + (below - above) * (gridY(y) - j) > 0;
      const change = firstWhere(from, to, (y) => isObject(y) === below > 0);
      append(change - from, above > 0);
      append(to - change, below > 0);
    }
    append(sourceHeight - bottom, false);
  }
  append((sourceWidth - right) * sourceHeight, false);
  return writeRuns(runs, sourceHeight, sourceWidth);
}

/** The grid's values at a place between its columns, for every row; a single row counts twice. */
function interpolateColumn({ logits, width, height }: MaskGrid, place: number, column: Float64Array): void {
  const before = Math.floor(place);
  const after = Math.min(before + 1, width - 1);
  const share = place - before;
  for (let j = 0; j < column.length; j++) {
    const row = Math.min(j, height - 1) * width;
    const value = logits[row + before]!;
    column[j] = value + (logits[row + after]! - value) * share;
  }
}

/** Pixels whose centres lie between two places: the first, and the one after the last. */
function pixelRange(from: number, to: number, count: number): [number, number] {
  const first = Math.max(0, Math.ceil(from - 0.5));
  return [first, Math.max(first, Math.min(count, Math.ceil(to - 0.5)))];
}

/** Smallest integer from `from` to `to` where a condition holds that goes on holding; `to` if there is none. */
function firstWhere(from: number, to: number, holds: (value: number) => boolean): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function within(value: number, largest: number): number {
  return Math.min(Math.max(value, 0), largest);
}
