import { type PictureArea, type PictureScale, type Tile, tileGrid } from '../geometry.js';
import { answerParts, taskNetwork } from '../networks/task-network.js';
import type { FeatureMap, Named } from '../nn/backend.js';
import { chooseTasks, type Task } from '../tasks/all-tasks.js';
import type { TaskAnswers, TaskDefinition, TaskOptions } from '../tasks/task.js';
import type { CallHooks } from './call-hooks.js';
import type { OpenModel } from './model-shelf.js';
import { overlap } from './overlap.js';
import type { PictureSource } from './picture-source.js';
import { type WindowGrid, windowGrid } from './windows.js';

/** Part of the work on a picture: some tiles, a window, or both. */
interface Step {
  readonly tiles: readonly Tile[];
  /** Number of the window. */
  readonly window?: number;
}

/**
 * Runs the task networks over a picture, or a region of it, and collects the answers: some tasks look at it tile by tile,
 * others window by window. A picture of one tile has one window, which is that tile, and one run of one network says
 * everything that is wanted.
 *
 * @param openSource - Called when the model is known to be able to answer.
 * @throws UsageError as {@link chooseTasks}; ModelError where the model cannot answer; BackendError `bad-logits`,
 *   `bad-detections`, `bad-embedding` when a network's outputs are no finite numbers.
 */
export async function analysePicture(
  asked: OpenModel,
  openSource: () => PictureSource,
  scale: PictureScale,
  tasks: readonly Task[],
  { signal, onProgress, ...options }: TaskOptions & CallHooks,
): Promise<TaskAnswers> {
  const open = chooseTasks(tasks, options).map((task) => ({
    task,
    collector: task.open(asked.model, scale, options),
  }));
  const byTile = open.filter(({ task }) => task.area === 'tile');
  const byWindow = open.filter(({ task }) => task.area === 'window');
  const networks = await asked.networks();
  const source = openSource();

  const { x: left, y: top, width, height } = source.region;
  const grid = tileGrid(width, height);
  const windows = windowGrid(width, height);
  const tileCount = grid.columns * grid.rows;
  // One run says everything where tile and window are the same.
  const together = tileCount === 1 || byWindow.length === 0;
  const stepCount = byWindow.length > 0 ? windows.columns * windows.rows : tileCount;
  const stepAt = (index: number): Step => {
    if (byWindow.length === 0) return { tiles: [grid.tile(index)] };
    return { tiles: tilesOf(windows, index, grid), window: index };
  };
  const run = (area: PictureArea, asking: readonly { task: TaskDefinition }[]) => {
    const parts = answerParts.filter((part) => asking.some(({ task }) => task.parts.includes(part)));
    return networks.run(taskNetwork(source.from, parts), source.cut(area), signal);
  };
  const start = async (index: number) => {
    signal?.throwIfAborted();
    const step = stepAt(index);
    const area = step.window === undefined ? step.tiles[0]! : windows.window(step.window);
    const first = run(area, together ? open : byWindow);
    const separate = together || byTile.length === 0 ? [] : step.tiles.map((tile) => run(tile, byTile));
    source.release(area.x, area.y);
    const [maps, ...others] = await Promise.all([first, ...separate]);
    return { step, area, maps: maps!, others };
  };
  const partOf = (area: PictureArea, maps: Named<FeatureMap>, window?: number) => ({
    x: left + area.x,
    y: top + area.y,
    width: area.width,
    height: area.height,
    maps,
    weight: (area.width * area.height) / (width * height),
    isCut: (box: Parameters<WindowGrid['isCut']>[0]) =>
      window !== undefined &&
      windows.isCut(
        { left: box.left - left, top: box.top - top, right: box.right - left, bottom: box.bottom - top },
        window,
      ),
  });

  let tilesDone = 0;
  for await (const { step, area, maps, others } of overlap(stepCount, start)) {
    for (const { collector } of byTile) {
      for (const [i, tile] of step.tiles.entries()) {
        collector.add(partOf(tile, together ? maps : others[i]!));
      }
    }
    for (const { collector } of byWindow) collector.add(partOf(area, maps, step.window));
    tilesDone += step.tiles.length;
    onProgress?.(tilesDone, tileCount);
  }
  return Object.assign({}, ...open.map(({ collector }) => collector.finish()));
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
