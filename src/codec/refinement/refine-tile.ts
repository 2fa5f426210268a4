import type { TilePayload } from '../../container/dicm-file.js';
import type { Tile } from '../../geometry.js';
import type { AnalysedTile, OpenSymbols } from '../../latents/latent-codec.js';
import { gradientNetwork, targetNetwork } from '../../networks/machine/refinement.js';
import type { FeatureMap, Network } from '../../nn/backend.js';
import type { WorkOptions } from '../call-hooks.js';
import type { Networks } from '../networks.js';
import { AnnealedRounding, bitsOf } from './annealed-rounding.js';
import { type DistortionTarget, defaultWeights, distortionOf, distortionTarget } from './distortion.js';

/** A way to code a tile, and what decoders see of it. */
export interface TileChoice {
  readonly payload: TilePayload;
  readonly distortion: number;
}

/** What a tile is refined at, and towards. */
export interface RefinementGoal {
  readonly position: number;
  readonly steps: number;
  /** Bits that one unit of distortion is worth. */
  readonly weight: number;
  /** Largest payload; any unless given. The weight then follows the bits that symbols take. */
  readonly budgetBytes?: number | undefined;
}

/** The network that gradients come from, with heads and without: one object each, so that it is compiled once. */
const GRADIENTS = new Map(
  [false, true].map((detects) => [
    detects,
    { target: targetNetwork(detects), gradient: gradientNetwork(detects, defaultWeights) },
  ]),
);

/**
 * How fast the weight follows a budget: the share of the miss, in the logarithm, that all steps together would make up for
 * if the bits stood still.
 */
const FOLLOWING = 6;

/** Refines the symbols of one tile: what decoders see of it is measured by gradients of their networks. */
export class TileRefiner {
  readonly #networks: Networks;
  readonly #gradient: Network;
  readonly #tile: Tile;
  readonly #analysed: AnalysedTile;
  readonly #target: DistortionTarget;
  readonly #work: WorkOptions;

  private constructor(
    networks: Networks,
    { tile, analysed }: TileSource,
    target: DistortionTarget,
    work: WorkOptions,
  ) {
    this.#networks = networks;
    this.#gradient = GRADIENTS.get(target.detects)!.gradient;
    this.#tile = tile;
    this.#analysed = analysed;
    this.#target = target;
    this.#work = work;
  }

  /** Asks the uncompressed network what it sees of a tile. */
  static async open(
    networks: Networks,
    source: TileSource,
    detects: boolean,
    work: WorkOptions,
  ): Promise<TileRefiner> {
    const rgb = source.pixels();
    const said = await networks.run(GRADIENTS.get(detects)!.target, { rgb }, work.signal);
    return new TileRefiner(networks, source, distortionTarget(said, detects), work);
  }

  /** The tile as it is coded without refinement. */
  async plain(position: number): Promise<TileChoice> {
    const open = this.#analysed.openSymbols(position);
    const payload = this.#analysed.encode(position);
    const { distortion } = await this.#see(open.latentsOf(nearest(open)), open.channels);
    return { payload, distortion };
  }

  /** The tile with refined symbols; nothing where none met the budget. */
  async refine({ position, steps, weight, budgetBytes }: RefinementGoal): Promise<TileChoice | undefined> {
    const open = this.#analysed.openSymbols(position);
    const overheadBits = 8 * this.#analysed.encode(position).bytes.length - bitsOf(open, nearest(open));
    const budgetBits = budgetBytes === undefined ? undefined : 8 * budgetBytes - overheadBits;
    const rounding = new AnnealedRounding(open, steps);
    let followed = weight;
    let best: Int32Array | undefined;
    for (let step = 0; step < steps; step++) {
      await this.#work.yieldTurn();
      const { gradient } = await this.#see(rounding.mix(), open.channels);
      rounding.descend(gradient, followed);
      if (budgetBits === undefined) continue;
      const symbols = rounding.symbols();
      const bits = bitsOf(open, symbols);
      if (bits <= budgetBits) best = symbols;
      followed *= (budgetBits / bits) ** (FOLLOWING / steps);
    }
    if (budgetBits === undefined) best = rounding.symbols();
    if (best === undefined) return undefined;
    const payload = open.encode(best);
    if (budgetBytes !== undefined && payload.bytes.length > budgetBytes) return undefined;
    const { distortion } = await this.#see(open.latentsOf(best), open.channels);
    return { payload, distortion };
  }

  /** The distortion of dequantised latents and its gradient. */
  async #see(data: Float32Array, channels: number): Promise<{ distortion: number; gradient: Float32Array }> {
    const { latentHeight: height, latentWidth: width } = this.#tile;
    const inputs = { ...this.#target.inputs, latent: { data, height, width, channels } };
    const said = await this.#networks.run(this.#gradient, inputs, this.#work.signal);
    return { distortion: distortionOf(said, this.#target, defaultWeights), gradient: said.gradient!.data };
  }
}

/** A tile that was analysed, with its pixels. */
export interface TileSource {
  readonly tile: Tile;
  readonly analysed: AnalysedTile;
  /** RGB in [0, 1], made anew at each call. */
  pixels(): FeatureMap;
}

function nearest({ values }: OpenSymbols): Int32Array {
  return Int32Array.from(values, Math.round);
}
