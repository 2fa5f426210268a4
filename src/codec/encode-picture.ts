import type { DicmHeader, TilePayload } from '../container/dicm-file.js';
import { VERSION_MAJOR, VERSION_MINOR } from '../container/version.js';
import { writeDicm } from '../container/write-dicm.js';
import { latentExtent, tileGrid } from '../geometry.js';
import type { Picture } from '../image/picture.js';
import { tilePixels } from '../image/tile-pixels.js';
import { analyseTile, encodeTile, type TileAnalysis } from './encode-tile.js';
import type { EntropyModel } from './entropy-model.js';
import type { Networks } from './networks.js';
import { overlap } from './overlap.js';
import { type Candidate, searchPosition } from './search-position.js';

/** What a picture is coded with. */
export interface EncodingModel {
  readonly entropy: EntropyModel;
  readonly networks: Networks;
  /** 8 hexadecimal digits. */
  readonly decodeId: string;
  /** 4 hexadecimal digits. */
  readonly renderId: string;
}

/** How large the file may become: a quality position, or a number of bytes. */
export type RateGoal = { readonly position: number } | { readonly targetBytes: number };

/** Hooks of a long call. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Called as tiles are done. */
  onProgress?: ((tilesDone: number, tilesTotal: number) => void) | undefined;
}

/** A coded picture. */
export interface EncodedPicture {
  /** The .dicm file. */
  bytes: Uint8Array;
  /** Quality position in its header. */
  position: number;
}

/**
 * Pictures with at most this many latents get sizes that never fall as quality rises, by construction. With more,
 * the jitter of single coefficients vanishes in the sum (docs/architecture.md), and the twelve further codings
 * would cost time and the memory of all tiles.
 */
const STRAIGHTENED_LATENTS = 2 ** 19;

interface CodedPicture extends Candidate {
  readonly bytes: Uint8Array;
}

/**
 * Encodes a picture tile by tile. The networks and h_s run once for each tile; reaching a target only codes the
 * latents again.
 *
 * A plain quality on a large picture holds one tile at a time; a target holds the latents of all tiles, about
 * 10 bytes a pixel.
 */
export async function encodePicture(
  model: EncodingModel,
  picture: Picture,
  goal: RateGoal,
  options: CallOptions = {},
): Promise<EncodedPicture> {
  const { entropy, networks } = model;
  const grid = tileGrid(picture.width, picture.height);
  const count = grid.columns * grid.rows;
  const latents = latentExtent(picture.width) * latentExtent(picture.height) * entropy.latentChannels;
  const streamed = 'position' in goal && latents > STRAIGHTENED_LATENTS ? goal : undefined;

  const gains = streamed && entropy.gainsAt(streamed.position);
  const analyses: TileAnalysis[] = [];
  const tiles: TilePayload[] = [];
  const outputs = overlap(count, (index) =>
    networks.run('encoder', tilePixels(picture, grid.tile(index)), options.signal),
  );
  let index = 0;
  for await (const [y, z] of outputs) {
    const analysis = analyseTile(entropy, grid.tile(index), y!, z!);
    if (gains === undefined) analyses.push(analysis);
    else tiles.push(encodeTile(entropy, analysis, gains));
    index++;
    options.onProgress?.(index, count);
  }
  if (streamed) return writePicture(model, picture, tiles, streamed.position);
  return await searchPosition(
    (position) => codePicture(model, picture, analyses, position, options.signal),
    'position' in goal
      ? (position) => position <= goal.position
      : (_, candidate) => candidate.sizeBytes <= goal.targetBytes,
  );
}

/** Codes all tiles at one position. */
async function codePicture(
  model: EncodingModel,
  picture: Picture,
  analyses: readonly TileAnalysis[],
  position: number,
  signal: AbortSignal | undefined,
): Promise<CodedPicture> {
  const gains = model.entropy.gainsAt(position);
  const tiles: TilePayload[] = [];
  for (const analysis of analyses) {
    // Between tiles others get their turn: a signal to arrive, another file to go on.
    if (tiles.length > 0) await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    tiles.push(encodeTile(model.entropy, analysis, gains));
  }
  return writePicture(model, picture, tiles, position);
}

function writePicture(
  model: EncodingModel,
  picture: Picture,
  tiles: TilePayload[],
  position: number,
): CodedPicture {
  const bytes = writeDicm({ header: headerOf(model, picture, position), tiles, ancillary: [] });
  return { bytes, sizeBytes: bytes.length, position };
}

function headerOf(model: EncodingModel, picture: Picture, qualityPosition: number): DicmHeader {
  return {
    versionMajor: VERSION_MAJOR,
    versionMinor: VERSION_MINOR,
    profile: 'semantic',
    width: picture.width,
    height: picture.height,
    sourceWidth: picture.sourceWidth,
    sourceHeight: picture.sourceHeight,
    orientation: picture.orientation,
    qualityPosition,
    decodeId: model.decodeId,
    renderId: model.renderId,
  };
}
