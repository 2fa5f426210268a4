import { BackendError, DicmError, ModelError, OutputError, ResourceError } from '../../errors.js';
import type { UprightPhotograph } from '../../tasks/objects/exif-turn.js';
import type { Answer } from '../contenders/answer.js';
import type { Contender } from '../contenders/contender.js';
import type { PixelNetwork } from '../contenders/pixel-network.js';
import type { DatasetImage } from '../datasets/dataset.js';
import { matchFrame } from '../datasets/match-frame.js';
import type { BenchTask, FailedSample, LeftOutImage } from '../report.js';
import { type HashedSource, openSource, type SourceOptions } from './open-source.js';
import type { ResultCache } from './result-cache.js';

/** What is asked about each image: a task of networks, or how good a picture it is. */
type Question = BenchTask | 'view';

/** One image coded by one contender at one setting. */
export interface Sample {
  readonly bytes: number;
  readonly payloadBytes?: number;
  /** Whether it keeps what was to be kept, of contenders that look for that. */
  readonly kept?: boolean;
  readonly answer: Answer;
}

/** Everything measured of one image. */
export interface MeasuredImage {
  readonly image: DatasetImage;
  readonly sourceBytes: number;
  readonly sourcePixels: number;
  /** What the uncompressed network says. */
  readonly reference: Answer;
  /** By contender's id and setting; without those that failed. */
  readonly samples: ReadonlyMap<string, Sample>;
}

/** How far the work is, in answers of a network. */
export interface BenchProgress {
  readonly done: number;
  readonly total: number;
  /** Of those done, how many were in the cache. */
  readonly cached: number;
}

/** What is measured, and with what. */
export interface MeasureOptions extends SourceOptions {
  readonly task: Question;
  readonly contenders: readonly Contender[];
  readonly network: PixelNetwork;
  readonly cache: ResultCache;
  /** Images in work at a time. */
  readonly jobs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: BenchProgress) => void) | undefined;
}

/** Measured images in the order of the set, and what went wrong. */
export interface Measured {
  readonly images: readonly MeasuredImage[];
  readonly leftOut: readonly LeftOutImage[];
  /** Names of images that were annotated as they are stored, and whose truth is turned as Exif turns them. */
  readonly turned: readonly string[];
  readonly failures: readonly FailedSample[];
}

/** Key of a sample in {@link MeasuredImage}. */
export function sampleKey(contender: string, setting: number): string {
  return `${contender} ${setting}`;
}

/**
 * Codes every image with every contender at every setting and asks the networks. Each image is read and fitted once.
 * What is in the cache is not done again. An image that cannot be read is left out, a contender that fails on an image
 * is recorded; what would fail for every image ends the run.
 */
