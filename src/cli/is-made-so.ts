import { readFile } from 'node:fs/promises';
import {
  type DicmInfo,
  defaultQuality,
  fitSize,
  type ModelIdentity,
  qualityToPosition,
  readInfo,
} from '../index.js';
import type { Limits } from '../limits.js';
import { toPath } from './file-names.js';
import type { EncodeJob } from './jobs/encode-one.js';

/** How a file would be made now. */
export interface Making {
  model: ModelIdentity;
  options: Omit<EncodeJob, 'input' | 'output' | 'force'> & Pick<Required<EncodeJob>, 'maxSide'>;
  limits?: Partial<Limits> | undefined;
}

/** A file this much below its target, as a fraction, was not made for it unless nothing larger could be made. */
const TARGET_TOLERANCE = 0.03;

/** Of the largest file there is. */
const LARGEST_POSITION = qualityToPosition(100);

/**
 * Whether a .dicm file is what encoding its source again would give, as far as the file tells: it is whole, of the model
 * that would be used (decode and render id), of one layer, of the size to which the source would be fitted, of the
 * quality that is asked for or within the target, and has the digest and the metadata that are asked for.
 *
 * Where that is not certain a file counts as made otherwise: seldom, a picture is coded at the position below the one that
 * was asked for, because that file is not smaller; and whether a source has metadata to keep is not looked up.
 */
export async function isMadeSo(path: string, { model, options, limits }: Making): Promise<boolean> {
  let info: DicmInfo;
  try {
    info = readInfo(new Uint8Array(await readFile(toPath(path))), limits);
  } catch {
    // Damaged, of another kind, not readable: whoever writes it anew says what is wrong, if it still is.
    return false;
  }
  const { header, sections, layers } = info;
  const has = (name: string) => sections.some(({ tag }) => tag === name);
  const { metadata = 'none' } = options;
  const fitted = fitSize(header.sourceWidth, header.sourceHeight, options.maxSide);
  return (
    header.decodeId === model.decodeId &&
    header.renderId === model.renderId &&
    layers.length === 1 &&
    header.width === fitted.width &&
    header.height === fitted.height &&
    has('digest') === (options.digest === true) &&
    has('icc') === (metadata === 'icc' || metadata === 'all') &&
    has('exif') === (metadata === 'exif' || metadata === 'all') &&
    hasRate(info, options)
  );
}

function hasRate({ header, fileBytes }: DicmInfo, options: Making['options']): boolean {
  const { quality, targetBytes, targetBpp, keep } = options;
  // What networks say of it, and of its source, is not in the file.
  if (keep !== undefined) return false;
  const { qualityPosition, width, height } = header;
  const target = targetBpp === undefined ? targetBytes : Math.floor((targetBpp * width * height) / 8);
  if (target === undefined) return qualityPosition === qualityToPosition(quality ?? defaultQuality);
  if (fileBytes > target) return qualityPosition === 0;
  return fileBytes >= (1 - TARGET_TOLERANCE) * target || qualityPosition === LARGEST_POSITION;
}
