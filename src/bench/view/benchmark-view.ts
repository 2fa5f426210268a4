import { withImageLibrary } from '../../platform/node/image-library.js';
import { checkOptions, optionNames } from '../../session/check-options.js';
import { codecOptionNames } from '../../session/guard-calls.js';
import { nameShortage } from '../../shortage.js';
import type { ViewBenchOptions, ViewBenchResult } from './view-options.js';

const viewOptionNames = optionNames<ViewBenchOptions>()({
  ...codecOptionNames,
  pictures: true,
  name: true,
  cache: true,
  codecs: true,
  settings: true,
  lpips: true,
  maxSide: true,
  images: true,
  seed: true,
  timedImages: true,
  stripBpp: true,
  jobs: true,
  searchPath: true,
  signal: true,
  onProgress: true,
  onNote: true,
});

/**
 * Measures rate against what people see: codes pictures with the view layer and with the codecs that this machine has,
 * rebuilds them, measures how far they are from their originals, and compares.
 *
 * @throws UsageError `empty-dataset`, `unknown-codec`, `bad-setting`, `bad-target`, `unknown-option`; ModelError `bad-lpips`;
 *   BackendError; OutputError `cache-failed`; ResourceError
 */
export async function benchmarkView(options: ViewBenchOptions): Promise<ViewBenchResult> {
  checkOptions('benchmarkView', options, viewOptionNames);
  const { runViewBenchmark } = await withImageLibrary(() => import('./run-view-benchmark.js'));
  try {
    return await runViewBenchmark(options);
  } catch (error) {
    throw nameShortage(error);
  }
}