export async function measureAnswers(
  images: readonly DatasetImage[],
  options: MeasureOptions,
): Promise<Measured> {
  const { contenders, signal } = options;
  const perImage = 1 + contenders.reduce((sum, { settings }) => sum + settings.length, 0);
  const results: (MeasuredImage | undefined)[] = images.map(() => undefined);
  const leftOut: LeftOutImage[] = [];
  const turned: string[] = [];
  const failures: FailedSample[] = [];
  const progress = { done: 0, total: perImage * images.length, cached: 0 };
  const advance = (steps: number, fromCache: boolean) => {
    progress.done += steps;
    if (fromCache) progress.cached += steps;
    options.onProgress?.({ ...progress });
  };
  let next = 0;
  let stopped = false;

  const measureImage = async (listed: DatasetImage): Promise<MeasuredImage | undefined> => {
    const opened = await openImage(listed);
    if (opened === undefined) return undefined;
    const { source, reference, image } = opened;
    advance(1, reference.cached);
    const samples = new Map<string, Sample>();
    for (const contender of contenders) {
      for (const setting of contender.settings) {
        signal?.throwIfAborted();
        try {
          const { sample, cached } = await sampleOf(source, contender, setting, options);
          samples.set(sampleKey(contender.id, setting), sample);
          advance(1, cached);
        } catch (error) {
          if (signal?.aborted || !isOfOneImage(error)) throw error;
          const { code, message } = error;
          failures.push({ image: image.name, series: contender.id, setting, code, message });
          advance(1, false);
        }
      }
    }
    const { sourcePixels, answer } = reference;
    return { image, sourceBytes: source.bytes.length, sourcePixels, reference: answer, samples };
  };
  /** The file and the uncompressed answer; undefined, and recorded, where the image cannot be read. */
  const openImage = async (listed: DatasetImage) => {
    const { name, path } = listed;
    try {
      const source = await openSource(path, options);
      const reference = await referenceOf(source, options);
      const { image, isTurned } = matchFrame(listed, reference.frame);
      if (isTurned) turned.push(name);
      return { source, reference, image };
    } catch (error) {
      if (signal?.aborted || !isOfOneImage(error)) throw error;
      leftOut.push({ image: name, code: error.code, message: error.message });
      advance(perImage, false);
      return undefined;
    }
  };
  const worker = async () => {
    while (next < images.length && !stopped) {
      const index = next++;
      try {
        signal?.throwIfAborted();
        results[index] = await measureImage(images[index]!);
      } catch (error) {
        stopped = true;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: Math.min(options.jobs, images.length) }, worker);
  const ends = await Promise.allSettled(workers);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return { images: results.filter((one) => one !== undefined), leftOut, turned: turned.sort(), failures };
}

/** The answer without a codec, and the size of the photograph. */
async function referenceOf(source: HashedSource, options: MeasureOptions) {
  const { task, maxSide, network, cache, signal } = options;
  const keyOf = (answers: Question) => ['reference', answers, maxSide, network.id, source.sha256];
  type Reference = { sourcePixels: number; frame: UprightPhotograph; answer: Answer };
  // What an earlier version kept has no frame.
  const kept = await recall<Omit<Reference, 'frame'> & Partial<Reference>>(cache, task, keyOf);
  if (kept?.frame !== undefined) return { ...kept, frame: kept.frame, cached: true };
  const picture = await source.picture();
  const { sourceWidth: width, sourceHeight: height, orientation } = picture;
  const answer = kept?.answer ?? (await network.analyze(picture, { signal }));
  const reference: Reference = {
    sourcePixels: width * height,
    frame: { width, height, orientation },
    answer,
  };
  await cache.put(keyOf(task), reference);
  return { ...reference, cached: kept !== undefined };
}

async function sampleOf(
  source: HashedSource,
  contender: Contender,
  setting: number,
  { task, maxSide, cache, signal }: MeasureOptions,
): Promise<{ sample: Sample; cached: boolean }> {
  const { id, version, networkId } = contender;
  const keyOf = (answers: Question) => [
    ...['sample', answers, maxSide, networkId, id, version, setting, source.sha256],
  ];
  const kept = await recall<Sample>(cache, task, keyOf);
  if (kept !== undefined) return { sample: kept, cached: true };
  const { bytes, payloadBytes, kept: keeps } = await contender.encode(source, setting, { signal });
  const answer = await contender.analyze(bytes, source, { signal });
  const sample = {
    bytes: bytes.length,
    ...(payloadBytes !== undefined && { payloadBytes }),
    ...(keeps !== undefined && { kept: keeps }),
    answer,
  };
  await cache.put(keyOf(task), sample);
  return { sample, cached: false };
}

/** What is kept for a task; an answer of segmentation has the boxes of detection in it. */
async function recall<T>(
  cache: ResultCache,
  task: Question,
  keyOf: (answers: Question) => unknown,
): Promise<T | undefined> {
  const kept = await cache.get<T>(keyOf(task));
  return kept === undefined && task === 'detect' ? cache.get<T>(keyOf('segment')) : kept;
}

/** Whether the other images may well succeed. */
function isOfOneImage(error: unknown): error is DicmError {
  if (error instanceof BackendError) return error.attempts.length === 0;
  const isOfAll =
    error instanceof ModelError || error instanceof OutputError || error instanceof ResourceError;
  return error instanceof DicmError && !isOfAll;
}
