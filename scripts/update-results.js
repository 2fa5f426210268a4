// Brings finished runs of `dicm bench` into docs/results.md: node scripts/update-results.js FOLDER...
// Each folder is an output of the benchmark. Its plot and its points go to docs/results/ under the folder's name, its
// tables between the markers of that name in docs/results.md; commands and the words around them are written by hand.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const DOCS = fileURLToPath(new URL('../docs', import.meta.url));

/**
 * Puts content between the markers of a run.
 *
 * @param {string} page Markdown with `<!-- NAME: written by scripts/update-results.js -->` and `<!-- /NAME -->`.
 * @param {string} name
 * @param {string} content
 */
function fill(page, name, content) {
  const [start, end] = [`<!-- ${name}: written by scripts/update-results.js -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/results.md has no markers ${start} and ${end}`);
  return `${page.slice(0, from)}${start}\n\n${content}\n\n${page.slice(to)}`;
}

const folders = process.argv.slice(2);
if (folders.length === 0) {
  console.error('usage: node scripts/update-results.js FOLDER...');
  process.exit(2);
}
mkdirSync(join(DOCS, 'results'), { recursive: true });
let page = readFileSync(join(DOCS, 'results.md'), 'utf8');
for (const folder of folders) {
  const name = basename(resolve(folder));
  const { metric, dataset } = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'));
  copyFileSync(join(folder, 'plot.svg'), join(DOCS, 'results', `${name}.svg`));
  copyFileSync(join(folder, 'results.csv'), join(DOCS, 'results', `${name}.csv`));
  const tables = readFileSync(join(folder, 'results.md'), 'utf8').trim();
  const plot = `![Rate against ${metric}: ${dataset.name}](results/${name}.svg)`;
  page = fill(page, name, `${plot}\n\n${tables}\n\nAll points: [results/${name}.csv](results/${name}.csv).`);
}
writeFileSync(join(DOCS, 'results.md'), page);
