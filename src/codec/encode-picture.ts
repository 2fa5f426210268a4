import type { AncillarySection, DicmHeader, TilePayload } from '../container/dicm-file.js';
import { PLAIN_MINOR_VERSION, VERSION_MAJOR } from '../container/version.js';
import { writeDicm } from '../container/write-dicm.js';
import { latentExtent, tileGrid } from '../geometry.js';
import type { Picture } from '../image/picture.js';
import { tilePixels } from '../image/tile-pixels.js';
import type { AnalysedTile } from '../latents/latent-codec.js';
import type { WorkOptions } from './call-hooks.js';
import type { OpenModel } from './model-shelf.js';
import { overlap } from './overlap.js';
import { type Candidate, searchPosition } from './search-position.js';

/** How large the file may become: a quality position, or a number of bytes. */
export type RateGoal = { readonly position: number } | { readonly targetBytes: number };

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

/** Writes a file of coded tiles. */
type WritePicture = (tiles: TilePayload[], position: number) => CodedPicture;

/**
 * Encodes a picture tile by tile. The networks and h_s run once for each tile; reaching a target only codes the
 * latents again.
 *
 * A plain quality on a large picture holds one tile at a time; a target holds the latents of all tiles, about
 * 10 bytes a pixel.
 *
 * @param ancillary - Metadata to put into the file; it counts in what a target allows.
 */
export async function encodePicture(
  model: OpenModel,
  picture: Picture,
  goal: RateGoal,
  work: WorkOptions,
  ancillary: AncillarySection[] = [],
): Promise<EncodedPicture> {
  const write: WritePicture = (tiles, position) => {
    const bytes = writeDicm({ header: headerOf(model, picture, position), tiles, ancillary });
    return { bytes, sizeBytes: bytes.length, position };
  };
  const { latents } = model;
  const networks = await model.networks();
  const grid = tileGrid(picture.width, picture.height);
  const count = grid.columns * grid.rows;
  const size = latentExtent(picture.width) * latentExtent(picture.height) * latents.latentChannels;
  const streamed = 'position' in goal && size > STRAIGHTENED_LATENTS ? goal : undefined;

  const analysed: AnalysedTile[] = [];
  const tiles: TilePayload[] = [];
  const outputs = overlap(count, (index) =>
    networks.run(model.profile.encoder, { rgb: tilePixels(picture, grid.tile(index)) }, work.signal),
  );
  let index = 0;
  for await (const output of outputs) {
    const tile = latents.analyse(grid.tile(index), output);
    if (streamed === undefined) analysed.push(tile);
    else tiles.push(tile.encode(streamed.position));
    index++;
    work.onProgress?.(index, count);
  }
  if (streamed) return write(tiles, streamed.position);
  return await searchPosition(
    (position) => codePicture(write, analysed, position, work),
    'position' in goal
      ? (position) => position <= goal.position
      : (_, candidate) => candidate.sizeBytes <= goal.targetBytes,
  );
}

/** Codes all tiles at one position. */
async function codePicture(
  write: WritePicture,
  analysed: readonly AnalysedTile[],
  position: number,
  { signal, yieldTurn }: WorkOptions,
): Promise<CodedPicture> {
  const tiles: TilePayload[] = [];
  for (const tile of analysed) {
    if (tiles.length > 0) await yieldTurn();
    signal?.throwIfAborted();
    tiles.push(tile.encode(position));
  }
  return write(tiles, position);
}

function headerOf({ profile, model }: OpenModel, picture: Picture, qualityPosition: number): DicmHeader {
  return {
    versionMajor: VERSION_MAJOR,
    versionMinor: PLAIN_MINOR_VERSION,
    profile: profile.name,
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
