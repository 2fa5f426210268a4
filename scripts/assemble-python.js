// Puts together what a Python wheel brings besides code, in python/build/data: the tile core, and of the released model
// what the Python package reads, its networks as ONNX files. With --python PYTHON it then builds sdist and wheel into
// python/dist. Needs a build (npm run build); nothing is published.
//
//   node scripts/assemble-python.js --python .venv/bin/python
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exportOnnx } from '#dicm/index.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MODEL = join(ROOT, 'packages', 'model-r50');
const PACKAGE = join(ROOT, 'python');
const DATA = join(PACKAGE, 'build', 'data');

/** Tensors that entropy decoding and dequantisation read; the networks are in the graphs. */
const USES = [undefined, 'entropy'];

/** A wheel is to stay below this, in bytes. */
const MOST_BYTES = 50e6;

const { values } = parseArgs({ options: { python: { type: 'string' } } });

rmSync(DATA, { recursive: true, force: true });
mkdirSync(join(DATA, 'model', 'onnx'), { recursive: true });
copyFileSync(join(ROOT, 'src/wasm/generated/dicm-core.wasm'), join(DATA, 'dicm-core.wasm'));

/** @type {{ classes: string, weights: { use?: string, file: string }[] }} */
const manifest = JSON.parse(readFileSync(join(MODEL, 'manifest.json'), 'utf8'));
const weights = manifest.weights.filter(({ use }) => USES.includes(use)).map(({ file }) => file);
for (const file of ['manifest.json', 'LICENSE', 'README.md', manifest.classes, ...weights]) {
  copyFileSync(join(MODEL, file), join(DATA, 'model', file));
}
for await (const { name, bytes } of exportOnnx(MODEL)) {
  writeFileSync(join(DATA, 'model', 'onnx', name), bytes);
}
console.log(`assembled ${DATA}`);

if (values.python !== undefined) {
  const dist = join(PACKAGE, 'dist');
  rmSync(dist, { recursive: true, force: true });
  const program = /[\\/]/.test(values.python) ? resolve(values.python) : values.python;
  for (const target of ['sdist', 'wheel']) {
    const { status } = spawnSync(program, ['-m', 'hatchling', 'build', '-t', target], {
      cwd: PACKAGE,
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error(`hatchling does not build the ${target}: pip install 'python[dev]'`);
  }
  for (const name of readdirSync(dist)) {
    const { size } = statSync(join(dist, name));
    console.log(`python/dist/${name}: ${(size / 1e6).toFixed(1)} MB`);
    if (size > MOST_BYTES) throw new Error(`${name} has ${size} bytes, above ${MOST_BYTES}`);
  }
}
