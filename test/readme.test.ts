import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = new URL('..', import.meta.url);

describe('README', () => {
  test('the library example runs as printed', async () => {
    const readme = await readFile(new URL('README.md', root), 'utf8');
    const example = /```js\n([\s\S]*?)```/.exec(readme)?.[1];
    expect(example).toBeDefined();
    expect(example!.trim().split('\n').length).toBeLessThanOrEqual(10);
    // Inside this package its own name resolves to itself, as it would in a project that installed it.
    const folder = await mkdtemp(fileURLToPath(new URL('test/.tmp-readme-', root)));
    try {
      await copyFile(new URL('fixtures/images/chelsea.png', root), join(folder, 'photo.png'));
      const args = ['--input-type=module', '--eval', example!];
      const { stdout } = await run(process.execPath, args, { cwd: folder });
      const [bytes, bpp, label] = stdout.trim().split(/ (.*?) (.*)/s);
      expect(Number(bytes)).toBe((await readFile(join(folder, 'photo.dicm'))).length);
      expect(Number(bpp)).toBeGreaterThan(0);
      expect(label).toMatch(/cat|tabby/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('every file it links to exists', async () => {
    const readme = await readFile(new URL('README.md', root), 'utf8');
    const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1]!);
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) expect(existsSync(new URL(link, root)), link).toBe(true);
  });
});
