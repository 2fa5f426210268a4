import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { dicm, PHOTOS, scratchFolder } from './run-cli.js';

const folder = scratchFolder();

/**
 * Source that prints, at the end of a run, to what size the memory of its WebAssembly modules has grown. Unlike what
 * the system says about a process, that depends on what the program allocates and on nothing else.
 */
const WASM_MEMORY = `
  const memories = new Set();
  const { Memory, instantiate } = WebAssembly;
  WebAssembly.Memory = class extends Memory {
    constructor(...args) {
      super(...args);
      memories.add(this);
    }
  };
  WebAssembly.instantiate = async (...args) => {
    const result = await instantiate(...args);
    for (const value of Object.values((result.instance ?? result).exports)) {
      if (value instanceof Memory) memories.add(value);
    }
    return result;
  };
  process.on('exit', () => {
    const bytes = [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
    console.error('memory', bytes);
  });`;

/** Memory of the WebAssembly modules at the end of a run, in MiB. */
async function wasmMiB(args: string[]): Promise<number> {
  const hook = join(folder, 'memory.mjs');
  writeFileSync(hook, WASM_MEMORY);
  const result = await dicm([...args, '--backend', 'wasm', '--threads', '1'], {
    nodeArgs: ['--import', pathToFileURL(hook).href],
  });
  expect(result.exitCode, result.stderr).toBe(0);
  return Number(/memory (\d+)/.exec(result.stderr)![1]) / 2 ** 20;
}

test('the executor holds as much for many tiles as for a few, in encoding and in analysis', async () => {
  const encode = ['encode', '--max-side', 'none', '-q', '30', '-o', join(folder, 'coded/')];
  const photo = async (name: string, width: number, height: number) => {
    const path = join(folder, `${name}.jpg`);
    await sharp(join(PHOTOS, 'rocket.jpg')).resize(width, height, { fit: 'fill' }).jpeg().toFile(path);
    return path;
  };
  const few = await wasmMiB([...encode, await photo('few', 1024, 1024)]);
  const many = await wasmMiB([...encode, await photo('many', 2048, 2048)]);
  // Features of the 12 tiles more take 24 MiB.
  expect(few).toBeGreaterThan(20);
  expect(many).toBeLessThan(few + 8);
  const classify = (name: string) => wasmMiB(['analyze', 'classify', join(folder, 'coded', name)]);
  expect(await classify('many.dicm')).toBeLessThan((await classify('few.dicm')) + 8);
});
