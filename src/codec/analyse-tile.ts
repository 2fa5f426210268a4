import { LATENT_STRIDE, type Tile } from '../geometry.js';
import type { Picture } from '../image/picture.js';
import { tilePixels } from '../image/tile-pixels.js';
import type { FeatureMap, Named } from '../nn/backend.js';
import type { Encoder } from '../profiles/profile.js';
import { cropMap, withContext } from './context.js';
import type { Networks } from './networks.js';

/** y and z of a tile, neither rounded. */
export async function analyseTile(
  networks: Networks,
  encoder: Encoder,
  picture: Picture,
  tile: Tile,
  signal?: AbortSignal,
): Promise<Named<FeatureMap, 'y' | 'z'>> {
  if ('network' in encoder) return networks.run(encoder.network, { rgb: tilePixels(picture, tile) }, signal);
  const area = withContext(tile, encoder.context, picture);
  const { y: around } = await networks.run(encoder.analysis, { rgb: tilePixels(picture, area) }, signal);
  const y = cropMap(around, {
    x: (tile.x - area.x) / LATENT_STRIDE,
    y: (tile.y - area.y) / LATENT_STRIDE,
    width: tile.latentWidth,
    height: tile.latentHeight,
  });
  return { y, ...(await networks.run(encoder.hyperAnalysis, { y }, signal)) };
}
