import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { readInfo } from '../../src/index.js';
import { scratchFolder } from './run-cli.js';
import { runHere } from './run-here.js';

const root = scratchFolder();
const image = await sharp({ create: { width: 40, height: 24, channels: 3, background: '#c63' } })
  .png()
  .toBuffer();
const SMALL = ['--max-side', '16', '--backend', 'wasm'];

/** A new folder with files; those of other names than pictures hold text. */
function folderOf(name: string, files: readonly string[]): string {
  const folder = join(root, name);
  for (const file of files) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), /\.(png|jpg)$/.test(file) ? image : 'text');
  }
  return folder;
}

/** All files below a folder. */
function tree(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
}

describe('what -r passes over', () => {
  test('is counted by kind, and named with -v', async () => {
    const files = ['a.png', 'b.bmp', 'c.bmp', 'd.jp2', 'e.heic', 'x/f.jxl', 'README', '.hidden'];
    const folder = folderOf('kinds', files);
    symlinkSync('nowhere', join(folder, 'link.png'));
    symlinkSync('x', join(folder, 'y'));
    symlinkSync('a.png', join(folder, 'z.png'));
    const out = join(root, 'kinds-out');
    const result = await runHere(['encode', '-r', folder, '-o', out, ...SMALL]);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(tree(out)).toEqual(['a.dicm', 'z.dicm']);
    expect(result.stderr.split('\n').at(-2)).toBe(
      'passed over in directories: 2 .bmp, 1 .heic, 1 .jp2, 1 .jxl, 1 broken link, 1 link to a directory, ' +
        '1 no extension; -v names them',
    );
    const verbose = await runHere(['encode', '-r', folder, '-o', out, '-f', '-v', ...SMALL]);
    expect(verbose.stderr).toContain(`passed over: ${join(folder, 'x/f.jxl')} (.jxl)`);
    expect((await runHere(['encode', '-r', folder, '-o', out, '-f', '--quiet', ...SMALL])).stderr).toBe('');
  });

  test('is said where nothing is left', async () => {
    const result = await runHere(['encode', '-r', folderOf('none', ['a.bmp', 'b.heic']), ...SMALL]);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('has no files of the right kind, but 1 .bmp, 1 .heic [no-match]');
  });

  test.runIf(process.platform !== 'win32')(
    'a pipe in a folder, or one that a pattern matches, is not waited for',
    async () => {
      const folder = folderOf('pipes', ['a.png']);
      execFileSync('mkfifo', [join(folder, 'b.png')]);
      const inFolder = await runHere(['encode', '-r', folder, '-o', join(root, 'pipes-out'), ...SMALL]);
      expect(inFolder.exitCode, inFolder.stderr).toBe(0);
      expect(inFolder.stderr).toContain('passed over in directories: 1 FIFO');
      const matched = await runHere([
        'encode',
        join(folder, '*.png'),
        '-o',
        join(root, 'pipes-again'),
        ...SMALL,
      ]);
      expect(matched.exitCode, matched.stderr).toBe(0);
      expect(tree(join(root, 'pipes-again'))).toEqual(['a.dicm']);
    },
  );
});

describe('-o', () => {
  test('is a folder for a folder, a pattern or a list, however many files there are', async () => {
    const folder = folderOf('one', ['in/a.png']);
    const out = (name: string) => join(folder, name);
    writeFileSync(out('list'), `${join(folder, 'in/a.png')}\n`);
    for (const [name, inputs] of [
      ['of-folder', ['-r', out('in')]],
      ['of-pattern', [join(folder, 'in/*.png')]],
    ] as const) {
      const result = await runHere(['encode', ...inputs, '-o', out(name), ...SMALL]);
      expect(result.exitCode, result.stderr).toBe(0);
      expect(tree(out(name))).toEqual(['a.dicm']);
    }
    const decoded = await runHere([
      'decode',
      '-r',
      out('of-folder'),
      '-o',
      out('f.npy'),
      '--backend',
      'wasm',
    ]);
    expect(decoded.exitCode, decoded.stderr).toBe(0);
    expect(tree(out('f.npy'))).toEqual(['a.npy']);
  });

  test('that is a file where a folder is needed is said to be one', async () => {
    const folder = folderOf('file', ['in/a.png', 'out']);
    const result = await runHere(['encode', '-r', join(folder, 'in'), '-o', join(folder, 'out'), ...SMALL]);
    expect(result.exitCode).toBe(5);
    expect(result.stderr).toContain(
      'a file of that name is there, and a folder is needed [output-no-folder]',
    );
  });
});

