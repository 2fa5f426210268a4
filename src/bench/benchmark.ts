import { withImageLibrary } from '../platform/node/image-library.js';
import { checkOptions, optionNames } from '../session/check-options.js';
import { codecOptionNames } from '../session/guard-calls.js';
import { nameShortage } from '../shortage.js';
import type { BenchOptions, BenchResult } from './bench-options.js';

const benchOptionNames = optionNames<BenchOptions>()({
  ...codecOptionNames,
  task: true,
  dataset: true,
  name: true,
  cache: true,
  codecs: true,
  settings: true,
  effort: true,
  pixelNetwork: true,
  detector: true,
  anchor: true,
  metric: true,
  categories: true,
  maxSide: true,
  images: true,
  seed: true,
  timedImages: true,
  jobs: true,
  searchPath: true,
  signal: true,
  onProgress: true,
  onNote: true,
});

/**
 * Measures rate against accuracy: codes labelled images with dicm and with the codecs that this machine has, gives
 * the same network what each of them keeps, and compares.
 *
 * @throws UsageError `bad-dataset`, `empty-dataset`, `unknown-codec`, `unknown-category`, `unknown-metric`, `anchor-missing`,
 *   `pixel-network-task`, `detector-task`, `unknown-option`; ModelError `no-heads`, `bad-pixel-network`, `bad-detector`;
 *   BackendError; OutputError `cache-failed`; ResourceError
 */
export async function benchmark(options: BenchOptions): Promise<BenchResult> {
  checkOptions('benchmark', options, benchOptionNames);
  const { runBenchmark } = await withImageLibrary(() => import('./run-benchmark.js'));
  try {
    return await runBenchmark(options);
  } catch (error) {
    throw nameShortage(error);
  }
}
