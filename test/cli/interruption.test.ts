import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { main } from '../../src/cli/main.js';
import { fakeTerminal } from './fake-terminal.js';
import { dicm, MODELS, PHOTOS, scratchFolder } from './run-cli.js';

// Every signal here comes at an event of the run, sent by the run itself, never after a time.

const folder = scratchFolder();
const large = join(folder, 'large.png');
const coded = join(folder, 'large.dicm');
const small = join(PHOTOS, 'chelsea.png');

beforeAll(async () => {
  await sharp(join(PHOTOS, 'rocket.jpg')).resize(1500, 1000).png({ compressionLevel: 1 }).toFile(large);
  const result = await dicm(['encode', large, '--max-side', 'none', '-q', '5', '-o', coded]);
  expect(result.exitCode, result.stderr).toBe(0);
});

async function emptyFolder(name: string): Promise<string> {
  const root = join(folder, name);
  await mkdir(root);
  return root;
}

/** Options of Node for a run that begins with `source`. */
async function preload(name: string, source: string): Promise<string[]> {
  const path = join(folder, `${name}.mjs`);
  await writeFile(path, source);
  return ['--import', pathToFileURL(path).href];
}

/** Source that sends `signal` to its own process when the program has written `text` to a stream. */
const signalAt = (stream: 'stdout' | 'stderr', text: string, signal: string) => `
  const write = process.${stream}.write.bind(process.${stream});
  let isSent = false;
  process.${stream}.write = (piece, ...rest) => {
    const result = write(piece, ...rest);
    if (!isSent && String(piece).includes(${JSON.stringify(text)})) {
      isSent = true;
      process.kill(process.pid, '${signal}');
    }
    return result;
  };`;

/** Source that sends `signal` as soon as a new file is open for writing. */
const signalAtTemporaryFile = (signal: string) => `
  import files from 'node:fs/promises';
  import { syncBuiltinESMExports } from 'node:module';
  const open = files.open;
  files.open = async (path, flags, ...rest) => {
    const file = await open(path, flags, ...rest);
    if (flags === 'wx') process.kill(process.pid, '${signal}');
    return file;
  };
  syncBuiltinESMExports();`;

describe.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s', (signal) => {
  test('before the first tile leaves nothing', async () => {
    const root = await emptyFolder(`encode-${signal}`);
    const nodeArgs = await preload(`encode-${signal}`, signalAt('stderr', 'model tiny', signal));
    const args = ['encode', '-v', large, '--max-side', 'none', '-o', join(root, 'out.dicm')];
    const result = await dicm(args, { nodeArgs });
    expect(result.exitCode, result.stderr).toBe(130);
    expect(result.stderr).toContain(`interrupted by ${signal}`);
    expect(await readdir(root)).toEqual([]);
  });

  test('while writing leaves the old file as it was', async () => {
    const root = await emptyFolder(`write-${signal}`);
    await writeFile(join(root, 'out.npy'), 'old');
    const nodeArgs = await preload(`write-${signal}`, signalAtTemporaryFile(signal));
    const args = ['decode', coded, '-f', '-o', join(root, 'out.npy'), '--backend', 'wasm'];
    const result = await dicm(args, { nodeArgs });
    expect(result.exitCode, result.stderr).toBe(130);
    expect(await readdir(root)).toEqual(['out.npy']);
    expect(await readFile(join(root, 'out.npy'), 'utf8')).toBe('old');
  });

  test('after the result changes nothing any more', async () => {
    const root = await emptyFolder(`late-${signal}`);
    const args = ['encode', small, '--max-side', '32', '-o', join(root, 'out.dicm')];
    const atResult = await preload(`result-${signal}`, signalAt('stderr', 'out.dicm', signal));
    const atExit = await preload(
      `exit-${signal}`,
      `process.on('exit', () => process.kill(process.pid, '${signal}'));`,
    );
    expect(await dicm(args, { nodeArgs: atResult })).toMatchObject({ exitCode: 0 });
    expect(await dicm([...args, '-f'], { nodeArgs: atExit })).toMatchObject({ exitCode: 0 });
    // Nor does it hide a failure.
    expect(await dicm(args, { nodeArgs: atExit })).toMatchObject({ exitCode: 5 });
    expect(await readdir(root)).toEqual(['out.dicm']);
  });
});