describe('two pictures that differ in their extension', () => {
  const folder = folderOf('pair', ['a.jpg', 'a.png']);

  test('clash, and the option that helps is named with both', async () => {
    const result = await runHere(['encode', '-r', folder, '-o', join(root, 'pair-out'), ...SMALL]);
    expect(result.exitCode).toBe(2);
    const [jpg, png] = [join(folder, 'a.jpg'), join(folder, 'a.png')];
    expect(result.stderr).toContain(`${jpg} and ${png} would both be written to`);
    expect(result.stderr).toContain('--keep-extension keeps them apart [output-collision]');
  });

  test('are kept apart with --keep-extension', async () => {
    const out = join(root, 'pair-kept');
    const result = await runHere(['encode', '-r', folder, '-o', out, '--keep-extension', ...SMALL]);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(tree(out)).toEqual(['a.jpg.dicm', 'a.png.dicm']);
  });

  test('the hint is not given where it would not help', async () => {
    const apart = folderOf('apart', ['x/a.png', 'y/a.png']);
    const inputs = [join(apart, 'x/a.png'), join(apart, 'y/a.png')];
    const result = await runHere(['encode', ...inputs, '-o', join(root, 'apart-out'), ...SMALL]);
    expect([result.exitCode, result.stderr.includes('--keep-extension')]).toEqual([2, false]);
  });
});

