import { BackendError, type ErrorCode } from '../errors.js';
import { type PictureArea, type Tile, tileGrid } from '../geometry.js';
import { nameTaskMaps, type TaskMaps, type TaskSelection } from '../networks/task-network.js';
import type { FeatureMap } from '../nn/backend.js';
import type { CallOptions } from './encode-picture.js';
import type { Networks } from './networks.js';
import { overlap } from './overlap.js';
import type { PictureSource } from './picture-source.js';
import { type WindowGrid, windowGrid } from './windows.js';

/** What the heads say about one window of a picture. */
export interface WindowMaps extends PictureArea {
  readonly maps: TaskMaps;
  /** Whether a box, in pixels of the picture, is cut by this window's edge and lies whole in another window. */
  isCut(box: Parameters<WindowGrid['isCut']>[0]): boolean;
}

/** Part of the work on a picture: some tiles to classify, a window to find objects in, or both. */
interface Step {
  readonly tiles: readonly Tile[];
  /** Number of the window. */
  readonly window?: number;
}

/**
 * Runs the task networks over a picture: classification tile by tile, detection window by window. A picture of one
 * tile has one window, which is that tile, and one run of one network says everything that is wanted.
 *
 * @param onWindow - Called with the windows in raster order, where boxes are wanted.
 * @returns Logits [classes] where classes are wanted: the mean over the tiles, weighted by their pixels. Because the
 *   last layer is linear, that is the last layer applied to the weighted mean of the tiles' pooled features.
 * @throws BackendError `bad-logits`, `bad-detections` when a network's outputs are no finite numbers.
 */
export async function analysePicture(
  networks: Networks,
  source: PictureSource,
  wanted: TaskSelection,
  onWindow: (window: WindowMaps) => void,
  { signal, onProgress }: CallOptions = {},
): Promise<Float32Array | undefined> {
  const { width, height } = source;
  const grid = tileGrid(width, height);
  const windows = windowGrid(width, height);
  const tileCount = grid.columns * grid.rows;
  const stepCount = wanted.boxes ? windows.columns * windows.rows : tileCount;
  const stepAt = (index: number): Step => {
    if (!wanted.boxes) return { tiles: [grid.tile(index)] };
    return { tiles: tilesOf(windows, index, grid), window: index };
  };
  const run = async (area: PictureArea, { classes, boxes, masks }: TaskSelection): Promise<TaskMaps> => {
    // In this order always: the choice is the key under which the compiled network is kept.
    const selection = { classes, boxes, masks };
    return nameTaskMaps(
      selection,
      await networks.run({ from: source.from, selection }, source.cut(area), signal),
    );
  };

  let sums: Float64Array | undefined;
  const addLogits = (logits: FeatureMap, tile: Tile) => {
    checkFinite([logits], 'bad-logits', 'classifier');
    sums ??= new Float64Array(logits.data.length);
    const weight = (tile.width * tile.height) / (width * height);
    for (let i = 0; i < sums.length; i++) sums[i]! += weight * logits.data[i]!;
  };
  const start = async (index: number) => {
    signal?.throwIfAborted();
    const step = stepAt(index);
    const area = step.window === undefined ? step.tiles[0]! : windows.window(step.window);
    // One run says everything where tile and window are the same; elsewhere the classifier keeps to its tiles.
    const together = tileCount === 1 || !wanted.boxes;
    const first = run(area, together ? wanted : { ...wanted, classes: false });
    const separate =
      together || !wanted.classes
        ? []
        : step.tiles.map((tile) => run(tile, { classes: true, boxes: false, masks: false }));
    source.release(area.x, area.y);
    const [maps, ...others] = await Promise.all([first, ...separate]);
    return { step, area, maps: maps!, others };
  };

  let tilesDone = 0;
  for await (const { step, area, maps, others } of overlap(stepCount, start)) {
    const classified = maps.logits === undefined ? others : [maps];
    for (const [i, { logits }] of classified.entries()) addLogits(logits!, step.tiles[i]!);
    if (step.window !== undefined) {
      const { window } = step;
      checkFinite(headMaps(maps), 'bad-detections', 'detector');
      onWindow({ ...pick(area), maps, isCut: (box) => windows.isCut(box, window) });
    }
    tilesDone += step.tiles.length;
    onProgress?.(tilesDone, tileCount);
  }
  return sums && Float32Array.from(sums);
}

/** Each tile belongs to one window: the one that begins with it, or the last before it. */
function tilesOf(windows: WindowGrid, index: number, grid: ReturnType<typeof tileGrid>): Tile[] {
  const [column, row] = [index % windows.columns, Math.floor(index / windows.columns)];
  const end = (at: number, count: number, all: number) => (at === count - 1 ? all : at + 1);
  const tiles: Tile[] = [];
  for (let r = row; r < end(row, windows.rows, grid.rows); r++) {
    for (let c = column; c < end(column, windows.columns, grid.columns); c++) {
      tiles.push(grid.tile(r * grid.columns + c));
    }
  }
  return tiles;
}

function headMaps({ levels = [], mask }: TaskMaps): FeatureMap[] {
  const maps = levels.flatMap(({ classes, distances, controller }) => [classes, distances, controller]);
  return [...maps, mask].filter((map) => map !== undefined);
}

function pick({ x, y, width, height }: PictureArea): PictureArea {
  return { x, y, width, height };
}

/** A file made for the purpose can make networks overflow; nobody downstream should have to look for the NaN. */
function checkFinite(maps: readonly FeatureMap[], code: ErrorCode<'BackendError'>, network: string): void {
  for (const { data } of maps) {
    for (let i = 0; i < data.length; i++) {
      if (!Number.isFinite(data[i]!)) {
        throw new BackendError(code, `the ${network} network gave values that are no finite numbers`);
      }
    }
  }
}
