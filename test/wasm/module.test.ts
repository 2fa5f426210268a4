import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { STATUS, tileCoreBytes } from '../../src/wasm/tile-core.js';
import { CODES, rowsOf, TENSORS } from './core-host.js';

// What WebAssembly's own API says of the module; the project is typed without a browser's globals.
const { WebAssembly: api } = globalThis as unknown as {
  WebAssembly: {
    Module: {
      new (bytes: Uint8Array): object;
      imports(module: object): object[];
      exports(module: object): { name: string; kind: string }[];
    };
  };
};

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url));

test('the file for other hosts and the module in the package are the same bytes', () => {
  expect(sha256(read('src/wasm/generated/dicm-core.wasm'))).toBe(sha256(tileCoreBytes()));
});

test('the module imports nothing and exports what its page lists', () => {
  const module = new api.Module(tileCoreBytes());
  expect(api.Module.imports(module)).toEqual([]);
  const listed = rowsOf('export', 'parameters', 'result').map(([name]) => name);
  expect(
    api.Module.exports(module)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(listed.sort());
});

test('the page lists every tensor and status that the source has', () => {
  const constants = (path: string) =>
    [
      ...read(path)
        .toString()
        .matchAll(/export const (\w+): i32 = (\d+);/g),
    ].map(([, name, value]) => [name!, Number(value)] as const);
  const statuses = constants('src/wasm/assembly/status.ts').map(([, value]) => value);
  expect([...CODES.keys()]).toEqual(statuses);
  for (const value of Object.values(STATUS)) expect(statuses).toContain(value);

  const tensors = new Map(constants('src/wasm/assembly/tensors.ts'));
  expect(tensors.get('COUNT')).toBe(TENSORS.length);
  for (const [name, value] of tensors) {
    if (!/^(HS|GAIN|GAUSSIAN|FACTORISED)_/.test(name)) continue;
    const [, group, rest] = /^([A-Z]+)_(.*)$/.exec(name)!;
    const prefix = /^(GAUSSIAN|FACTORISED)$/.test(group!) ? `entropy.${group}` : group!;
    expect(TENSORS[value]!.startsWith(`${prefix}.${rest}`.toLowerCase()), name).toBe(true);
  }
});
