import type { Contender } from '../contenders/contender.js';
import { type MeasuredImage, sampleKey } from '../measure/measure-answers.js';
import type { Times } from '../measure/measure-times.js';
import type { BenchKept } from '../report.js';

/** What it takes of each contender that looks for the smallest file until the network's answer is kept. */
export function keptBytes(
  contenders: readonly Contender[],
  images: readonly MeasuredImage[],
  dropped: ReadonlySet<string>,
  times: Times,
): BenchKept[] {
  return contenders.flatMap(({ id, name, version, settings, keeps }) => {
    const keys = settings.filter((setting) => !dropped.has(sampleKey(id, setting)));
    return keys.map((setting): BenchKept => {
      const samples = images.map((image) => image.samples.get(sampleKey(id, setting))!);
      const sizes = samples.map(({ bytes, kept }) => (kept === true ? bytes : Infinity));
      const encodeMs = times.get(sampleKey(id, setting))?.encodeMs;
      return {
        ...{ series: id, name, version, keep: keeps!(setting), images: images.length },
        kept: samples.filter(({ kept }) => kept === true).length,
        medianBytes: finite(percentile(sizes, 0.5)),
        p90Bytes: finite(percentile(sizes, 0.9)),
        ...(encodeMs !== undefined && { encodeMs: Number(encodeMs.toFixed(1)) }),
      };
    });
  });
}

/** The smallest of some values that so large a share of them do not exceed (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : Number(a > b)));
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