describe('inside a run', () => {
  test('between two tiles', async () => {
    vi.stubEnv('DICM_MODEL_PATH', MODELS);
    vi.stubEnv('DICM_MODEL', 'tiny');
    const root = await emptyFolder('tiles');
    let isSent = false;
    const terminal = fakeTerminal({
      tty: true,
      // The bar appears with the first tile, and the picture has six.
      onTalk: (stderr) => {
        if (isSent || !stderr.includes('/6 tiles')) return;
        isSent = true;
        terminal.signals.emit('SIGINT', 'SIGINT');
      },
    });
    const args = ['encode', large, '--max-side', 'none', '-o', join(root, 'out.dicm'), '--backend', 'wasm'];
    expect(await main(args, terminal)).toBe(130);
    expect(isSent).toBe(true);
    expect(terminal.written.stderr).toContain('interrupted by SIGINT');
    // The cursor comes back.
    expect(terminal.written.stderr.lastIndexOf('\u001b[?25h')).toBeGreaterThan(
      terminal.written.stderr.lastIndexOf('\u001b[?25l'),
    );
    expect(await readdir(root)).toEqual([]);
    vi.unstubAllEnvs();
  });

  test('a second signal does not wait, and says so too', async () => {
    const terminal = fakeTerminal({ keepStdinOpen: true });
    const run = main(['inspect', '-'], terminal);
    terminal.signals.emit('SIGTERM', 'SIGTERM');
    terminal.signals.emit('SIGTERM', 'SIGTERM');
    expect(terminal.forcedExits).toEqual([130]);
    expect(terminal.written.stderr).toContain('interrupted by SIGTERM');
    expect(await run).toBe(130);
  });

  test('while waiting for input', async () => {
    const terminal = fakeTerminal({ keepStdinOpen: true });
    terminal.stdin.on('newListener', (event) => {
      if (event === 'readable') setImmediate(() => terminal.signals.emit('SIGINT', 'SIGINT'));
    });
    expect(await main(['inspect', '-'], terminal)).toBe(130);
    expect(terminal.forcedExits).toEqual([]);
  });
});

test.each([
  [
    '--coco-images',
    (list: string) => ['analyze', 'detect', coded, '--coco', `${list}.out.json`, '--coco-images', list],
  ],
  ['bench', (list: string) => ['bench', 'detect', list, '-o', `${list}.out`]],
])('the list of %s that does not come can be given up', async (name, argsFor) => {
  const list = join(folder, `list-${name}.json`);
  await writeFile(list, '{"images": []}');
  // A disk on the network that has gone away while the file was read.
  const source = `
    import files from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    const open = files.open;
    files.open = async (path, ...rest) => {
      const file = await open(path, ...rest);
      if (path !== ${JSON.stringify(list)}) return file;
      file.readFile = ({ signal }) => new Promise((_, reject) => {
        const waiting = setInterval(() => {}, 1000);
        signal.addEventListener('abort', () => {
          clearInterval(waiting);
          reject(signal.reason);
        });
        process.kill(process.pid, 'SIGINT');
      });
      return file;
    };
    syncBuiltinESMExports();`;
  const result = await dicm(argsFor(list), { nodeArgs: await preload(`list-${name}`, source) });
  expect(result.exitCode, result.stderr).toBe(130);
  expect(result.stderr).toContain('interrupted by SIGINT');
  expect(await readdir(folder)).not.toContain(`list-${name}.json.out.json`);
});

test.runIf(process.platform !== 'win32')('a named pipe that nobody writes to can be given up', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const source = `
    import files from 'node:fs';
    const open = files.open;
    files.open = (path, ...rest) => {
      open(path, ...rest);
      if (path === ${JSON.stringify(pipe)}) process.kill(process.pid, 'SIGINT');
    };`;
  const nodeArgs = await preload('pipe', source);
  for (const command of ['inspect', 'encode']) {
    const result = await dicm([command, pipe], { nodeArgs });
    expect(result.exitCode, result.stderr).toBe(130);
  }
});
