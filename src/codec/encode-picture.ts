import type { AncillarySection, DicmHeader, TilePayload } from '../container/dicm-file.js';
import { PLAIN_MINOR_VERSION, VERSION_MAJOR } from '../container/version.js';
import { writeDicm } from '../container/write-dicm.js';
import { latentExtent, tileGrid } from '../geometry.js';
import type { Picture } from '../image/picture.js';
import { tilePixels } from '../image/tile-pixels.js';
import { analyseTile } from './analyse-tile.js';
import type { AnswerKeeper } from './answer-keeper.js';
import type { WorkOptions } from './call-hooks.js';
import type { OpenModel } from './model-shelf.js';
import { overlap } from './overlap.js';
import { choosePayload } from './refinement/choose-payload.js';
import type { TileSource } from './refinement/refine-tile.js';
import { climbToKept, descendRefined, MOST_REFINED_TRIES, MOST_TRIES } from './search-kept.js';
import { type Candidate, searchPosition } from './search-position.js';

/** How large the file may become: a quality position, a number of bytes, or as small as keeps what networks say of it. */
export type RateGoal =
  | { readonly position: number }
  | { readonly targetBytes: number }
  | { readonly keeper: Pick<AnswerKeeper, 'keeps'> };

/** A coded picture. */
export interface EncodedPicture {
  /** The .dicm file. */
  bytes: Uint8Array;
  /** Quality position in its header. */
  position: number;
  /** Whether it keeps what networks say, where that is the goal. */
  kept?: boolean;
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

/** What one call of {@link encodePicture} works with. */
interface Encoding {
  readonly model: OpenModel;
  readonly picture: Picture;
  readonly goal: RateGoal;
  readonly effort: number;
  readonly work: WorkOptions;
  readonly write: WritePicture;
}

/**
 * Encodes a picture tile by tile. The networks and h_s run once for each tile; reaching a target only codes the
 * latents again.
 *
 * A plain quality on a large picture holds one tile at a time; a target, or answers to keep, hold the latents of all
 * tiles, about 10 bytes a pixel. Efforts above 1 refine each tile by itself after it was analysed (`refinement/`).
 *
 * @param ancillary - Metadata to put into the file; it counts in what a target allows.
 * @param effort - 1 to 9; above 1 for models of the machine layer only.
 */
export async function encodePicture(
  model: OpenModel,
  picture: Picture,
  goal: RateGoal,
  work: WorkOptions,
  ancillary: AncillarySection[] = [],
  effort = 1,
): Promise<EncodedPicture> {
  const write: WritePicture = (tiles, position) => {
    const bytes = writeDicm({ header: headerOf(model, picture, position), tiles, ancillary });
    return { bytes, sizeBytes: bytes.length, position };
  };
  const encoding = { model, picture, goal, effort, work, write };
  if ('keeper' in goal) return encodeKept(encoding, goal.keeper);
  const size = latentExtent(picture.width) * latentExtent(picture.height) * model.latents.latentChannels;
  if ('position' in goal && size > STRAIGHTENED_LATENTS) return encodeStreamed(encoding, goal.position);

  const sources: TileSource[] = [];
  for await (const source of analyseTiles(encoding)) {
    sources.push(source);
  }
  const plain = await searchPosition(
    (position) => codePicture(write, sources, position, work),
    'position' in goal
      ? (position) => position <= goal.position
      : (_, candidate) => candidate.sizeBytes <= goal.targetBytes,
  );
  if (effort === 1) return plain;
  // Where the smallest file is above the target, it is the one to give.
  if ('targetBytes' in goal && plain.sizeBytes > goal.targetBytes) return plain;
  return refinePicture(encoding, sources, plain.position);
}

/** Runs the networks tile after tile; entropy coding of one overlaps with those of the next. */
async function* analyseTiles({ model, picture, effort, work }: Encoding): AsyncGenerator<TileSource> {
  const networks = await model.networks();
  const grid = tileGrid(picture.width, picture.height);
  const count = grid.columns * grid.rows;
  const pixels = (index: number) => tilePixels(picture, grid.tile(index));
  const outputs = overlap(count, (index) =>
    analyseTile(networks, model.profile.encoder, picture, grid.tile(index), work.signal),
  );
  let index = 0;
  for await (const output of outputs) {
    const [tile, at] = [grid.tile(index), index];
    yield { tile, analysed: model.latents.analyse(tile, output), pixels: () => pixels(at) };
    index++;
    // With refinement to come a tile is not done yet.
    if (effort === 1) work.onProgress?.(index, count);
  }
}

/** A picture of many tiles at a plain position: each is written before the next is analysed. */
async function encodeStreamed(encoding: Encoding, position: number): Promise<CodedPicture> {
  const { model, picture, effort, work, write } = encoding;
  const tiles: TilePayload[] = [];
  const { columns, rows } = tileGrid(picture.width, picture.height);
  for await (const source of analyseTiles(encoding)) {
    tiles.push(
      effort === 1
        ? source.analysed.encode(position)
        : await choosePayload(model, source, { position, effort, keepSize: false }, work),
    );
    if (effort > 1) work.onProgress?.(tiles.length, columns * rows);
  }
  return write(tiles, position);
}

/**
 * The smallest file of which networks say what they say of the picture; each that is tried is read from its bytes. With
 * refinement, refined files are tried at the position of the smallest plain one and below.
 */
async function encodeKept(encoding: Encoding, keeper: Pick<AnswerKeeper, 'keeps'>): Promise<EncodedPicture> {
  const { picture, effort, write } = encoding;
  const { onProgress, ...work } = encoding.work;
  const { columns, rows } = tileGrid(picture.width, picture.height);
  const count = columns * rows;
  // How many tries it takes is not known before: what is left is done at once when they end.
  const total = count * (1 + MOST_TRIES + (effort === 1 ? 0 : MOST_REFINED_TRIES));
  const sources: TileSource[] = [];
  for await (const source of analyseTiles({ ...encoding, work })) {
    sources.push(source);
    onProgress?.(sources.length, total);
  }
  let done = count;
  const trying = (code: (position: number) => Promise<CodedPicture>) => async (position: number) => {
    const candidate = await code(position);
    const { signal } = work;
    const keeps = await keeper.keeps(candidate.bytes, {
      signal,
      onProgress: (tiles) => onProgress?.(done + tiles, total),
    });
    done += count;
    return { candidate, keeps };
  };
  const plain = await climbToKept(trying((position) => codePicture(write, sources, position, work)));
  const refine = (position: number) => refinePicture({ ...encoding, work }, sources, position);
  const { candidate, keeps } = effort === 1 ? plain : await descendRefined(trying(refine), plain);
  if (done < total) onProgress?.(total, total);
  return { ...candidate, kept: keeps };
}

/** Codes all tiles at one position. */
async function codePicture(
  write: WritePicture,
  sources: readonly TileSource[],
  position: number,
  { signal, yieldTurn }: WorkOptions,
): Promise<CodedPicture> {
  const tiles: TilePayload[] = [];
  for (const { analysed } of sources) {
    if (tiles.length > 0) await yieldTurn();
    signal?.throwIfAborted();
    tiles.push(analysed.encode(position));
  }
  return write(tiles, position);
}

/** Refines all tiles at a position; towards a target none of them grows. */
async function refinePicture(
  { model, goal, effort, work, write }: Encoding,
  sources: readonly TileSource[],
  position: number,
): Promise<CodedPicture> {
  const tiles: TilePayload[] = [];
  const refinement = { position, effort, keepSize: 'targetBytes' in goal };
  for (const source of sources) {
    tiles.push(await choosePayload(model, source, refinement, work));
    work.onProgress?.(tiles.length, sources.length);
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
