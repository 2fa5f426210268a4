import { type BootstrapOptions, bootstrapInterval } from '../evaluation/bootstrap.js';
import { meanScore } from '../evaluation/classification-accuracy.js';
import type { MaxSide } from '../image/fit-size.js';
import type { BenchOptions } from './bench-options.js';
import type { ChosenContenders } from './choose-contenders.js';
import type { BenchNetworks } from './contenders/open-networks.js';
import type { Dataset } from './datasets/dataset.js';
import { describeEnvironment } from './describe-environment.js';
import { type MeasuredImage, sampleKey } from './measure/measure-answers.js';
import { type PointTimes, type Times, UNCOMPRESSED } from './measure/measure-times.js';
import type {
  BenchComparison,
  BenchPoint,
  BenchReport,
  BenchSeries,
  FailedSample,
  LeftOutImage,
  Scores,
} from './report.js';
import { compareSeries } from './scores/compare-series.js';
import { keptBytes } from './scores/kept-bytes.js';
import { type AnswerScores, scoreAnswers, taskMetrics } from './scores/score-answers.js';
import { type ScoredPoint, type ScoredSeries, scoreSeries } from './scores/score-series.js';

/** Draws of a bootstrap: average precision of one draw takes milliseconds, a mean of hits microseconds. */
const RESAMPLES = { classify: 1000, detect: 300, segment: 300 } as const;

/** Everything that was found out. */
export interface Findings extends ChosenContenders {
  readonly options: BenchOptions;
  readonly networks: BenchNetworks;
  readonly metric: string;
  readonly maxSide: MaxSide;
  readonly dataset: Dataset;
  readonly categories: readonly { readonly id: number; readonly name: string }[];
  /** Images that count, and the points that do not, by their keys. */
  readonly images: readonly MeasuredImage[];
  readonly dropped: ReadonlySet<string>;
  readonly leftOut: readonly LeftOutImage[];
  readonly turned: readonly string[];
  readonly failures: readonly FailedSample[];
  readonly times: Times;
  readonly timedImages: number;
  readonly elapsedMs: number;
}

/** Scores everything that was measured, compares it, and writes it down. */
export async function writeReport(findings: Findings): Promise<BenchReport> {
  const { options, networks, metric, dataset, images, categories, times } = findings;
  const { task, seed = 1 } = options;
  const truths = await Promise.all(
    images.map(async ({ image, reference }) => ({
      ...{ label: image.label, objects: await image.objects?.(), reference },
    })),
  );
  const score = (answers: Parameters<typeof scoreAnswers>[2], boxesOnly?: boolean) => {
    const ids = categories.map(({ id }) => id);
    return scoreAnswers(task, truths, answers, ids, boxesOnly);
  };
  const scored = (isUncompressed: boolean) =>
    findings.contenders
      .filter((contender) => (contender.isUncompressed ?? false) === isUncompressed && !contender.keeps)
      .flatMap((contender) =>
        scoreSeries(
          contender,
          images,
          metric,
          (samples) =>
            score(
              samples.map(({ answer }) => answer),
              contender.boxesOnly,
            ),
          findings.dropped,
        ),
      )
      .filter(({ points }) => points.length > 0);
  const series = scored(false);
  const keepers = findings.contenders.filter(({ keeps }) => keeps !== undefined);
  const kept = keptBytes(keepers, images, findings.dropped, times);
  const reference = score(images.map((one) => one.reference));
  const bootstrap = { seed, resamples: RESAMPLES[task] };
  const anchor = series.find(({ id }) => id === findings.anchor);
  const others = series.filter((one) => anchor !== undefined && one !== anchor);
  const comparisons: BenchComparison[] = [];
  for (const one of others) {
    comparisons.push(compareSeries(one, anchor!, metric, bootstrap));
    await pause(options.signal);
  }
  const described: BenchSeries[] = [];
  for (const { points, boxesOnly, ...rest } of series) {
    const list: BenchPoint[] = [];
    for (const point of points) {
      list.push(describePoint(point, taskMetrics[task], times, bootstrap));
      await pause(options.signal);
    }
    described.push({ ...rest, points: list });
  }
  return {
    schema: 'dicm.bench/1',
    task,
    metric,
    dataset: {
      name: options.name ?? dataset.name,
      images: images.length,
      available: dataset.images.length,
      leftOut: [...dataset.leftOut, ...findings.leftOut],
      ...(findings.turned.length > 0 && { turned: findings.turned }),
    },
    seed,
    maxSide: findings.maxSide,
    model: networks.model,
    pixelNetwork: networks.pixels.name,
    uncompressed: describeReference(images, reference, taskMetrics[task], times.get(UNCOMPRESSED)),
    ...describeDetector(findings, scored(true)[0]),
    series: described,
    ...(kept.length > 0 && { kept }),
    missing: findings.missing,
    comparisons,
    failures: findings.failures,
    ...(task !== 'classify' && {
      // Of masks, those that have some.
      categories: describeCategories(
        categories,
        reference,
        series.filter(({ boxesOnly }) => task === 'detect' || !boxesOnly),
      ),
    }),
    environment: describeEnvironment(networks.backend, options.jobs ?? 2, findings.timedImages),
    peakMemoryBytes: 1024 * process.resourceUsage().maxRSS,
    elapsedMs: findings.elapsedMs,
  };
}

