import { readFileSync } from 'node:fs';
import { buildTables, type FrequencyTables } from '../../src/entropy/frequency-tables.js';

/** Tables as the vectors hold them. */
export interface FlatTables {
  cdf: number[];
  size: number[];
  offset: number[];
}

/** A file of fixtures/entropy. */
export function readVectors<T>(name: string): T {
  const url = new URL(`../../fixtures/entropy/${name}`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as T;
}

export function tablesOf({ cdf, size, offset }: FlatTables): FrequencyTables {
  return buildTables(Int32Array.from(cdf), Int32Array.from(size), Int32Array.from(offset));
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Code of the error that `run` throws, or `none`. */
export function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code ?? `${error}`;
  }
  return 'none';
}

/** Bell-shaped tables with the escape last, one for each scale. */
export function bellTables(scales: readonly number[]): FrequencyTables {
  const flat: FlatTables = { cdf: [], size: [], offset: [] };
  for (const scale of scales) {
    const reach = Math.max(1, Math.ceil(4 * scale));
    const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
      Math.exp(-(((i - reach) / scale) ** 2) / 2),
    );
    const sum = weights.reduce((a, b) => a + b) * 1.0001;
    const counts = weights.map((w) => 1 + Math.floor((w / sum) * (65536 - weights.length - 1)));
    counts.push(65536 - counts.reduce((a, b) => a + b));
    flat.cdf.push(0);
    let total = 0;
    for (const count of counts) {
      total += count;
      flat.cdf.push(total);
    }
    flat.size.push(counts.length);
    flat.offset.push(-reach);
  }
  return tablesOf(flat);
}
