import type { TilePayload } from '../../container/dicm-file.js';
import { MAX_QUALITY_POSITION } from '../../geometry.js';
import type { WorkOptions } from '../call-hooks.js';
import type { OpenModel } from '../model-shelf.js';
import { stepsOf, weightAt } from './effort.js';
import { type TileChoice, TileRefiner, type TileSource } from './refine-tile.js';

/** How a tile of a picture is refined. */
export interface TileRefinement {
  readonly position: number;
  readonly effort: number;
  /** Whether its payload may take no more bytes than the plain one. */
  readonly keepSize: boolean;
}

/**
 * A tile's payload at a quality position, refined. It keeps the plain one where refinement gained nothing: where decoders
 * see no less of the largest plain payload, at whatever position, that takes as many bytes.
 */
export async function choosePayload(
  model: OpenModel,
  source: TileSource,
  { position, effort, keepSize }: TileRefinement,
  work: WorkOptions,
): Promise<TilePayload> {
  const refiner = await openRefiner(model, source, work);
  const weight = weightAt(position, source.tile.width * source.tile.height);
  const payload = source.analysed.encode(position);
  const budgetBytes = keepSize ? payload.bytes.length : undefined;
  const refined = await refiner.refine({ position, steps: stepsOf(effort), weight, budgetBytes });
  if (refined === undefined) return payload;
  const equal = keepSize ? position : plainPosition(source, refined.payload.bytes.length);
  const plain = await refiner.plain(equal ?? position);
  const cost = (choice: TileChoice) => 8 * choice.payload.bytes.length + weight * choice.distortion;
  // No plain payload is as small: then what it saves has to be worth what it loses.
  const gains = equal === undefined ? cost(refined) < cost(plain) : refined.distortion < plain.distortion;
  return gains ? refined.payload : payload;
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
