import { AnswerKeeper } from '../codec/answer-keeper.js';
import type { CallHooks } from '../codec/call-hooks.js';
import { encodePicture, type RateGoal } from '../codec/encode-picture.js';
import type { OpenModel } from '../codec/model-shelf.js';
import { checkEffort, defaultEffort } from '../codec/refinement/effort.js';
import { shortestQuality } from '../codec/shortest-quality.js';
import { addDigest, DIGEST_SECTION_BYTES } from '../container/digest.js';
import { joinLayers } from '../container/join-layers.js';
import { LAYER_NAMES, type Profile, profileOfLayer } from '../container/profiles.js';
import { qualityToPosition } from '../container/quality.js';
import { UsageError } from '../errors.js';
import { type KeepRule, looksAtObjects, parseKeptAnswers } from '../evaluation/kept-answers.js';
import { tileGrid } from '../geometry.js';
import { defaultMaxSide, describeFitting, fitSize, type MaxSide } from '../image/fit-size.js';
import type { ImageInput, Picture } from '../image/picture.js';
import { checkScore } from '../tasks/checks.js';
import type { AnalyzePixelsOptions, Codec } from './codec.js';
import { defaultQuality, type EncodedImage, type EncodedView, type EncodeOptions } from './encode-options.js';
import { checkMetadata, metadataSections } from './metadata-sections.js';
import { identityOf, type Session } from './session.js';

/** A file this much below its target, as a fraction, does not count as reaching it. */
const TARGET_TOLERANCE = 0.03;

/** The calls of a codec that encode. */
export function encodingCalls(session: Session): Pick<Codec, 'encode'> {
  const { platform, limits } = session;
  return {
    encode: async (image, options = {}) => {
      session.checkOpen();
      checkRate(options);
      const profiles = checkLayers(options);
      const sizes = sizesOf(options, profiles);
      // What a view layer's reader sees has no network of its own yet to refine it by.
      const asked = checkEffort(options.effort ?? defaultEffort);
      const effort = profiles[0] === 'semantic' ? asked : 1;
      const rules = checkKeep(options);
      const metadata = checkMetadata(options.metadata ?? 'none');
      const [model, viewModel] = await openModels(session, profiles);
      const [picture, viewPicture] = await loadPictures(session, image, options, sizes);
      const kept = metadataSections(picture, metadata, limits);
      const targetBytes = targetOf(options, picture.width * picture.height);
      const { minScore } = options;
      const keeper = rules && new AnswerKeeper(model, picture, { rules, minScore, limits });
      const goal = goalOf(options, profiles[0]!, targetBytes, keeper);
      const [work, viewWork] = shareProgress(options, [picture, viewPicture]).map(session.work);
      const first = await encodePicture(model, picture, goal, work!, kept.sections, effort);
      let { bytes } = first;
      let view: EncodedView | undefined;
      if (viewModel !== undefined && viewPicture !== undefined) {
        const viewGoal = goalOf(options, 'perceptual', undefined, undefined);
        const second = await encodePicture(viewModel, viewPicture, viewGoal, viewWork!);
        bytes = joinLayers(bytes, second.bytes, limits);
        const added = { bytes: bytes.length - first.bytes.length, model: identityOf(viewModel) };
        const { width, height } = viewPicture;
        view = { width, height, quality: shortestQuality(second.position), ...added };
      }
      const sealed = options.digest ? await addDigest(bytes, platform.sha256, limits) : { bytes };
      const largest = viewPicture !== undefined && isLarger(viewPicture, picture) ? viewPicture : picture;
      return {
        ...describeSize(sealed.bytes, picture, largest, targetBytes),
        ...(keeper && { keep: [...options.keep!], kept: first.kept!, analyses: keeper.analyses }),
        ...sealed,
        quality: shortestQuality(first.position),
        ...(view && { view }),
        effort,
        model: identityOf(model),
        backend: await session.backendName(),
        notes: [...new Set([...picture.notes, ...(viewPicture?.notes ?? []), ...kept.notes])],
      };
    },
  };
}

/** The models of all layers, before the picture is decoded: without one of them that was for nothing. */
async function openModels(
  { shelf }: Session,
  profiles: readonly Profile[],
): Promise<[OpenModel, OpenModel?]> {
  const models: OpenModel[] = [];
  for (const profile of profiles) models.push(await shelf.encodingModel(profile));
  return models as [OpenModel, OpenModel?];
}

