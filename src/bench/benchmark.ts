import type { BenchOptions, BenchResult } from './bench-options.js';

/**
 * Measures rate against accuracy: codes labelled images with dicm and with the codecs that this machine has, gives
 * the same network what each of them keeps, and compares.
 *
 * @throws UsageError `bad-dataset`, `empty-dataset`, `unknown-codec`, `unknown-category`, `unknown-metric`, `anchor-missing`,
 *   `pixel-network-task`; ModelError `no-heads`, `bad-pixel-network`; BackendError; OutputError `cache-failed`
 */
export async function benchmark(options: BenchOptions): Promise<BenchResult> {
  const { runBenchmark } = await import('./run-benchmark.js');
  return runBenchmark(options);
}
