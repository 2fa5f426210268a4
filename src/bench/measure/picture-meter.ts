import { checkMsSsimSize, msSsim } from '../../evaluation/ms-ssim.js';
import { psnr } from '../../evaluation/psnr.js';
import type { Backend } from '../../nn/backend.js';
import type { CodecHooks, Pixels } from '../codecs/picture-codec.js';
import type { PictureMeasures, PictureMetric } from '../scores/picture-metrics.js';
import { findButteraugli } from './butteraugli.js';
import { openLpips } from './open-lpips.js';

/** A measure of pictures that could not be taken. */
export interface MissingMeasure {
  readonly metric: PictureMetric;
  readonly reason: string;
}

/** Measures how far rebuilt pictures are from their originals, by everything that is there. */
export interface PictureMeter {
  /** Identifies its figures. */
  readonly id: string;
  readonly missing: readonly MissingMeasure[];
  /** @throws UsageError `picture-too-small` for a picture that not every measure is of */
  check(original: Pixels): void;
  compare(original: Pixels, rebuilt: Pixels, hooks: CodecHooks): Promise<PictureMeasures>;
  dispose(): Promise<void>;
}

/** Where measures that are not this project's come from. */
interface MeterOptions {
  /** Folder with the weights of LPIPS, if it is to be measured. */
  readonly lpips?: string | undefined;
  /** Folders to look for programs in, as in `$PATH`. */
  readonly searchPath: string;
  /** The executor, for LPIPS. */
  openBackend(): Promise<Backend>;
}

/** That of the same picture is infinite, and one such picture would make every mean infinite. */
const MAX_PSNR_DB = 100;

/** Changes when the same pictures would give other figures. */
const MEASURING = 1;

/** @throws ModelError `bad-lpips`; BackendError */
export async function openPictureMeter({ lpips: folder, ...options }: MeterOptions): Promise<PictureMeter> {
  const lpips = folder === undefined ? undefined : await openLpips(folder, await options.openBackend());
  const found = await findButteraugli(options.searchPath);
  const butteraugli = 'distance' in found ? found : undefined;
  const missing: MissingMeasure[] = [];
  if (lpips === undefined)
    missing.push({ metric: 'lpips', reason: 'no weights were given (--lpips FOLDER)' });
  if ('reason' in found) missing.push({ metric: 'butteraugli', reason: found.reason });
  return {
    id: JSON.stringify([MEASURING, lpips?.id, butteraugli?.id]),
    missing,
    check: checkMsSsimSize,
    compare: async (original, rebuilt, hooks) => ({
      psnr: Math.min(MAX_PSNR_DB, psnr(original.data, rebuilt.data)),
      msSsim: msSsim(original, rebuilt),
      ...(lpips && { lpips: await lpips.distance(original, rebuilt) }),
      ...(butteraugli && { butteraugli: await butteraugli.distance(original, rebuilt, hooks) }),
    }),
    dispose: async () => lpips?.dispose(),
  };
}
