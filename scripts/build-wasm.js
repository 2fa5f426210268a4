// Compiles src/wasm/assembly to WebAssembly, twice the same bytes: as a file, for hosts of other languages, and embedded
// in a TypeScript module, so that the library loads it without touching the file system. Neither is committed: they are
// built from source everywhere.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const source = 'src/wasm/assembly/index.ts';
const folder = path.join(root, 'src/wasm/generated');

/** @type {Uint8Array | undefined} */
let binary;
const { error, stderr } = await asc.main(
  [
    source,
    '--baseDir',
    root,
    '--outFile',
    'dicm-core.wasm',
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

const text = `// Built from src/wasm/assembly by scripts/build-wasm.js; do not edit.
/** WebAssembly module of the tile core, base64. */
export const tileCoreWasm =
  '${Buffer.from(binary).toString('base64')}';
`;
mkdirSync(folder, { recursive: true });
write('dicm-core.wasm', Buffer.from(binary));
write('tile-core-wasm.ts', Buffer.from(text));
process.stdout.write(`build-wasm: ${binary.length} bytes of WebAssembly\n`);

/**
 * Writes what has changed only: an unchanged file keeps its time.
 *
 * @param {string} name
 * @param {Buffer} bytes
 */
function write(name, bytes) {
  const file = path.join(folder, name);
  if (!existsSync(file) || !readFileSync(file).equals(bytes)) writeFileSync(file, bytes);
}
