// Compiles src/hyperprior/assembly to WebAssembly and embeds it in a TypeScript module, so that the library
// loads it without touching the file system. The result is not committed: it is built from source everywhere.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const source = 'src/hyperprior/assembly/index.ts';
const target = path.join(root, 'src/hyperprior/generated/hyper-synthesis-wasm.ts');

/** @type {Uint8Array | undefined} */
let binary;
const { error, stderr } = await asc.main(
  [
    source,
    '--baseDir',
    root,
    '--outFile',
    'kernels.wasm',
    '--optimizeLevel',
    '3',
    '--shrinkLevel',
    '0',
    '--converge',
    '--noAssert',
    '--enable',
    'simd,bulk-memory',
    '--runtime',
    'stub',
  ],
  {
    writeFile: (_name, contents) => {
      // The one file that is asked for is no text.
      if (typeof contents !== 'string') binary = contents;
    },
  },
);
if (error || binary === undefined) {
  process.stderr.write(stderr.toString());
  process.stderr.write(`build-wasm: ${error?.message ?? 'no output'}\n`);
  process.exit(1);
}

const text = `// Built from src/hyperprior/assembly by scripts/build-wasm.js; do not edit.
/** WebAssembly module of the hyper-synthesis kernels, base64. */
export const hyperSynthesisWasm =
  '${Buffer.from(binary).toString('base64')}';
`;
mkdirSync(path.dirname(target), { recursive: true });
if (readIfPresent(target) !== text) writeFileSync(target, text);
process.stdout.write(`build-wasm: ${binary.length} bytes of WebAssembly\n`);

/** @param {string} file */
function readIfPresent(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
