import type { TilePayload } from '../../container/dicm-file.js';
import { MAX_QUALITY_POSITION } from '../../geometry.js';
import type { WorkOptions } from '../call-hooks.js';
import type { OpenModel } from '../model-shelf.js';
import { stepsOf, weightAt } from './effort.js';
import { type TileChoice, TileRefiner, type TileSource } from './refine-tile.js';

/**
 * A tile's payload at a quality position, refined. It keeps the plain one where refinement gained nothing: where decoders
 * see no less of the largest plain payload, at whatever position, that takes as many bytes.
 */
export async function refineTile(
  model: OpenModel,
  source: TileSource,
  position: number,
  effort: number,
  work: WorkOptions,
): Promise<TilePayload> {
  const refiner = await openRefiner(model, source, work);
  const weight = weightAt(position, pixelsOf(source));
  const refined = await refiner.refine({ position, steps: stepsOf(effort), weight });
  if (refined === undefined) return source.analysed.encode(position);
  const equal = plainPosition(source, refined.payload.bytes.length);
  const plain = await refiner.plain(equal ?? position);
  const cost = ({ payload, distortion }: TileChoice) => 8 * payload.bytes.length + weight * distortion;
  // No plain payload is as small: then what it saves has to be worth what it loses.
  const gains = equal === undefined ? cost(refined) < cost(plain) : refined.distortion < plain.distortion;
  return gains ? refined.payload : source.analysed.encode(position);
}

/** Tiles of a picture that were refined to the size of plain ones. */
export interface RefinedTiles {
  readonly tiles: TilePayload[];
  /** Whether decoders see more of them than of the plain ones. */
  readonly gains: boolean;
}

/**
 * The tiles of a picture, refined at one position to payloads no larger than its plain ones at another, higher one.
 */
export async function refineToSizes(
  model: OpenModel,
  sources: readonly TileSource[],
  position: number,
  plainAt: number,
  effort: number,
  work: WorkOptions,
): Promise<RefinedTiles> {
  const tiles: TilePayload[] = [];
  let difference = 0;
  for (const tile of sources) {
    const refiner = await openRefiner(model, tile, work);
    const plain = await refiner.plain(plainAt);
    const weight = weightAt(position, pixelsOf(tile));
    const goal = { position, steps: stepsOf(effort), weight, budgetBytes: plain.payload.bytes.length };
    const chosen = (await refiner.refine(goal)) ?? (await refiner.plain(position));
    difference += pixelsOf(tile) * (chosen.distortion - plain.distortion);
    tiles.push(chosen.payload);
    work.onProgress?.(tiles.length, sources.length);
  }
  return { tiles, gains: difference < 0 };
}

function openRefiner(model: OpenModel, source: TileSource, work: WorkOptions): Promise<TileRefiner> {
  const detects = model.model.manifest.detection !== undefined;
  return model.networks().then((networks) => TileRefiner.open(networks, source, detects, work));
}

/** Highest position, by bisection, whose plain payload takes at most so many bytes; nothing where none does. */
function plainPosition({ analysed }: TileSource, bytes: number): number | undefined {
  const fits = (position: number) => analysed.encode(position).bytes.length <= bytes;
  if (!fits(0)) return undefined;
  let [low, high] = [0, MAX_QUALITY_POSITION + 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function pixelsOf({ tile }: TileSource): number {
  return tile.width * tile.height;
}
