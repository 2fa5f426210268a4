import type { BenchPoint, BenchReport } from '../report.js';

/** Writes all points of a report, one a line, the uncompressed network first. Scores are 0 to 1. */
export function writeCsv({ uncompressed, series }: BenchReport): string {
  const metrics = Object.keys(uncompressed.scores);
  const header = ['series', 'setting', 'images', 'bytes', 'bpp', ...metrics, 'low', 'high'];
  const times = ['encode_ms', 'analyze_ms', 'peak_memory_bytes'];
  const lineOf = (id: string, setting: number | '', point: Omit<BenchPoint, 'setting'>) => [
    ...[id, setting, point.images, point.bytes, point.bpp],
    ...metrics.map((metric) => point.scores[metric]),
    ...[point.interval?.low, point.interval?.high],
    ...[point.encodeMs, point.analyzeMs, point.peakMemoryBytes],
  ];
  const lines = [
    [...header, ...times],
    lineOf('uncompressed', '', uncompressed),
    ...series.flatMap(({ id, points }) => points.map((point) => lineOf(id, point.setting, point))),
  ];
  return lines.map((cells) => `${cells.map((cell) => cell ?? '').join(',')}\n`).join('');
}
