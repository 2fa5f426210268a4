import type { DicmFile } from '../container/dicm-file.js';
import { hyperLatentIndexes } from '../entropy/latent-streams.js';
import { channelCostBits, positionCostBits } from '../entropy/symbol-cost.js';
import { LATENT_STRIDE, LATENTS_PER_HYPER, latentExtent } from '../geometry.js';
import { decodeTiles } from './decode-picture.js';
import type { CallOptions } from './encode-picture.js';
import type { EntropyModel } from './entropy-model.js';

/** Where the bits of a file went, by the entropy tables. */
export interface BitMap {
  /** Bits of each latent channel. */
  latentChannelBits: Float64Array;
  /** Bits of each hyper-latent channel. */
  hyperChannelBits: Float64Array;
  /** Rows of latent positions in the whole picture: one for each 16 pixels begun. */
  height: number;
  width: number;
  /** Bits of each latent position with its share of the hyper-latent over it, [height][width]. */
  positionBits: Float32Array;
}

/** Decodes a file and adds up what each of its symbols costs. */
export async function measureBits(
  entropy: EntropyModel,
  file: DicmFile,
  options: CallOptions = {},
): Promise<BitMap> {
  const { latentChannels, hyperChannels, latentTables, hyperTables } = entropy;
  const [height, width] = [latentExtent(file.header.height), latentExtent(file.header.width)];
  const map: BitMap = {
    latentChannelBits: new Float64Array(latentChannels),
    hyperChannelBits: new Float64Array(hyperChannels),
    height,
    width,
    positionBits: new Float32Array(height * width),
  };
  for await (const { tile, decoded } of decodeTiles(entropy, file, options)) {
    const { z, symbols, indexes } = decoded;
    const hyperIndexes = hyperLatentIndexes(z.length, hyperChannels, hyperTables);
    addTo(map.latentChannelBits, channelCostBits(symbols, indexes, latentTables, latentChannels));
    addTo(map.hyperChannelBits, channelCostBits(z, hyperIndexes, hyperTables, hyperChannels));
    const bits = positionCostBits(symbols, indexes, latentTables, latentChannels);
    const hyperBits = positionCostBits(z, hyperIndexes, hyperTables, hyperChannels);
    const { latentHeight, latentWidth, hyperWidth } = tile;
    for (let y = 0; y < latentHeight; y++) {
      for (let x = 0; x < latentWidth; x++) {
        const [row, column] = [Math.floor(y / LATENTS_PER_HYPER), Math.floor(x / LATENTS_PER_HYPER)];
        const hyper =
          hyperBits[row * hyperWidth + column]! / (covered(row, latentHeight) * covered(column, latentWidth));
        const at = (tile.y / LATENT_STRIDE + y) * map.width + tile.x / LATENT_STRIDE + x;
        map.positionBits[at] = bits[y * latentWidth + x]! + hyper;
      }
    }
  }
  return map;
}

/** Latent positions on a side that a hyper-latent position lies over: fewer at the border. */
function covered(hyperPosition: number, latentExtent: number): number {
  return Math.min(LATENTS_PER_HYPER, latentExtent - hyperPosition * LATENTS_PER_HYPER);
}

function addTo(sums: Float64Array, values: Float64Array): void {
  for (let i = 0; i < sums.length; i++) sums[i]! += values[i]!;
}