/** Lets signals in: intervals of average precision take seconds, and nothing else would run meanwhile. */
async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
}

function describePoint(
  point: ScoredPoint,
  metrics: readonly string[],
  times: Times,
  bootstrap: BootstrapOptions,
): BenchPoint {
  const interval = bootstrapInterval(point.accuracy, point.bytes.length, bootstrap);
  return {
    setting: point.setting,
    images: point.bytes.length,
    bytes: rounded(meanScore(point.bytes), 1)!,
    bpp: rounded(meanScore(point.bpp), 5)!,
    scores: describeScores(metrics, point.scores),
    ...(interval.kind === 'interval' && {
      interval: { low: rounded(interval.low, 5)!, high: rounded(interval.high, 5)! },
    }),
    ...describeTimes(times.get(sampleKey(point.contender, point.setting))),
  };
}

function describeReference(
  images: readonly MeasuredImage[],
  scores: AnswerScores,
  metrics: readonly string[],
  times: PointTimes | undefined,
): BenchReport['uncompressed'] {
  const bytes = images.map(({ sourceBytes }) => sourceBytes);
  const bpp = images.map(({ sourceBytes, sourcePixels }) => (8 * sourceBytes) / sourcePixels);
  return {
    images: images.length,
    bytes: rounded(meanScore(bytes), 1)!,
    bpp: rounded(meanScore(bpp), 5)!,
    scores: describeScores(metrics, scores),
    ...describeTimes(times),
  };
}

/** What another detector says without a codec; nothing where there is none. */
function describeDetector(
  { images, networks, options, times }: Findings,
  series: ScoredSeries | undefined,
): Pick<BenchReport, 'detector'> {
  const [point] = series?.points ?? [];
  if (point === undefined || networks.detector === undefined) return {};
  // There is no codec whose time would count.
  const { encodeMs, ...read } = { ...times.get(sampleKey(point.contender, point.setting))! };
  const metrics = taskMetrics[options.task];
  const uncompressed = describeReference(images, point.scores, metrics, times.size > 0 ? read : undefined);
  return { detector: { name: networks.detector.name, uncompressed } };
}

function describeTimes(times: PointTimes | undefined) {
  if (times === undefined) return {};
  const { encodeMs, analyzeMs, peakMemoryBytes } = times;
  return {
    ...(encodeMs !== undefined && { encodeMs: rounded(encodeMs, 1)! }),
    analyzeMs: rounded(analyzeMs, 1)!,
    peakMemoryBytes,
  };
}

/** Average precision of each category: the uncompressed network's, and each codec's at its last setting. */
function describeCategories(
  categories: Findings['categories'],
  reference: AnswerScores,
  series: readonly ScoredSeries[],
): BenchReport['categories'] {
  const columns = new Map([['uncompressed', reference]]);
  for (const { id, points } of series) {
    // Payload series have the answers of their codec.
    if (!id.endsWith('-payload')) columns.set(id, points.at(-1)!.scores);
  }
  return categories.map(({ id, name }) => ({
    name,
    objects: reference.category(id).truthCount,
    scores: Object.fromEntries(
      [...columns].map(([column, scores]) => [column, rounded(scores.category(id).ap, 5)]),
    ),
  }));
}

function describeScores(metrics: readonly string[], scores: AnswerScores): Scores {
  return Object.fromEntries(metrics.map((metric) => [metric, rounded(scores.score(metric), 5)]));
}

function rounded(value: number | undefined, digits: number): number | null {
  return value === undefined ? null : Number(value.toFixed(digits));
}
