import { UsageError } from '../errors.js';
import { defaultMaxSide } from '../image/fit-size.js';
import type { BenchOptions, BenchResult } from './bench-options.js';
import { chooseContenders } from './choose-contenders.js';
import { type BenchNetworks, openBenchNetworks } from './contenders/open-networks.js';
import { chooseImages } from './datasets/dataset.js';
import { matchCategories } from './datasets/match-categories.js';
import { readDataset } from './datasets/read-dataset.js';
import { measureAnswers } from './measure/measure-answers.js';
import { measureTimes } from './measure/measure-times.js';
import { openResultCache } from './measure/result-cache.js';
import { plotReport } from './output/plot-report.js';
import { writeCsv } from './output/write-csv.js';
import { writeMarkdown } from './output/write-markdown.js';
import type { BenchReport } from './report.js';
import { taskMetrics } from './scores/score-answers.js';
import { commonImages } from './scores/score-series.js';
import { writeReport } from './write-report.js';

/** The work behind {@link benchmark}. */
export async function runBenchmark(options: BenchOptions): Promise<BenchResult> {
  checkMetric(options);
  const networks = await openBenchNetworks(options.task, options, options);
  try {
    const report = await measure(options, networks);
    return {
      report,
      csv: writeCsv(report),
      markdown: writeMarkdown(report),
      svg: plotReport(report),
    };
  } finally {
    await networks.dispose();
  }
}

async function measure(options: BenchOptions, networks: BenchNetworks): Promise<BenchReport> {
  const { task, seed = 1, jobs = 2, signal, onNote, onProgress } = options;
  const began = performance.now();
  const metric = options.metric ?? taskMetrics[task][0]!;
  const maxSide = options.maxSide ?? defaultMaxSide;
  const { contenders, missing, anchor } = await chooseContenders(options, networks, maxSide);
  for (const { name, reason } of missing) onNote?.(`${name} is missing: ${reason}`);
  const dataset = await readDataset(options.dataset, task, networks.classes, {
    limits: options.limits,
    signal,
  });
  for (const { image, message } of dataset.leftOut) onNote?.(`${image} left out: ${message}`);
  const matched = matchCategories(dataset, networks.categories, onNote, options.categories);
  const { categories } = matched;
  const chosen = chooseImages(matched.images, options.images ?? Infinity, seed);
  const source = { maxSide, limits: options.limits };
  const shared = { ...source, contenders, network: networks.pixels, signal };

  const measured = await measureAnswers(chosen, {
    ...shared,
    ...{ task, jobs, cache: openResultCache(options.cache) },
    onProgress: (step) => onProgress?.({ phase: 'answers', ...step }),
  });
  for (const { image, message } of measured.leftOut) onNote?.(`${image} left out: ${message}`);
  const { turned } = measured;
  if (turned.length > 0) {
    onNote?.(
      `${turned.length} photographs are annotated as they are stored, not as Exif turns them; their annotations were ` +
        `turned too (${turned[0]}${turned.length > 1 ? ' and others' : ''}; results.json has all names)`,
    );
  }
  for (const { image, series, setting, message } of measured.failures) {
    onNote?.(`${series} at ${setting} failed on ${image}: ${message}`);
  }
  const { images, dropped } = commonImages(measured.images, measured.failures);
  for (const key of dropped) onNote?.(`${key} left out: it failed on too many images`);
  if (images.length === 0) throw new UsageError('empty-dataset', `no image of ${dataset.name} was measured`);

  const unreadable = new Set(measured.leftOut.map(({ image }) => image));
  const timeable = chosen.filter(({ name }) => !unreadable.has(name));
  const timed = chooseImages(timeable, options.timedImages ?? 8, seed);
  const times = await measureTimes(timed, {
    ...shared,
    onProgress: (done, total) => onProgress?.({ phase: 'times', done, total, cached: 0 }),
  });

  return writeReport({
    ...{ options, networks, metric, maxSide, contenders, missing, anchor, dataset, categories },
    ...{ images, dropped, leftOut: measured.leftOut, turned, failures: measured.failures, times },
    timedImages: timed.length,
    elapsedMs: Math.round(performance.now() - began),
  });
}

function checkMetric({ task, metric }: BenchOptions): void {
  const known = taskMetrics[task];
  if (metric !== undefined && !known.includes(metric)) {
    throw new UsageError('unknown-metric', `${task} has no metric ${metric}; there are: ${known.join(', ')}`);
  }
}
