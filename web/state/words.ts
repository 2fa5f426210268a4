/** `1,234 bytes`, `12.3 kB`, `4.5 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 10_000) return `${formatCount(bytes)} ${bytes === 1 ? 'byte' : 'bytes'}`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A whole number with commas between thousands, in every locale alike: the page is written in English. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-GB');
}

/** `62 %`; what is not nothing is not called 0. */
export function formatShare(share: number): string {
  const percent = 100 * share;
  if (percent > 0 && percent < 0.5) return '< 1 %';
  return `${Math.round(percent)} %`;
}

/** `2.5 times`, `583 times`. */
export function formatTimes(factor: number): string {
  return `${factor < 10 ? factor.toFixed(1) : formatCount(Math.round(factor))} times`;
}
