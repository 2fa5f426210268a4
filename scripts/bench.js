// Every benchmark of speed, one after another: npm run bench. Each prints its own table; figures mean something only as
// ratios to what was run beside them. `npm run bench -- speed` runs one. Rate against accuracy: `dicm bench`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const BENCHMARKS = ['range-coder', 'hyper-synthesis', 'speed'];
const wanted = process.argv[2];
if (wanted !== undefined && !BENCHMARKS.includes(wanted)) {
  console.error(`no benchmark ${wanted}; there are: ${BENCHMARKS.join(', ')}`);
  process.exit(2);
}
if (!existsSync(new URL('../dist/src/index.js', import.meta.url))) {
  console.error('build first: npm run build');
  process.exit(2);
}
for (const name of wanted === undefined ? BENCHMARKS : [wanted]) {
  console.log(`\n## ${name}\n`);
  const script = fileURLToPath(new URL(`./bench/${name}.js`, import.meta.url));
  const rest = wanted === undefined ? [] : process.argv.slice(3);
  const { status } = spawnSync(process.execPath, [script, ...rest], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
