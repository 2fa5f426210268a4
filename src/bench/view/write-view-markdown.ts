import { printable } from '../../printable.js';
import { markdownTable } from '../output/markdown-table.js';
import { describeDelta, describeRun, listOf, megabytes, milliseconds } from '../output/write-markdown.js';
import { metricForms, type PictureMetric, pictureMetrics } from '../scores/picture-metrics.js';
import type { ViewReport } from './view-report.js';

/** Strips whose files differ by more than this, as a fraction, are named. */
const ALIKE = 0.03;

/** Writes a report as Markdown tables, aligned so that they are read as text as well. */
export function writeViewMarkdown(report: ViewReport): string {
  const { dataset, maxSide } = report;
  const side = maxSide === 'none' ? 'not fitted' : `longest side at most ${maxSide} pixels`;
  const of = dataset.images === dataset.available ? '' : ` of ${dataset.available}, seed ${report.seed}`;
  const parts = [
    `view: ${printable(dataset.name)}, ${dataset.images} images${of}, ${side}; means over the images.`,
    pointsTable(report),
    ...(report.comparisons.length === 0 ? [] : [comparisonsTable(report)]),
    ...listOf(
      'Not measured',
      report.missingMeasures,
      ({ metric, reason }) => `${metricForms[metric].name}: ${reason}`,
    ),
    ...listOf('Missing', report.missing, ({ name, reason }) => `${name}: ${reason}`),
    ...listOf('Left out', dataset.leftOut, ({ image, message }) => `${image}: ${message}`),
    ...listOf(
      'Failed',
      report.failures,
      ({ series, setting, image, message }) => `${series} at ${setting}, ${image}: ${message}`,
    ),
    ...listOf(
      'Strips of files that differ by more than 3 %',
      report.strips.filter(({ worstError }) => worstError > ALIKE),
      ({ image, worstError }) => `${image}: ${(100 * worstError).toFixed(1)} %`,
    ),
    describeRun(report),
  ];
  return `${parts.join('\n\n')}\n`;
}

function pointsTable({ series, missingMeasures }: ViewReport): string {
  const isMissing = (metric: PictureMetric) => missingMeasures.some((one) => one.metric === metric);
  const measures = pictureMetrics.map((metric) => {
    const { name } = metricForms[metric];
    return isMissing(metric) ? `${name} (not measured)` : name;
  });
  const header = ['codec', 'setting', 'bytes', 'bpp', ...measures, 'encode ms', 'decode ms', 'peak MB'];
  const rows = series.flatMap(({ name, settingName, points }) =>
    points.map((point) => [
      ...[name, `${settingName} ${point.setting}`, point.bytes.toFixed(0), point.bpp.toFixed(3)],
      ...pictureMetrics.map((metric) => {
        const score = point.scores[metric];
        return score === null || score === undefined ? '-' : score.toFixed(metricForms[metric].digits);
      }),
      ...[milliseconds(point.encodeMs), milliseconds(point.decodeMs), megabytes(point.peakMemoryBytes)],
    ]),
  );
  return markdownTable(header, rows);
}

function comparisonsTable({ comparisons, series }: ViewReport): string {
  const nameOf = (id: string) => series.find((one) => one.id === id)!.name;
  const metrics = pictureMetrics.filter((one) => comparisons.some(({ metric }) => metric === one));
  const anchors = [...new Set(comparisons.map(({ anchor }) => anchor))];
  const rows = anchors.map((anchor) => [
    nameOf(anchor),
    ...metrics.map((metric) => {
      const one = comparisons.find((found) => found.anchor === anchor && found.metric === metric)!;
      return describeDelta(one.bdRate, (value) => `${value > 0 ? '+' : ''}${value.toFixed(1)}`);
    }),
  ]);
  const own = nameOf(comparisons[0]!.series);
  return markdownTable(
    [`BD-rate % of ${own} beside`, ...metrics.map((metric) => metricForms[metric].name)],
    rows,
  );
}
