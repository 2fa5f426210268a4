import { readFile } from 'node:fs/promises';
import {
  type DicmInfo,
  defaultQuality,
  fitSize,
  type LayerInfo,
  type LayerName,
  layerNameOf,
  type ModelIdentity,
  qualityToPosition,
  readInfo,
} from '../index.js';
import type { Limits } from '../limits.js';
import { toPath } from './file-names.js';
import type { EncodeJob } from './jobs/encode-one.js';

/** How a file would be made now. */
export interface Making {
  /** Of the layers, in their order. */
  models: readonly ModelIdentity[];
  options: Omit<EncodeJob, 'input' | 'output' | 'force'> & Pick<Required<EncodeJob>, 'maxSide'>;
  limits?: Partial<Limits> | undefined;
}

/** A file this much below its target, as a fraction, was not made for it unless nothing larger could be made. */
const TARGET_TOLERANCE = 0.03;

/** Of the largest file there is. */
const LARGEST_POSITION = qualityToPosition(100);

/**
 * Whether a .dicm file is what encoding its source again would give, as far as the file tells: it is whole, of the model
 * that would be used (decode and render id), of the layers, each of the size to which the source would be fitted and of the
 * quality that is asked for, or within the target, and has the digest and the metadata that are asked for.
 *
 * Where that is not certain a file counts as made otherwise: seldom, a picture is coded at the position below the one that
 * was asked for, because that file is not smaller; and whether a source has metadata to keep is not looked up.
 */
export async function isMadeSo(path: string, { models, options, limits }: Making): Promise<boolean> {
  let info: DicmInfo;
  try {
    info = readInfo(new Uint8Array(await readFile(toPath(path))), limits);
  } catch {
    // Damaged, of another kind, not readable: whoever writes it anew says what is wrong, if it still is.
    return false;
  }
  const { header, sections, layers } = info;
  const has = (name: string) => sections.some(({ tag }) => tag === name);
  const { metadata = 'none', layers: wanted = ['machine'] } = options;
  const isSo = (name: LayerName, index: number) => {
    const layer = layers[index];
    const side = name === 'view' ? (options.viewSide ?? 'none') : options.maxSide;
    const fitted = fitSize(header.sourceWidth, header.sourceHeight, side);
    return (
      layer !== undefined &&
      layerNameOf(layer.profile) === name &&
      layer.decodeId === models[index]?.decodeId &&
      layer.renderId === models[index]?.renderId &&
      layer.width === fitted.width &&
      layer.height === fitted.height &&
      hasRate(layer, info.fileBytes, name, options)
    );
  };
  return (
    layers.length === wanted.length &&
    wanted.every(isSo) &&
    has('digest') === (options.digest === true) &&
    has('icc') === (metadata === 'icc' || metadata === 'all') &&
    has('exif') === (metadata === 'exif' || metadata === 'all')
  );
}

function hasRate(
  { qualityPosition, width, height }: LayerInfo,
  fileBytes: number,
  name: LayerName,
  options: Making['options'],
): boolean {
  const { targetBytes, targetBpp, keep } = options;
  const quality = (name === 'view' ? options.viewQuality : undefined) ?? options.quality;
  // What networks say of it, and of its source, is not in the file.
  if (keep !== undefined) return false;
  const target = targetBpp === undefined ? targetBytes : Math.floor((targetBpp * width * height) / 8);
  if (target === undefined) return qualityPosition === qualityToPosition(quality ?? defaultQuality);
  if (fileBytes > target) return qualityPosition === 0;
  return fileBytes >= (1 - TARGET_TOLERANCE) * target || qualityPosition === LARGEST_POSITION;
}
