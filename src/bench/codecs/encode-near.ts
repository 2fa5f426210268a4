import type { CodecHooks, PictureCodec, Pixels, SettingRange, SizedPicture } from './picture-codec.js';

/** Settings that are tried of a codec to which fractions count: less than one percent apart in all that there are. */
const CONTINUOUS_POSITIONS = 1024;

/** Nearer to the size that is looked for, as a fraction, is near enough. */
const NEAR_ENOUGH = 0.002;

/**
 * Codes a picture to about so many bytes: at the setting whose file is nearest to them, or, where the codec searches by
 * itself, to at most as many.
 *
 * @param targetBytes - Above 0.
 */
export async function encodeNear(
  codec: PictureCodec,
  picture: Pixels,
  targetBytes: number,
  hooks: CodecHooks,
): Promise<SizedPicture> {
  if (codec.encodeTo !== undefined) return codec.encodeTo(picture, targetBytes, hooks);
  let [low, high] = [0, positionsOf(codec.range) - 1];
  let best: SizedPicture | undefined;
  // Both settings between which the size lies are tried on the way.
  while (low <= high) {
    const position = (low + high) >> 1;
    const setting = settingAt(codec.range, position);
    const coded = { ...(await codec.encode(picture, setting, hooks)), setting };
    if (best === undefined || sizeError(coded, targetBytes) < sizeError(best, targetBytes)) best = coded;
    if (sizeError(best, targetBytes) < NEAR_ENOUGH) break;
    if (coded.bytes.length <= targetBytes) low = position + 1;
    else high = position - 1;
  }
  return best!;
}

/** How far a file is from a size, as a fraction of it. */
export function sizeError({ bytes }: Pick<SizedPicture, 'bytes'>, targetBytes: number): number {
  return Math.abs(bytes.length / targetBytes - 1);
}

/** How many settings there are to try. */
export function positionsOf({ smallest, largest, isContinuous = false }: SettingRange): number {
  return isContinuous ? CONTINUOUS_POSITIONS : Math.abs(largest - smallest) + 1;
}

/** The setting at a position, from that of the smallest files to that of the largest. */
export function settingAt(range: SettingRange, position: number): number {
  const { smallest, largest, isContinuous = false } = range;
  if (!isContinuous) return smallest + Math.sign(largest - smallest) * position;
  const setting = smallest * (largest / smallest) ** (position / (CONTINUOUS_POSITIONS - 1));
  return Number(setting.toPrecision(6));
}
