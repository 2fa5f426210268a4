import { BackendError } from '../errors.js';
import { latentExtent, type PictureArea, paddedExtent, TILE_EDGE } from '../geometry.js';
import type { FeatureMap, Named } from '../nn/backend.js';
import type { Synthesis } from '../profiles/profile.js';
import type { WorkOptions } from './call-hooks.js';
import type { CodedLayer } from './coded-layer.js';
import { commonArea, withContext } from './context.js';
import type { OpenModel } from './model-shelf.js';
import { overlap } from './overlap.js';
import { latentSource } from './picture-source.js';
import { rebuiltParts } from './rebuilt-parts.js';

/**
 * Decodes what a layer rebuilds of an area, one row of tiles at a time (a small picture at once): what is held grows with
 * the width of the area, not with its height, and only the tiles that it depends on are decoded.
 *
 * @param area - In coded pixels, beginning at whole positions of latents and of what is rebuilt.
 * @returns Pieces of [height][width][channels], from top to bottom.
 */
export async function* decodeRows(
  model: OpenModel,
  layer: CodedLayer,
  area: PictureArea,
  synthesis: Synthesis,
  work: WorkOptions,
): AsyncGenerator<Float32Array, void, undefined> {
  const { stride, extent } = synthesis;
  const width = extent(area.width);
  const right = area.x + area.width;
  let rows: Float32Array | undefined;
  for await (const { part, from, map } of runOnParts(model, layer, area, synthesis, work)) {
    const { data, channels } = map;
    // Where the part begins in what was rebuilt, and where in the row, in positions.
    const [x, y, toX] = [part.x - from.x, part.y - from.y, part.x - area.x].map((n) => n / stride) as [
      number,
      number,
      number,
    ];
    const [columns, count] = [extent(part.width), extent(part.height)];
    rows ??= new Float32Array(count * width * channels);
    for (let row = 0; row < count; row++) {
      const at = ((y + row) * map.width + x) * channels;
      rows.set(data.subarray(at, at + columns * channels), (row * width + toX) * channels);
    }
    if (part.x + part.width === right) {
      yield rows;
      rows = undefined;
    }
  }
}

/** Extents of what a synthesis rebuilds of an area, and how many rows {@link decodeRows} yields at once, at most. */
export function rebuiltExtents(
  { extent, channels, context }: Synthesis,
  { model }: Pick<OpenModel, 'model'>,
  area: PictureArea,
): { height: number; width: number; channels: number; rowsAtOnce: number } {
  const [height, width] = [extent(area.height), extent(area.width)];
  return {
    height,
    width,
    channels: channels(model.tensors),
    rowsAtOnce: Math.max(...rebuiltParts(area, context).map((part) => extent(part.height))),
  };
}

/** What the synthesis gave for a part of the area. */
interface RebuiltPart {
  /** What is wanted, in coded pixels. */
  readonly part: PictureArea;
  /** What the map shows, in coded pixels: the part, or more. */
  readonly from: PictureArea;
  readonly map: FeatureMap;
}

async function* runOnParts(
  { latents, ...model }: OpenModel,
  layer: CodedLayer,
  area: PictureArea,
  { network, output, stride, context, refusal }: Synthesis,
  { signal, onProgress }: WorkOptions,
): AsyncGenerator<RebuiltPart, void, undefined> {
  const parts = rebuiltParts(area, context);
  const networks = await model.networks();
  const source = latentSource(latents, layer);
  const results = overlap(parts.length, async (step) => {
    signal?.throwIfAborted();
    const part = parts[step]!;
    const [left, top] = [part.x, part.y].map((at) => at - (at % TILE_EDGE)) as [number, number];
    const from =
      context === undefined
        ? commonArea({ x: left, y: top, width: TILE_EDGE, height: TILE_EDGE }, { x: 0, y: 0, ...layer })
        : withContext(part, context, layer);
    const { latent } = source.cut(from) as Named<FeatureMap, 'latent'>;
    // What is around a tile begins in the one above and to the left of it.
    const reach = context === undefined ? 0 : TILE_EDGE;
    source.release(left - reach, top - reach);
    const map = (await networks.run(network, { latent }, signal))[output]!;
    checkOutput(map, from, stride, refusal);
    return { part, from, map };
  });
  let done = 0;
  for await (const result of results) {
    yield result;
    onProgress?.(++done, parts.length);
  }
}

/**
 * Refuses features, or pixels, that are none. Nothing in the format keeps a file, made for the purpose, from symbols so
 * large that the networks overflow; nobody downstream should have to look for the NaN that comes of it.
 */
function checkOutput(
  { data, height, width }: FeatureMap,
  area: PictureArea,
  stride: number,
  refusal: Synthesis['refusal'],
): void {
  const extent = (pixels: number) => Math.ceil(paddedExtent(pixels) / stride);
  if (height !== extent(area.height) || width !== extent(area.width)) {
    throw new BackendError(
      refusal,
      `the synthesis network gave ${height} x ${width} values for ${latentExtent(area.height)} x ${latentExtent(area.width)} latents`,
    );
  }
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new BackendError(refusal, 'the synthesis network gave values that are no finite numbers');
    }
  }
}
