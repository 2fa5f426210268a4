import { type BootstrapOptions, bootstrapInterval } from '../../evaluation/bootstrap.js';
import type { SampledPoint } from '../../evaluation/bootstrap-bjontegaard.js';
import { meanScore } from '../../evaluation/classification-accuracy.js';
import type { MaxSide } from '../../image/fit-size.js';
import { VIEW_CODEC } from '../codecs/dicm-view.js';
import type { MissingCodec } from '../codecs/picture-codec.js';
import type { Contender } from '../contenders/contender.js';
import type { Dataset } from '../datasets/dataset.js';
import { describeEnvironment } from '../describe-environment.js';
import { type MeasuredImage, type Sample, sampleKey } from '../measure/measure-answers.js';
import type { Times } from '../measure/measure-times.js';
import type { MissingMeasure } from '../measure/picture-meter.js';
import type { BenchComparison, FailedSample, LeftOutImage } from '../report.js';
import { compareSeries } from '../scores/compare-series.js';
import { metricForms, type PictureMetric, pictureMetrics } from '../scores/picture-metrics.js';
import { type ScoredPoint, type ScoredSeries, scoreSeries } from '../scores/score-series.js';
import type { ViewBenchOptions } from './view-options.js';
import type { ViewPoint, ViewReport, ViewStrip } from './view-report.js';

/** Draws of a bootstrap. */
const RESAMPLES = 1000;

/** Digits that figures are written with. */
const DIGITS = 6;

/** Everything that was found out. */
interface ViewFindings {
  readonly options: ViewBenchOptions;
  readonly dataset: Dataset;
  readonly contenders: readonly Contender[];
  readonly missing: readonly MissingCodec[];
  readonly missingMeasures: readonly MissingMeasure[];
  /** Pictures that count, and the points that do not, by their keys. */
  readonly images: readonly MeasuredImage[];
  readonly dropped: ReadonlySet<string>;
  readonly leftOut: readonly LeftOutImage[];
  readonly failures: readonly FailedSample[];
  readonly times: Times;
  readonly maxSide: MaxSide;
  readonly strips: readonly ViewStrip[];
  readonly backend: string;
  readonly timedImages: number;
  readonly elapsedMs: number;
}

/** Means of measures over pictures. */
interface MeasureScores {
  /** @param imageCounts - How often each picture counts; once unless given. */
  score(metric: string, imageCounts?: ArrayLike<number>): number | undefined;
}

type Series = ScoredSeries<MeasureScores>;

/** Scores everything that was measured, compares it, and writes it down. */
export async function writeViewReport(findings: ViewFindings): Promise<ViewReport> {
  const { options, dataset, images, times, missingMeasures } = findings;
  const { seed = 1, jobs = 2, signal } = options;
  const metrics = pictureMetrics.filter((one) => missingMeasures.every(({ metric }) => metric !== one));
  const bootstrap = { seed, resamples: RESAMPLES };
  const series = findings.contenders
    .flatMap((one) => scoreSeries(one, images, metrics[0]!, scoreMeasures, findings.dropped))
    .filter(({ points }) => points.length > 0);
  const own = series.find(({ id }) => id === VIEW_CODEC);
  const comparisons: BenchComparison[] = [];
  for (const other of series) {
    if (own === undefined || other === own) continue;
    for (const metric of metrics) {
      comparisons.push(compareSeries(curveOf(own, metric), curveOf(other, metric), metric, bootstrap));
    }
    // Lets signals in: intervals take seconds.
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  }
  return {
    schema: 'dicm.bench-view/1',
    dataset: {
      name: dataset.name,
      images: images.length,
      available: dataset.images.length,
      leftOut: [...dataset.leftOut, ...findings.leftOut],
    },
    seed,
    maxSide: findings.maxSide,
    missingMeasures,
    series: series.map(({ points, boxesOnly: _, ...rest }) => ({
      ...rest,
      points: points.map((point) => describePoint(point, metrics, times, bootstrap)),
    })),
    missing: findings.missing,
    comparisons,
    strips: findings.strips,
    failures: findings.failures,
    environment: describeEnvironment(findings.backend, jobs, findings.timedImages),
    peakMemoryBytes: 1024 * process.resourceUsage().maxRSS,
    elapsedMs: findings.elapsedMs,
  };
}

function scoreMeasures(samples: readonly Sample[]): MeasureScores {
  const values = new Map(
    pictureMetrics.map((metric) => [metric, samples.map(({ answer }) => answer.measures?.[metric])]),
  );
  return {
    score: (metric, imageCounts) => {
      const all = values.get(metric as PictureMetric)!;
      return all.includes(undefined) ? undefined : meanScore(all as number[], imageCounts);
    },
  };
}

/** The curve of a measure over bits per pixel, each picture counting the same whatever its size. */
function curveOf({ id, points }: Series, metric: PictureMetric): { id: string; points: SampledPoint[] } {
  const { rising } = metricForms[metric];
  const curve = points.map(
    ({ bpp, scores }): SampledPoint => ({
      bytes: bpp,
      accuracy: (counts) => {
        const mean = scores.score(metric, counts);
        return mean === undefined ? undefined : rising(mean);
      },
    }),
  );
  return { id, points: curve };
}

function describePoint(
  { contender, setting, bytes, bpp, scores }: ScoredPoint<MeasureScores>,
  metrics: readonly PictureMetric[],
  times: Times,
  bootstrap: BootstrapOptions,
): ViewPoint {
  const intervals: Record<string, { low: number; high: number }> = {};
  for (const metric of metrics) {
    const found = bootstrapInterval((counts) => scores.score(metric, counts), bytes.length, bootstrap);
    if (found.kind === 'interval')
      intervals[metric] = { low: rounded(found.low)!, high: rounded(found.high)! };
  }
  const time = times.get(sampleKey(contender, setting));
  return {
    setting,
    images: bytes.length,
    bytes: rounded(meanScore(bytes), 1)!,
    bpp: rounded(meanScore(bpp), 5)!,
    scores: Object.fromEntries(pictureMetrics.map((metric) => [metric, rounded(scores.score(metric))])),
    intervals,
    ...(time && {
      ...(time.encodeMs !== undefined && { encodeMs: rounded(time.encodeMs, 1)! }),
      ...{ decodeMs: rounded(time.analyzeMs, 1)!, peakMemoryBytes: time.peakMemoryBytes },
    }),
  };
}

function rounded(value: number | undefined, digits = DIGITS): number | null {
  return value === undefined ? null : Number(value.toFixed(digits));
}