describe('the closing line', () => {
  test('counts what is done, skipped and failed, with bytes and time', async () => {
    const folder = folderOf('closing', ['a.png', 'b.png', 'broken.png']);
    writeFileSync(join(folder, 'broken.png'), 'no picture');
    const first = await runHere(['encode', join(folder, 'a.png'), ...SMALL]);
    // Of one input everything has been said.
    expect(first.stderr).not.toContain('done');
    const result = await runHere(['encode', '-r', folder, '--skip-existing', ...SMALL]);
    expect(result.exitCode).toBe(1);
    const size = statSync(join(folder, 'b.dicm')).size;
    expect(result.stderr).toMatch(
      new RegExp(`^1 done, 1 skipped, 1 failed; ${image.length} B -> ${size} B; \\d+\\.\\d s$`, 'm'),
    );
    expect(result.stderr).toContain('passed over in directories: 1 .dicm');
  });

  test('stands on stderr with --json too, and --quiet leaves it out', async () => {
    const folder = folderOf('closing-json', ['a.png', 'b.png']);
    await runHere(['encode', '-r', folder, '--quiet', ...SMALL]);
    const files = [join(folder, 'a.dicm'), join(folder, 'b.dicm')];
    const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
    const { objects, stderr } = await runHere(['inspect', '--json', ...files]);
    expect(objects).toHaveLength(2);
    expect(stderr).toMatch(new RegExp(`^2 done, 0 skipped, 0 failed; ${bytes} B; \\d+\\.\\d s\\n$`));
    expect((await runHere(['inspect', '--quiet', ...files])).stderr).toBe('');
  });

  test('bars show rate and time left', async () => {
    const folder = folderOf('bars', ['a.png', 'b.png', 'c.png']);
    const { stderr } = await runHere(['encode', '-r', folder, '--jobs', '1', ...SMALL], { tty: true });
    expect(stderr).toMatch(/encoding [#-]+ [12]\/3 files, (\d+(\.\d+)?\/s|\d+\.\d s each), \d+ s left/);
  });
});

describe('running again', () => {
  test('--skip-existing does what is not there yet, and is no failure', async () => {
    const folder = folderOf('again', ['a.png', 'b.png']);
    await runHere(['encode', join(folder, 'a.png'), ...SMALL]);
    writeFileSync(join(folder, 'a.dicm'), 'precious');
    const args = ['encode', '-r', folder, '--skip-existing', '--json', ...SMALL];
    const { exitCode, objects } = await runHere(args);
    expect(exitCode).toBe(0);
    const [a, b] = ['a', 'b'].map((name) => join(folder, name)) as [string, string];
    expect(objects).toEqual([
      { schema: 'dicm.skipped/1', file: `${a}.png`, output: `${a}.dicm`, reason: 'it is there already' },
      expect.objectContaining({ schema: 'dicm.encode/1', input: `${b}.png`, output: `${b}.dicm` }),
    ]);
    expect(readFileSync(`${a}.dicm`, 'utf8')).toBe('precious');
    const words = await runHere(['encode', '-r', folder, '--skip-existing', '-v', ...SMALL]);
    expect(words.stderr).toContain(`${a}.png -> ${a}.dicm  skipped: it is there already`);
    expect(words.stderr).toContain('0 done, 2 skipped, 0 failed; ');
  });

  test.each([
    ['decode', ['--backend', 'wasm'], '.npy'],
    ['analyze embed', ['-o', 'DIR', '--backend', 'wasm'], '.npy'],
  ])('%s leaves out what is there, too', async (command, options, extension) => {
    const folder = folderOf(`again-${command}`, ['a.png']);
    await runHere(['encode', '-r', folder, ...SMALL]);
    writeFileSync(join(folder, `a${extension}`), 'precious');
    const more = options.map((option) => option.replace('DIR', folder));
    const result = await runHere([...command.split(' '), '-r', folder, '--skip-existing', ...more]);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(readFileSync(join(folder, `a${extension}`), 'utf8')).toBe('precious');
  });

  test('--update does again what is older than its source or was made otherwise, and nothing else', async () => {
    const folder = folderOf('update', ['a.png']);
    const [source, output] = [join(folder, 'a.png'), join(folder, 'a.dicm')];
    const update = async (...options: string[]) => {
      // Any file that is written is newer than this.
      const before = new Date(Date.now() - 5000);
      utimesSync(output, before, before);
      const { exitCode, stderr } = await runHere([
        'encode',
        source,
        '--update',
        '--backend',
        'wasm',
        ...options,
      ]);
      expect(exitCode, stderr).toBe(0);
      return statSync(output).mtimeMs > before.getTime() + 1000;
    };
    const age = (seconds: number) => {
      const then = new Date(Date.now() - 1000 * seconds);
      utimesSync(source, then, then);
    };
    await runHere(['encode', source, ...SMALL]);
    age(60);
    const side = ['--max-side', '16'];
    expect(await update(...side)).toBe(false);
    expect(await update(...side, '-q', '50')).toBe(false);
    // Other qualities, sizes and a digest.
    expect(await update(...side, '-q', '40')).toBe(true);
    expect(readInfo(readFileSync(output)).header.width).toBe(16);
    expect(await update(...side, '-q', '40')).toBe(false);
    expect(await update('-q', '40', '--max-side', '20')).toBe(true);
    expect(await update('-q', '40', '--max-side', 'none')).toBe(true);
    expect(readInfo(readFileSync(output)).header.width).toBe(40);
    // Larger than the picture is as large as the picture.
    expect(await update('-q', '40', '--max-side', '400')).toBe(false);
    expect(await update('-q', '40', '--digest')).toBe(true);
    expect(await update('-q', '40', '--digest')).toBe(false);
    expect(await update('-q', '40')).toBe(true);
    // A target: within it and not far below it, or as large as there is.
    const { length } = readFileSync(output);
    expect(await update('--target-bytes', String(length))).toBe(false);
    expect(await update('--target-bytes', String(length - 1))).toBe(true);
    expect(await update('--target-bytes', '1000000')).toBe(true);
    expect(await update('--target-bytes', '2000000')).toBe(false);
    expect(await update('--target-bytes', '1')).toBe(true);
    expect(await update('--target-bytes', '2')).toBe(false);
    // A source that changed, and a result that was damaged.
    age(0);
    expect(await update('--target-bytes', '2')).toBe(true);
    age(60);
    writeFileSync(output, readFileSync(output).subarray(0, -1));
    expect(await update('--target-bytes', '2')).toBe(true);
  });

  test('the options exclude each other', async () => {
    for (const options of [
      ['--update', '--skip-existing'],
      ['--update', '-f'],
      ['--skip-existing', '-f'],
    ]) {
      expect((await runHere(['encode', 'a.png', ...options])).exitCode).toBe(2);
    }
  });
});
