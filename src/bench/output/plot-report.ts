import { type BenchReport, networkOnPixels } from '../report.js';
import { drawRatePlot } from './draw-rate-plot.js';
import { metricName, percent } from './metric-names.js';

/**
 * Draws rate against accuracy: a line for the uncompressed network, whiskers for the intervals of dicm and of the anchor.
 */
export function plotReport(report: BenchReport): string {
  const { metric, dataset, series, comparisons } = report;
  const name = metricName(metric);
  const anchor = comparisons[0]?.anchor;
  return drawRatePlot({
    title: `${name[0]!.toUpperCase()}${name.slice(1)} against rate`,
    subtitle: `${dataset.name}, ${dataset.images} images`,
    terms:
      report.detector === undefined
        ? `every codec at the same pixels, ${readersOf(report)}; whiskers: 95 %`
        : 'every codec at the same pixels, read by the same network, dashed by another detector; whiskers: 95 %',
    axis: `${name}, %`,
    series: series.map(({ id, name, points }) => ({
      ...{ id, name },
      points: points.flatMap(({ bpp, scores, interval }) => {
        const score = scores[metric];
        if (score === null || score === undefined) return [];
        const whisker = interval && { low: 100 * interval.low, high: 100 * interval.high };
        return [{ bpp, value: 100 * score, interval: whisker }];
      }),
    })),
    ceilings: ceilingsOf(report).map(({ name, score }) => ({
      ...{ value: 100 * score, label: `${name} ${percent(score)} %` },
    })),
    withWhiskers: ['dicm', ...(anchor === undefined ? [] : [anchor])],
  });
}

/** Who reads what the codecs keep, in words. */
function readersOf({ pixelNetwork, model }: BenchReport): string {
  return pixelNetwork === networkOnPixels(model.name)
    ? 'the same network behind it'
    : 'pixels read by another network than dicm';
}

/** What networks say with no codec. */
function ceilingsOf({ metric, uncompressed, detector }: BenchReport): { name: string; score: number }[] {
  const all = [
    { name: 'uncompressed', score: uncompressed.scores[metric] },
    { name: `uncompressed, ${detector?.name}`, score: detector?.uncompressed.scores[metric] },
  ];
  return all.flatMap(({ name, score }) => (typeof score === 'number' ? [{ name, score }] : []));
}
