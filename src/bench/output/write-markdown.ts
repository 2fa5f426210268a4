import { printable } from '../../printable.js';
import type { BenchComparison, BenchDelta, BenchKept, BenchPoint, BenchReport } from '../report.js';
import { markdownTable } from './markdown-table.js';
import { metricName, percent } from './metric-names.js';

/** Writes a report as Markdown tables, aligned so that they are read as text as well. */
export function writeMarkdown(report: BenchReport): string {
  const { dataset, maxSide, model, pixelNetwork } = report;
  const side = maxSide === 'none' ? 'not fitted' : `longest side at most ${maxSide} pixels`;
  const of = dataset.images === dataset.available ? '' : ` of ${dataset.available}, seed ${report.seed}`;
  const parts = [
    `${report.task}: ${printable(dataset.name)}, ${dataset.images} images${of}, ${side}; ` +
      `model ${printable(model.name)} (${model.decodeId}, ${model.renderId}), pixels read by ${printable(pixelNetwork)}` +
      `${report.detector === undefined ? '' : `, and where it is named by ${printable(report.detector.name)}`}.`,
    pointsTable(report),
    ...(report.kept === undefined ? [] : [keptTable(report.kept)]),
    ...(report.comparisons.length === 0 ? [] : [comparisonsTable(report)]),
    ...(report.categories === undefined ? [] : [categoriesTable(report.categories)]),
    ...listOf('Missing', report.missing, ({ name, reason }) => `${name}: ${reason}`),
    ...listOf('Left out', dataset.leftOut, ({ image, message }) => `${image}: ${message}`),
    ...listOf(
      'Failed',
      report.failures,
      ({ series, setting, image, message }) => `${series} at ${setting}, ${image}: ${message}`,
    ),
    describeRun(report),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** Where it ran, what times are, and how much memory it took. */
export function describeRun({
  environment,
  peakMemoryBytes,
}: Pick<BenchReport, 'environment' | 'peakMemoryBytes'>): string {
  return (
    `${environment.backend}; ${environment.cpus} CPUs (${environment.cpu}), ${environment.platform}, Node ` +
    `${environment.node}; ${describeTimes(environment.timedImages)}peak memory of the run ` +
    `${megabytes(peakMemoryBytes)} MB.`
  );
}

function describeTimes(images: number): string {
  if (images === 0) return '';
  return `times are medians of ${images} image${images === 1 ? '' : 's'}, one at a time; `;
}

function pointsTable({ uncompressed, detector, series, metric }: BenchReport): string {
  const metrics = Object.keys(uncompressed.scores);
  const header = [
    ...['codec', 'setting', 'bytes', 'bpp'],
    ...metrics.map((one) => `${metricName(one)} %`),
    ...[`95 % of ${metricName(metric)}`, 'encode ms', 'analyse ms', 'peak MB'],
  ];
  const row = (name: string, setting: string, point: Omit<BenchPoint, 'setting'>) => [
    ...[name, setting, point.bytes.toFixed(0), point.bpp.toFixed(3)],
    ...metrics.map((one) => percent(point.scores[one])),
    point.interval ? `${percent(point.interval.low)} to ${percent(point.interval.high)}` : '-',
    ...[milliseconds(point.encodeMs), milliseconds(point.analyzeMs), megabytes(point.peakMemoryBytes)],
  ];
  return markdownTable(header, [
    row('no codec (source files)', '-', uncompressed),
    ...(detector === undefined ? [] : [row(`no codec + ${detector.name}`, '-', detector.uncompressed)]),
    ...series.flatMap(({ name, settingName, points }) =>
      points.map((point) => row(name, `${settingName} ${point.setting}`, point)),
    ),
  ]);
}

function keptTable(kept: readonly BenchKept[]): string {
  const header = [
    'bytes until the answer changes',
    'answer',
    'kept',
    'median',
    '90th percentile',
    'search ms',
  ];
  const rows = kept.map(({ name, keep, images, kept: count, medianBytes, p90Bytes, encodeMs }) => [
    ...[name, keep, `${count} of ${images}`],
    ...[medianBytes, p90Bytes].map((bytes) => (bytes === null ? 'not kept' : bytes.toFixed(0))),
    milliseconds(encodeMs),
  ]);
  return markdownTable(header, rows);
}

function comparisonsTable({ comparisons, series, metric }: BenchReport): string {
  const nameOf = (id: string) => series.find((one) => one.id === id)?.name ?? id;
  const rows = comparisons.map(({ series: id, bdRate, bdAccuracy }: BenchComparison) => [
    nameOf(id),
    describeDelta(bdRate, (value) => signed(value)),
    describeDelta(bdAccuracy, (value) => signed(100 * value)),
  ]);
  const anchor = nameOf(comparisons[0]!.anchor);
  return markdownTable([`beside ${anchor}`, 'BD-rate %', `BD-${metricName(metric)}, points`], rows);
}

/** A figure with its interval, or why there is none. */
export function describeDelta(
  { value, low, high, note }: BenchDelta,
  format: (value: number) => string,
): string {
  if (value === undefined) return note ?? '-';
  const interval =
    low === undefined || high === undefined ? '' : ` (95 %: ${format(low)} to ${format(high)})`;
  return `${format(value)}${interval}${note === undefined ? '' : `; ${note}`}`;
}

function categoriesTable(categories: NonNullable<BenchReport['categories']>): string {
  const ids = Object.keys(categories[0]?.scores ?? {});
  const rows = categories.map(({ name, objects, scores }) => [
    name,
    String(objects),
    ...ids.map((id) => percent(scores[id])),
  ]);
  return markdownTable(['AP % at the largest size', 'objects', ...ids], rows);
}

/** A titled list as a part of a report; no part where nothing is listed. */
export function listOf<T>(title: string, list: readonly T[], describe: (one: T) => string): string[] {
  if (list.length === 0) return [];
  return [`${title}:\n\n${list.map((one) => `- ${printable(describe(one))}`).join('\n')}`];
}

function signed(value: number): string {
  return `${value > 0 ? '+' : ''}${value.toFixed(1)}`;
}

/** A time for a table; a dash where none was taken. */
export function milliseconds(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(1);
}

/** Bytes in megabytes for a table; a dash where they were not counted. */
export function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? '-' : (bytes / 1e6).toFixed(0);
}
