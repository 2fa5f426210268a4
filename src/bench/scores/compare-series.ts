import type { BjontegaardResult } from '../../evaluation/bjontegaard.js';
import type { BootstrapOptions } from '../../evaluation/bootstrap.js';
import {
  type BootstrappedDelta,
  bootstrapBdAccuracy,
  bootstrapBdRate,
  type SampledPoint,
} from '../../evaluation/bootstrap-bjontegaard.js';
import type { BenchComparison, BenchDelta } from '../report.js';
import type { ScoredSeries } from './score-series.js';

/** What a comparison takes of a series. */
type Curve = Pick<ScoredSeries, 'id'> & { readonly points: readonly SampledPoint[] };

/** Compares a curve with the anchor's; where a figure would say nothing, its note says why. */
export function compareSeries(
  series: Curve,
  anchor: Curve,
  metric: string,
  options: BootstrapOptions,
): BenchComparison {
  const delta = (measure: typeof bootstrapBdRate, digits: number) =>
    describeDelta(measure(anchor.points, series.points, options), digits);
  return {
    series: series.id,
    anchor: anchor.id,
    metric,
    bdRate: delta(bootstrapBdRate, 2),
    bdAccuracy: delta(bootstrapBdAccuracy, 5),
  };
}

function describeDelta({ estimate, interval }: BootstrappedDelta, digits: number): BenchDelta {
  if (estimate.kind !== 'value') return { note: estimate.reason };
  const rounded = (value: number) => Number(value.toFixed(digits));
  const notes = [fitNote(estimate), interval.kind === 'interval' ? '' : interval.reason];
  const note = notes.filter((one) => one !== '').join('; ');
  return {
    value: rounded(estimate.value),
    ...(interval.kind === 'interval' && { low: rounded(interval.low), high: rounded(interval.high) }),
    ...(note !== '' && { note }),
  };
}

function fitNote({ monotoneFit }: Extract<BjontegaardResult, { kind: 'value' }>): string {
  const { anchor, test } = monotoneFit;
  if (anchor && test) return 'monotone fit of both curves';
  if (anchor) return "monotone fit of the anchor's curve";
  return test ? 'monotone fit of the curve' : '';
}
