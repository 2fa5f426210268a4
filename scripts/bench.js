// Every benchmark, one after another: npm run bench. Each prints its own table; times mean something only as ratios to
// what was run beside them. `npm run bench -- speed` runs one; `npm run bench -- accuracy val.csv` is `dicm bench classify`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @param {string} name */
const path = (name) => fileURLToPath(new URL(name, import.meta.url));
/** @type {Record<string, string[]>} Arguments of node for each. */
const BENCHMARKS = {
  'range-coder': [path('bench/range-coder.js')],
  'hyper-synthesis': [path('bench/hyper-synthesis.js')],
  regions: [path('bench/regions.js')],
  speed: [path('bench/speed.js')],
  browser: [path('bench/browser.js')],
  effort: [path('bench/effort.js')],
  fleet: [path('bench/fleet.js')],
  search: [path('bench/search.js')],
  accuracy: [path('../bin/dicm.js'), 'bench', 'classify'],
};
const [wanted, ...rest] = process.argv.slice(2);
if (wanted !== undefined && !Object.hasOwn(BENCHMARKS, wanted)) {
  console.error(`no benchmark ${wanted}; there are: ${Object.keys(BENCHMARKS).join(', ')}`);
  process.exit(2);
}
if (!existsSync(path('../dist/src/index.js'))) {
  console.error('build first: npm run build');
  process.exit(2);
}
for (const name of wanted === undefined ? Object.keys(BENCHMARKS) : [wanted]) {
  console.log(`\n## ${name}\n`);
  if (wanted === undefined && (name === 'accuracy' || name === 'effort')) {
    console.log(`skipped: it needs pictures, npm run bench -- ${name} PICTURES`);
    continue;
  }
  const { status } = spawnSync(process.execPath, [...(BENCHMARKS[name] ?? []), ...rest], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}
