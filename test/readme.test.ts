import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { searchableModel } from './search/searchable-model.js';

const run = promisify(execFile);
const root = new URL('..', import.meta.url);

/** Photographs, labelled ones and a `dicm` on the PATH, as the README's commands suppose them. */
async function layOut(folder: string): Promise<void> {
  const [chelsea, coffee] = ['chelsea.png', 'coffee.png'].map(
    (name) => new URL(`fixtures/images/${name}`, root),
  );
  const pictures: readonly [string, URL][] = [
    ['photo.jpg', chelsea!],
    // Named as images of COCO are.
    ['photos/139.jpg', coffee!],
    ['photos/more/285.jpg', chelsea!],
    ['labelled/c00000000/a.jpg', chelsea!],
    ['labelled/c00000001/b.jpg', coffee!],
  ];
  for (const [path, source] of pictures) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    // Larger than what is coded by default, and small.
    await sharp(fileURLToPath(source))
      .resize(path === 'photo.jpg' ? 400 : 160)
      .jpeg()
      .toFile(join(folder, path));
  }
  await mkdir(join(folder, 'bin'));
  await symlink(fileURLToPath(new URL('bin/dicm.js', root)), join(folder, 'bin/dicm'));
}

/** What a command prints that goes on until it is interrupted, which it is then. */
async function addressOf([program, ...args]: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(program!, args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  child.kill('SIGINT');
  const [exitCode] = await once(child, 'exit');
  expect(exitCode).toBe(130);
  return String(line);
}

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

  // In the order in which they stand, since some read what others wrote. Some 20 s where nothing else runs.
  test.skipIf(process.platform === 'win32')(
    'the commands run one after another in one folder',
    {
      timeout: 300_000,
    },
    async () => {
      const readme = await readFile(new URL('README.md', root), 'utf8');
      const commands = [...readme.matchAll(/^npx (dicm [^#\n]*)/gm)].map((match) => match[1]!.trim());
      expect(commands.length).toBeGreaterThanOrEqual(14);
      const folder = await mkdtemp(join(tmpdir(), 'dicm-readme-'));
      const models = await mkdtemp(join(tmpdir(), 'dicm-readme-models-'));
      try {
        await layOut(folder);
        // Only a model with a projection makes an index.
        await searchableModel(join(models, 'tiny'));
        const env = {
          ...process.env,
          ...{ DICM_MODEL_PATH: models, DICM_MODEL: 'tiny' },
          PATH: `${join(folder, 'bin')}${delimiter}${process.env.PATH}`,
        };
        for (const command of commands) {
          if (command.startsWith('dicm view')) {
            expect(await addressOf(command.split(' '), folder, env), command).toMatch(
              /^http:\/\/127\.0\.0\.1:/,
            );
            continue;
          }
          const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8', env });
          expect(status, `${command}\n${stderr}`).toBe(0);
        }
        // What was written is what was said.
        expect((await readdir(join(folder, 'coded'), { recursive: true })).sort()).toEqual([
          '139.dicm',
          'more',
          'more/285.dicm',
        ]);
        // The tiny model has no file of 700 bytes for this picture; the nearest is its smallest.
        expect((await stat(join(folder, 'small.dicm'))).size).toBeLessThan(
          (await stat(join(folder, 'photo.dicm'))).size,
        );
        expect((await stat(join(folder, 'all.dicm'))).size).toBeGreaterThan(
          (await stat(join(folder, 'photo.dicm'))).size,
        );
        for (const written of [
          'seen.png',
          'results.json',
          'pictures.dicmdex',
          'f3.npy',
          'vectors',
          'dicm-bench-classify/results.md',
        ]) {
          expect(existsSync(join(folder, written)), written).toBe(true);
        }
      } finally {
        await rm(models, { recursive: true, force: true });
        await rm(folder, { recursive: true, force: true });
      }
    },
  );

  test('every file it links to exists', async () => {
    const readme = await readFile(new URL('README.md', root), 'utf8');
    const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1]!);
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) expect(existsSync(new URL(link, root)), link).toBe(true);
  });
});
