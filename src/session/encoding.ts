import { AnswerKeeper } from '../codec/answer-keeper.js';
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
import { defaultMaxSide, type MaxSide } from '../image/fit-size.js';
import type { Picture } from '../image/picture.js';
import { checkScore } from '../tasks/checks.js';
import {
  type AnalyzePixelsOptions,
  type Codec,
  defaultQuality,
  type EncodedImage,
  type EncodeOptions,
} from './codec.js';
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
      const maxSide = checkMaxSide(options.maxSide ?? defaultMaxSide);
      const effort = checkEffort(options.effort ?? defaultEffort);
      const rules = checkKeep(options);
      const profiles = checkLayers(options);
      const metadata = checkMetadata(options.metadata ?? 'none');
      const models = await openModels(session, profiles);
      const picture = await session.loadPicture(image, { ...loadingOf(options), maxSide });
      const kept = metadataSections(picture, metadata, limits);
      const targetBytes = targetOf(options, picture.width * picture.height);
      const { minScore } = options;
      const keeper = rules && new AnswerKeeper(models[0], picture, { rules, minScore, limits });
      const goal = goalOf(options, targetBytes, keeper);
      const work = session.work(options);
      // What a view layer's reader sees has no network of its own yet to refine it by.
      const effortFor = (profile: Profile | undefined) => (profile === 'semantic' ? effort : 1);
      const first = await encodePicture(
        models[0],
        picture,
        goal,
        work,
        kept.sections,
        effortFor(profiles[0]),
      );
      let { bytes } = first;
      for (const model of models.slice(1)) {
        bytes = joinLayers(bytes, (await encodePicture(model, picture, goal, work)).bytes, limits);
      }
      const sealed = options.digest ? await addDigest(bytes, platform.sha256, limits) : { bytes };
      return {
        ...describeSize(sealed.bytes, picture, targetBytes),
        ...(keeper && { keep: [...options.keep!], kept: first.kept!, analyses: keeper.analyses }),
        ...sealed,
        quality: shortestQuality(first.position),
        effort,
        model: identityOf(models[0]),
        backend: await session.backendName(),
        notes: [...picture.notes, ...kept.notes],
      };
    },
  };
}

/** The models of all layers, before the picture is decoded: without one of them that was for nothing. */
async function openModels(
  { shelf }: Session,
  profiles: readonly Profile[],
): Promise<[OpenModel, ...OpenModel[]]> {
  const models: OpenModel[] = [];
  for (const profile of profiles) models.push(await shelf.encodingModel(profile));
  return models as [OpenModel, ...OpenModel[]];
}

/** How large a picture became, and whether that reaches the target if there is one. */
function describeSize(
  { length }: Uint8Array,
  { width, height, sourceWidth, sourceHeight }: Picture,
  targetBytes: number | undefined,
): Pick<
  EncodedImage,
  'bpp' | 'width' | 'height' | 'sourceWidth' | 'sourceHeight' | 'targetBytes' | 'targetReached'
> {
  return {
    bpp: (8 * length) / (width * height),
    ...{ width, height, sourceWidth, sourceHeight },
    ...(targetBytes !== undefined && {
      targetBytes,
      targetReached: length <= targetBytes && length >= (1 - TARGET_TOLERANCE) * targetBytes,
    }),
  };
}

/** The profiles of the layers to write, in their order in a file. */
function checkLayers({ layers = ['machine'], targetBytes, targetBpp, keep }: EncodeOptions): Profile[] {
  if (!Array.isArray(layers)) {
    throw new UsageError('bad-layer', `layers must be a list of ${LAYER_NAMES.join(', ')}`);
  }
  const wanted = LAYER_NAMES.filter((name) => layers.includes(name));
  const unknown = layers.find((name) => !LAYER_NAMES.includes(name));
  if (unknown !== undefined || wanted.length === 0) {
    const found = unknown === undefined ? 'none' : String(unknown);
    throw new UsageError('bad-layer', `layers must be some of ${LAYER_NAMES.join(', ')}, not ${found}`);
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
export function checkMaxSide(maxSide: MaxSide): MaxSide {
  if (maxSide !== 'none' && !(Number.isInteger(maxSide) && maxSide >= 1)) {
    throw new UsageError('bad-max-side', `maxSide must be an integer of at least 1, or none, not ${maxSide}`);
  }
  return maxSide;
}

function targetOf({ targetBytes, targetBpp }: EncodeOptions, pixels: number): number | undefined {
  return targetBpp === undefined ? targetBytes : Math.floor((targetBpp * pixels) / 8);
}

function goalOf(
  { quality, digest }: EncodeOptions,
  targetBytes: number | undefined,
  keeper: AnswerKeeper | undefined,
): RateGoal {
  if (keeper !== undefined) return { keeper };
  return targetBytes === undefined
    ? { position: qualityToPosition(quality ?? defaultQuality) }
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

function checkRate({ quality, targetBytes, targetBpp, keep }: EncodeOptions): void {
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
  if (quality !== undefined) qualityToPosition(quality);
  if (targetBytes !== undefined && !(Number.isInteger(targetBytes) && targetBytes >= 1)) {
    throw new UsageError('bad-target', `targetBytes must be an integer of at least 1, not ${targetBytes}`);
  }
  if (targetBpp !== undefined && !(targetBpp > 0 && targetBpp < Infinity)) {
    throw new UsageError('bad-target', `targetBpp must be a number above 0, not ${targetBpp}`);
  }
}
