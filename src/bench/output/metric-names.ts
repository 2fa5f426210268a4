/** Metrics as people call them. */
const NAMES: Readonly<Record<string, string>> = {
  top1: 'top-1',
  top5: 'top-5',
  agreement: 'agreement',
  ap: 'box AP',
  ap50: 'box AP50',
  ap75: 'box AP75',
  maskAp: 'mask AP',
  maskAp50: 'mask AP50',
  maskAp75: 'mask AP75',
  boxAp: 'box AP',
  boxAp50: 'box AP50',
  boxAp75: 'box AP75',
};

/** `maskAp50` is `mask AP50`. */
export function metricName(metric: string): string {
  return NAMES[metric] ?? metric;
}

/** A score of 0 to 1 in percent, without the sign: `70.8`; a dash where there is none. */
export function percent(score: number | null | undefined): string {
  return score === null || score === undefined ? '-' : (100 * score).toFixed(1);
}
