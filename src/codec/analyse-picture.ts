import { type PictureArea, type PictureScale, type Tile, tileGrid } from '../geometry.js';
import { answerParts, taskNetwork } from '../networks/task-network.js';
import type { FeatureMap, Named } from '../nn/backend.js';
import { chooseTasks, type Task } from '../tasks/all-tasks.js';
import type { Box } from '../tasks/objects/box.js';
import type { AnswerMaps, TaskAnswers, TaskDefinition, TaskOptions } from '../tasks/task.js';
import type { CallHooks } from './call-hooks.js';
import type { OpenModel } from './model-shelf.js';
import { overlap } from './overlap.js';
import type { PictureSource } from './picture-source.js';
import { type WindowGrid, windowGrid } from './windows.js';

/** Part of the work on a picture: a window with the tiles that belong to it, or a tile. */
interface Step {
  /** What the first run of a network sees. */
  readonly area: PictureArea;
  readonly tiles: readonly Tile[];
  readonly index: number;
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
  await asked.model.tensorsFor(open.flatMap(({ task }) => task.reads ?? []));
  const source = openSource();

  const plan = planSteps(source.region, byWindow.length > 0);
  const run = (area: PictureArea, asking: readonly { task: TaskDefinition }[]) => {
    const parts = answerParts.filter((part) => asking.some(({ task }) => task.parts.includes(part)));
    return networks.run(taskNetwork(source.from, parts), source.cut(area), signal);
  };
  const start = async (index: number) => {
    signal?.throwIfAborted();
    const step = plan.stepAt(index);
    const first = run(step.area, plan.together ? open : byWindow);
    const separate = plan.together || byTile.length === 0 ? [] : step.tiles.map((tile) => run(tile, byTile));
    source.release(step.area.x, step.area.y);
    const [maps, ...others] = await Promise.all([first, ...separate]);
    return { step, maps: maps!, others };
  };

  let tilesDone = 0;
  for await (const { step, maps, others } of overlap(plan.stepCount, start)) {
    for (const { collector } of byTile) {
      for (const [i, tile] of step.tiles.entries()) {
        collector.add(partOf(source.region, tile, plan.together ? maps : others[i]!));
      }
    }
    for (const { collector } of byWindow) {
      collector.add(partOf(source.region, step.area, maps, (box) => plan.isCut(box, step)));
    }
    tilesDone += step.tiles.length;
    onProgress?.(tilesDone, plan.tileCount);
  }
  return Object.assign({}, ...open.map(({ collector }) => collector.finish()));
}

/** The steps in which a region is looked at: by windows where a task wants them, else by tiles. */
function planSteps({ width, height }: PictureArea, inWindows: boolean) {
  const grid = tileGrid(width, height);
  const windows = windowGrid(width, height);
  const tileCount = grid.columns * grid.rows;
  return {
    tileCount,
    // One run says everything where tile and window are the same.
    together: tileCount === 1 || !inWindows,
    stepCount: inWindows ? windows.columns * windows.rows : tileCount,
    stepAt: (index: number): Step => {
      if (!inWindows) return { area: grid.tile(index), tiles: [grid.tile(index)], index };
      return { area: windows.window(index), tiles: tilesOf(windows, index, grid), index };
    },
    isCut: (box: Box, { index }: Step) => windows.isCut(box, index),
  };
}

/**
 * One part of a region with what the networks say about it, in pixels of the whole picture.
 *
 * @param isCut - Of a box in pixels of the region.
 */
function partOf(
  region: PictureArea,
  { x, y, width, height }: PictureArea,
  maps: Named<FeatureMap>,
  isCut: (box: Box) => boolean = () => false,
): AnswerMaps {
  const { x: left, y: top } = region;
  return {
    ...{ x: left + x, y: top + y, width, height, maps },
    weight: (width * height) / (region.width * region.height),
    isCut: (box) =>
      isCut({
        left: box.left - left,
        top: box.top - top,
        right: box.right - left,
        bottom: box.bottom - top,
      }),
  };
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
