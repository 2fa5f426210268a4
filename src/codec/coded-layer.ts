import type { DicmHeader, TilePayload } from '../container/dicm-file.js';
import { type Tile, tileGrid } from '../geometry.js';
import type { DecodedTile, LatentCodec } from '../latents/latent-codec.js';
import type { WorkOptions } from './call-hooks.js';

/** A layer of a file: what its tiles need to be decoded. */
export interface CodedLayer extends Pick<DicmHeader, 'width' | 'height' | 'qualityPosition'> {
  readonly tiles: readonly TilePayload[];
  /** What to call it in errors, where it is not the first. */
  readonly name?: string;
}

/**
 * Entropy-decodes all tiles of a layer and checks their integers; runs no network.
 *
 * @returns Tiles in raster order.
 * @throws FormatError when a payload is damaged.
 */
export async function* decodeTiles(
  latents: LatentCodec,
  layer: CodedLayer,
  { signal, onProgress, yieldTurn }: WorkOptions,
): AsyncGenerator<{ tile: Tile; decoded: DecodedTile }, void, undefined> {
  const grid = tileGrid(layer.width, layer.height);
  for (let index = 0; index < layer.tiles.length; index++) {
    if (index > 0) await yieldTurn();
    signal?.throwIfAborted();
    yield { tile: grid.tile(index), decoded: decodeTile(latents, layer, index) };
    onProgress?.(index + 1, layer.tiles.length);
  }
}

/** Entropy-decodes one tile of a layer. */
export function decodeTile(latents: LatentCodec, layer: CodedLayer, index: number): DecodedTile {
  const tile = tileGrid(layer.width, layer.height).tile(index);
  const section = layer.name === undefined ? `tile ${index}` : `${layer.name}, tile ${index}`;
  return latents.decode(layer.tiles[index]!, tile, layer.qualityPosition, section);
}
