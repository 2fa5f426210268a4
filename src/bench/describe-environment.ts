import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import type { BenchReport } from './report.js';

/** Where a benchmark ran, and how. */
export function describeEnvironment(
  backend: string,
  jobs: number,
  timedImages: number,
): BenchReport['environment'] {
  return {
    dicm: programVersion(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: availableParallelism(),
    ...{ backend, jobs, timedImages },
  };
}

/** Version of this package, from its package.json; found from the sources and from the built files below dist/. */
function programVersion(): string {
  for (const place of ['../../package.json', '../../../package.json']) {
    try {
      const text = readFileSync(new URL(place, import.meta.url), 'utf8');
      const { name, version } = JSON.parse(text) as { name?: string; version?: string };
      if (name === 'dicm' && version !== undefined) return version;
    } catch {
      // Not there: the next place.
    }
  }
  return 'unknown';
}