/** Longest side of a layer's picture, and the option that it comes from. */
interface LayerSize {
  readonly maxSide: MaxSide;
  readonly option: 'maxSide' | 'viewSide';
}

/** Sizes of the layers: the machine layer's is for networks, the view's for eyes. @throws UsageError `bad-max-side` */
function sizesOf({ maxSide, viewSide }: EncodeOptions, profiles: readonly Profile[]): LayerSize[] {
  if (maxSide !== undefined) checkMaxSide(maxSide);
  if (viewSide !== undefined) checkMaxSide(viewSide, 'viewSide');
  return profiles.map((profile, index) => {
    if (profile === 'semantic') return { maxSide: maxSide ?? defaultMaxSide, option: 'maxSide' };
    if (viewSide !== undefined) return { maxSide: viewSide, option: 'viewSide' };
    return { maxSide: (index === 0 ? maxSide : undefined) ?? 'none', option: 'maxSide' };
  });
}

/** The picture of each layer, in its size; one and the same where sizes are. */
async function loadPictures(
  session: Session,
  image: ImageInput,
  options: EncodeOptions,
  sizes: readonly LayerSize[],
): Promise<[Picture, Picture?]> {
  const pictures: Picture[] = [];
  for (const { maxSide, option } of sizes) {
    const [known] = pictures;
    if (known !== undefined && isFitted(known, maxSide)) {
      pictures.push(known);
      continue;
    }
    const picture = await session.loadPicture(image, { ...loadingOf(options), maxSide });
    const [said] = describeFitting(picture);
    const notes = picture.notes.flatMap((note) =>
      note === said ? describeFitting(picture, option) : [note],
    );
    pictures.push({ ...picture, notes });
  }
  return pictures as [Picture, Picture?];
}

/** Whether a picture is as fitting its source would make it. */
function isFitted({ width, height, sourceWidth, sourceHeight }: Picture, maxSide: MaxSide): boolean {
  const fitted = fitSize(sourceWidth, sourceHeight, maxSide);
  return width === fitted.width && height === fitted.height;
}

function isLarger(a: Picture, b: Picture): boolean {
  return a.width * a.height > b.width * b.height;
}

/** The caller's hooks for each of two layers: progress goes on over both. */
function shareProgress(
  { signal, onProgress }: EncodeOptions,
  pictures: readonly [Picture, Picture?],
): CallHooks[] {
  const [first, second] = pictures;
  if (onProgress === undefined || second === undefined) return [{ signal, onProgress }, { signal }];
  const count = ({ width, height }: Picture) => {
    const { columns, rows } = tileGrid(width, height);
    return columns * rows;
  };
  const total = count(first) + count(second);
  return [
    { signal, onProgress: (done) => onProgress(done, total) },
    { signal, onProgress: (done) => onProgress(count(first) + done, total) },
  ];
}

/** How large a picture became, and whether that reaches the target if there is one. */
function describeSize(
  { length }: Uint8Array,
  { width, height, sourceWidth, sourceHeight }: Picture,
  largest: Picture,
  targetBytes: number | undefined,
): Pick<
  EncodedImage,
  'bpp' | 'width' | 'height' | 'sourceWidth' | 'sourceHeight' | 'targetBytes' | 'targetReached'
> {
  return {
    bpp: (8 * length) / (largest.width * largest.height),
    ...{ width, height, sourceWidth, sourceHeight },
    ...(targetBytes !== undefined && {
      targetBytes,
      targetReached: length <= targetBytes && length >= (1 - TARGET_TOLERANCE) * targetBytes,
    }),
  };
}

