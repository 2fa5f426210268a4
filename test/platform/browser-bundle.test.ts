import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** What bundling for a browser finds: the modules that went in, and every complaint. */
async function bundle(input: string) {
  const complaints: string[] = [];
  const build = await rolldown({
    input: path(`../../src/${input}`),
    platform: 'browser',
    onLog: (_level, { message }) => complaints.push(message),
  });
  const { output } = await build.generate({ format: 'es' });
  await build.close();
  const modules = output.flatMap((chunk) => ('moduleIds' in chunk ? chunk.moduleIds : []));
  const imports = output.flatMap((chunk) =>
    'imports' in chunk ? [...chunk.imports, ...chunk.dynamicImports] : [],
  );
  const names = new Set(output.map(({ fileName }) => fileName));
  return { complaints, modules, outside: imports.filter((name) => !names.has(name)) };
}

test.each([
  ['session/open-codec.ts', 'src/latents/hyperprior-codec.ts'],
  ['container/index.ts', 'src/bytes/crc32.ts'],
  ['image/overlay.ts', 'src/image/stroke-font.ts'],
])('%s bundles for a browser: no import is left over', async (input, within) => {
  const { complaints, modules, outside } = await bundle(input);
  expect(modules.some((id) => id.replaceAll('\\', '/').endsWith(within))).toBe(true);
  expect(complaints).toEqual([]);
  expect(outside).toEqual([]);
  expect(modules.filter((id) => /node_modules|platform.node|^node:/.test(id))).toEqual([]);
});

test('what needs Node is noticed', async () => {
  const { complaints, outside } = await bundle('platform/node/library.ts');
  expect([...complaints, ...outside].join('\n')).toMatch(/node:|sharp/);
});
