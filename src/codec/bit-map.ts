import { channelCostBits, positionCostBits } from '../entropy/symbol-cost.js';
import { LATENT_STRIDE, LATENTS_PER_HYPER, latentExtent } from '../geometry.js';
import type { LatentCodec, SymbolPlane } from '../latents/latent-codec.js';
import type { WorkOptions } from './call-hooks.js';
import { type CodedLayer, decodeTiles } from './coded-layer.js';

/** Where the bits of a layer went, by the entropy tables. */
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

/** Decodes a layer and adds up what each of its symbols costs. */
export async function measureBits(
  latents: LatentCodec,
  layer: CodedLayer,
  work: WorkOptions,
): Promise<BitMap> {
  const [height, width] = [latentExtent(layer.height), latentExtent(layer.width)];
  const map: BitMap = {
    latentChannelBits: new Float64Array(latents.latentChannels),
    hyperChannelBits: new Float64Array(latents.hyperChannels),
    height,
    width,
    positionBits: new Float32Array(height * width),
  };
  for await (const { tile, decoded } of decodeTiles(latents, layer, work)) {
    const { hyper, latent } = decoded;
    addTo(map.latentChannelBits, costOf(channelCostBits, latent));
    addTo(map.hyperChannelBits, costOf(channelCostBits, hyper));
    const [bits, hyperBits] = [costOf(positionCostBits, latent), costOf(positionCostBits, hyper)];
    for (let y = 0; y < latent.height; y++) {
      for (let x = 0; x < latent.width; x++) {
        const [row, column] = [Math.floor(y / LATENTS_PER_HYPER), Math.floor(x / LATENTS_PER_HYPER)];
        const share = covered(row, latent.height) * covered(column, latent.width);
        const at = (tile.y / LATENT_STRIDE + y) * width + tile.x / LATENT_STRIDE + x;
        map.positionBits[at] = bits[y * latent.width + x]! + hyperBits[row * hyper.width + column]! / share;
      }
    }
  }
  return map;
}

function costOf(cost: typeof channelCostBits, plane: SymbolPlane): Float64Array {
  return cost(plane.symbols, plane.indexes, plane.tables, plane.channels);
}

/** Latent positions on a side that a hyper-latent position lies over: fewer at the border. */
function covered(hyperPosition: number, latents: number): number {
  return Math.min(LATENTS_PER_HYPER, latents - hyperPosition * LATENTS_PER_HYPER);
}

function addTo(sums: Float64Array, values: Float64Array): void {
  for (let i = 0; i < sums.length; i++) sums[i]! += values[i]!;
}