/** The profiles of the layers to write, in their order in a file. */
function checkLayers(options: EncodeOptions): Profile[] {
  const { layers = ['machine'], targetBytes, targetBpp, keep, viewQuality, viewSide } = options;
  if (!Array.isArray(layers)) {
    throw new UsageError('bad-layer', `layers must be a list of ${LAYER_NAMES.join(', ')}`);
  }
  const wanted = LAYER_NAMES.filter((name) => layers.includes(name));
  const unknown = layers.find((name) => !LAYER_NAMES.includes(name));
  if (unknown !== undefined || wanted.length === 0) {
    const found = unknown === undefined ? 'none' : String(unknown);
    throw new UsageError('bad-layer', `layers must be some of ${LAYER_NAMES.join(', ')}, not ${found}`);
  }
  if (!wanted.includes('view') && (viewQuality !== undefined || viewSide !== undefined)) {
    throw new UsageError(
      'option-needs-other',
      'viewQuality and viewSide are for a view layer; give layers that include view',
    );
  }
  if (wanted.length > 1 && (targetBytes !== undefined || targetBpp !== undefined)) {
    throw new UsageError(
      'rate-conflict',
      'a target size is for a file of one layer; give a quality for several',
    );
  }
  if (keep !== undefined && wanted.join() !== 'machine') {
    throw new UsageError('rate-conflict', 'keep finds the quality of a machine layer; write that one alone');
  }
  return wanted.map(profileOfLayer);
}

/** What of a call's options concerns the loading of its picture. */
export function loadingOf({ tolerateDamage, signal }: EncodeOptions | AnalyzePixelsOptions): {
  tolerateDamage: boolean | undefined;
  signal: AbortSignal | undefined;
} {
  return { tolerateDamage, signal };
}

/** @throws UsageError `bad-max-side` */
export function checkMaxSide(maxSide: MaxSide, name = 'maxSide'): MaxSide {
  if (maxSide !== 'none' && !(Number.isInteger(maxSide) && maxSide >= 1)) {
    throw new UsageError('bad-max-side', `${name} must be an integer of at least 1, or none, not ${maxSide}`);
  }
  return maxSide;
}

function targetOf({ targetBytes, targetBpp }: EncodeOptions, pixels: number): number | undefined {
  return targetBpp === undefined ? targetBytes : Math.floor((targetBpp * pixels) / 8);
}

function goalOf(
  { quality, viewQuality, digest }: EncodeOptions,
  profile: Profile,
  targetBytes: number | undefined,
  keeper: AnswerKeeper | undefined,
): RateGoal {
  if (keeper !== undefined) return { keeper };
  const own = profile === 'perceptual' ? viewQuality : undefined;
  return targetBytes === undefined
    ? { position: qualityToPosition(own ?? quality ?? defaultQuality) }
    : { targetBytes: targetBytes - (digest ? DIGEST_SECTION_BYTES : 0) };
}

/**
 * What is to be kept, if anything is.
 *
 * @throws UsageError `bad-keep`, `bad-min-score`, `option-needs-other`
 */
function checkKeep({ keep, minScore }: EncodeOptions): KeepRule[] | undefined {
  const rules = keep && parseKeptAnswers(keep);
  checkScore(minScore);
  if (minScore !== undefined && !looksAtObjects(rules ?? [])) {
    throw new UsageError(
      'option-needs-other',
      'minScore says which objects keep looks at; give keep boxes or masks',
    );
  }
  return rules;
}

function checkRate({ quality, viewQuality, targetBytes, targetBpp, keep }: EncodeOptions): void {
  const given = [quality, targetBytes, targetBpp].filter((value) => value !== undefined).length;
  if (given > 1) {
    throw new UsageError('rate-conflict', 'give only one of quality, targetBytes and targetBpp');
  }
  if (keep !== undefined && given > 0) {
    throw new UsageError(
      'rate-conflict',
      'keep finds the quality itself, of the smallest file that keeps the answers; give no quality and no target with it',
    );
  }
  if (viewQuality !== undefined && (targetBytes !== undefined || targetBpp !== undefined)) {
    throw new UsageError('rate-conflict', 'give a quality of the view or a target size, not both');
  }
  if (quality !== undefined) qualityToPosition(quality);
  if (viewQuality !== undefined) qualityToPosition(viewQuality);
  if (targetBytes !== undefined && !(Number.isInteger(targetBytes) && targetBytes >= 1)) {
    throw new UsageError('bad-target', `targetBytes must be an integer of at least 1, not ${targetBytes}`);
  }
  if (targetBpp !== undefined && !(targetBpp > 0 && targetBpp < Infinity)) {
    throw new UsageError('bad-target', `targetBpp must be a number above 0, not ${targetBpp}`);
  }
}
