import { basename } from 'node:path';
import type { CodecHooks, PictureCodec, Pixels } from '../bench/codecs/picture-codec.js';
import { sharpCodecs } from '../bench/codecs/sharp-codecs.js';
import { BackendError, ImageError } from '../errors.js';
import { matchSizes } from './match-sizes.js';
import { SizeLadder } from './size-ladder.js';
import type { LeftOutPair, StudyComparison, StudyFile } from './study-format.js';

/** A version of a picture, or the picture itself, before it has a name in the site. */
export interface PreparedFile extends Omit<StudyFile, 'picture'> {
  readonly pixels: Pixels;
}

/** Two codecs on a picture at a rate, as keys of {@link PreparedPicture.files}. */
export type PreparedPair = Omit<StudyComparison, 'trial' | 'picture'>;

/** A picture with all that a study shows of it. */
export interface PreparedPicture {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** By key: {@link ORIGINAL}, {@link WORST}, or codec and setting. */
  readonly files: ReadonlyMap<string, PreparedFile>;
  readonly pairs: readonly PreparedPair[];
  readonly leftOut: readonly LeftOutPair[];
}

/** What a picture is prepared for. */
export interface PictureTerms extends CodecHooks {
  readonly codecs: readonly PictureCodec[];
  /** Rates in bits per pixel. */
  readonly bpp: readonly number[];
}

/** Key of the picture itself. */
export const ORIGINAL = 'original';

/** Key of the version that is so far from the original that attentive raters see it. */
export const WORST = 'worst';

/** Codes a picture with every pair of codecs at matched sizes, and rebuilds it. */
export async function preparePicture(
  path: string,
  picture: Pixels,
  terms: PictureTerms,
): Promise<PreparedPicture> {
  const { codecs, bpp: rates, ...hooks } = terms;
  const { width, height } = picture;
  const name = basename(path);
  const ladders = codecs.map((codec) => new SizeLadder(codec, picture, hooks));
  const files = new Map<string, PreparedFile>([
    [ORIGINAL, { pixels: picture }],
    [WORST, await worstOf(picture, hooks)],
  ]);
  const pairs: PreparedPair[] = [];
  const leftOut: LeftOutPair[] = [];
  for (const bpp of rates) {
    for (const [first, second] of pairsOf(ladders)) {
      hooks.signal?.throwIfAborted();
      const ids: [string, string] = [first.codec.id, second.codec.id];
      const found = await matchPair([first, second], (bpp * width * height) / 8, files);
      if (typeof found === 'string') leftOut.push({ picture: name, bpp, codecs: ids, reason: found });
      else pairs.push({ bpp, codecs: ids, ...found });
    }
  }
  return { name, width, height, files, pairs, leftOut };
}

/** Every two of a list. */
function pairsOf<T>(items: readonly T[]): [T, T][] {
  return items.flatMap((one, i) => items.slice(i + 1).map((other): [T, T] => [one, other]));
}

/** @returns Why there is no such pair, in words; otherwise its files are in `files`. */
async function matchPair(
  ladders: readonly [SizeLadder, SizeLadder],
  targetBytes: number,
  files: Map<string, PreparedFile>,
): Promise<string | Pick<PreparedPair, 'files' | 'mismatch'>> {
  try {
    const match = await matchSizes(ladders, targetBytes);
    if (match.kind === 'unmatched') return match.reason;
    const keys: string[] = [];
    for (const [i, ladder] of ladders.entries()) {
      const { setting, sizeBytes: bytes } = match.rungs[i]!;
      const codec = ladder.codec.id;
      const key = `${codec} ${setting}`;
      if (!files.has(key)) {
        files.set(key, { codec, setting, bytes, pixels: await ladder.decode(setting) });
      }
      keys.push(key);
    }
    return { files: [keys[0]!, keys[1]!], mismatch: match.mismatch };
  } catch (error) {
    // One codec on one picture; what would happen with every picture ends the run.
    const isOfOnePair =
      error instanceof ImageError || (error instanceof BackendError && error.code === 'program-failed');
    if (!isOfOnePair) throw error;
    return error.message;
  }
}

/** A quality of JPEG at which nobody who looks overlooks the blocks. */
const WORST_QUALITY = 5;

async function worstOf(picture: Pixels, hooks: CodecHooks): Promise<PreparedFile> {
  const jpeg = sharpCodecs().find(({ id }) => id === 'jpeg')!;
  const { bytes } = await jpeg.encode(picture, WORST_QUALITY, hooks);
  const pixels = await jpeg.decode(bytes, picture, hooks);
  return { codec: jpeg.id, setting: WORST_QUALITY, bytes: bytes.length, pixels };
}
