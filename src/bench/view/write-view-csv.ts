import { metricForms, pictureMetrics } from '../scores/picture-metrics.js';
import type { ViewReport } from './view-report.js';

/** Writes all points of a report, one a line; what was not measured is empty. */
export function writeViewCsv({ series }: ViewReport): string {
  const columns = pictureMetrics.flatMap((metric) => {
    const name = metricForms[metric].slug.replace('-', '_');
    return [name, `${name}_low`, `${name}_high`];
  });
  const lines = series.flatMap(({ id, points }) =>
    points.map((point) => [
      ...[id, point.setting, point.images, point.bytes, point.bpp],
      ...pictureMetrics.flatMap((metric) => {
        const { low, high } = point.intervals[metric] ?? {};
        return [point.scores[metric], low, high];
      }),
      ...[point.encodeMs, point.decodeMs, point.peakMemoryBytes],
    ]),
  );
  const times = ['encode_ms', 'decode_ms', 'peak_memory_bytes'];
  const header = ['series', 'setting', 'images', 'bytes', 'bpp', ...columns, ...times];
  return [header, ...lines].map((cells) => `${cells.map((cell) => cell ?? '').join(',')}\n`).join('');
}
