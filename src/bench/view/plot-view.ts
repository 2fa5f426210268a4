import { VIEW_CODEC } from '../codecs/dicm-view.js';
import { drawRatePlot } from '../output/draw-rate-plot.js';
import { metricForms, pictureMetrics } from '../scores/picture-metrics.js';
import type { ViewBenchResult } from './view-options.js';
import type { ViewReport } from './view-report.js';

/** Draws rate against each measure that was taken. */
export function plotView({ dataset, series, missingMeasures }: ViewReport): ViewBenchResult['plots'] {
  const missing = missingMeasures.map(({ metric }) => metric);
  return pictureMetrics
    .filter((metric) => !missing.includes(metric))
    .map((metric) => {
      const { name, axis, slug, plotted } = metricForms[metric];
      const svg = drawRatePlot({
        title: `${name} against rate`,
        subtitle: `${dataset.name}, ${dataset.images} images`,
        terms: 'pictures rebuilt by every codec beside their originals; whiskers: 95 %',
        axis,
        series: series.map(({ id, name, points }) => ({
          ...{ id, name },
          points: points.map(({ bpp, scores, intervals }) => {
            const interval = intervals[metric];
            return {
              ...{ bpp, value: plotted(scores[metric]!) },
              interval: interval && { low: plotted(interval.low), high: plotted(interval.high) },
            };
          }),
        })),
        ceilings: [],
        withWhiskers: [VIEW_CODEC],
      });
      return { metric, name: `plot-${slug}.svg`, svg };
    });
}
