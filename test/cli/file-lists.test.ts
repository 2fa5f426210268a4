import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { nameOfBytes, toPath } from '../../src/cli/file-names.js';
import { dicm, MODELS, PROGRAM, scratchFolder } from './run-cli.js';
import { runHere } from './run-here.js';

const root = scratchFolder();
const file = (name: string) => join(root, name);
let coded: Buffer;

beforeAll(async () => {
  const picture =
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="24"><rect width="20" height="9"/></svg>';
  writeFileSync(file('drawn.svg'), picture);
  const { exitCode, stderr } = await runHere(['encode', file('drawn.svg'), '--backend', 'wasm']);
  expect(exitCode, stderr).toBe(0);
  coded = readFileSync(file('drawn.dicm'));
  for (const name of ['a.dicm', 'sub/b c.dicm', 'sub/deep/d.dicm', 'new\nline.dicm']) {
    mkdirSync(join(file(name), '..'), { recursive: true });
    writeFileSync(file(name), coded);
  }
});

const paths = (objects: readonly Record<string, unknown>[]) => objects.map((one) => one.file);

describe('--files-from', () => {
  test('takes a name a line, whatever ends the lines, after the inputs that are arguments', async () => {
    const names = [file('a.dicm'), '', file('sub/b c.dicm')];
    for (const text of [names.join('\n'), `\ufeff${names.join('\r\n')}\r\n`]) {
      writeFileSync(file('list.txt'), text);
      const args = ['inspect', file('drawn.dicm'), '--json', '--files-from', file('list.txt')];
      const { exitCode, objects, stderr } = await runHere(args);
      expect(exitCode, stderr).toBe(0);
      expect(paths(objects)).toEqual([file('drawn.dicm'), file('a.dicm'), file('sub/b c.dicm')]);
    }
  });

  test('reads stdin, with -0 what find -print0 writes', async () => {
    const stdin = Buffer.from(`${file('new\nline.dicm')}\0${file('a.dicm')}\0`);
    const { exitCode, objects } = await runHere(['verify', '--json', '--files-from', '-', '-0'], { stdin });
    expect(exitCode).toBe(0);
    expect(paths(objects)).toEqual([file('new\nline.dicm'), file('a.dicm')]);
  });

  test('takes directories with -r, and says what is missing among the results', async () => {
    writeFileSync(file('list.txt'), [file('sub'), file('gone.dicm'), file('a.dicm')].join('\n'));
    const args = ['inspect', '--json', '--files-from', file('list.txt')];
    expect((await runHere(args)).exitCode).toBe(2);
    const { exitCode, objects } = await runHere([...args, '-r']);
    expect(exitCode).toBe(1);
    expect(paths(objects)).toEqual([
      ...[file('sub/b c.dicm'), file('sub/deep/d.dicm'), file('gone.dicm'), file('a.dicm')],
    ]);
    expect(objects[2]).toMatchObject({ schema: 'dicm.error/1', code: 'file-missing' });
  });

  test('keeps the folders of the names below -o, so that equal names do not meet', async () => {
    const folder = join(root, 'from');
    for (const name of ['x/p.svg', 'y/p.svg']) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), readFileSync(file('drawn.svg')));
    }
    writeFileSync(join(folder, 'list'), './x/p.svg\ny/../y/p.svg\n../from/x/../x/p2.svg\n');
    writeFileSync(join(folder, 'x/p2.svg'), readFileSync(file('drawn.svg')));
    const args = ['encode', '--files-from', 'list', '-o', 'out', '--backend', 'wasm'];
    const result = await dicm(args, { cwd: folder });
    expect(result.exitCode, result.stderr).toBe(0);
    for (const name of ['x/p.dicm', 'y/p.dicm', 'from/x/p2.dicm']) {
      expect([name, existsSync(join(folder, 'out', name))]).toEqual([name, true]);
    }
    const absolute = await runHere(
      [...['encode', '--files-from', '-', '-o', join(folder, 'abs'), '--backend', 'wasm']],
      { stdin: Buffer.from(`${join(folder, 'x/p.svg')}\n`) },
    );
    expect(absolute.exitCode, absolute.stderr).toBe(0);
    expect(existsSync(join(folder, 'abs', folder, 'x/p.dicm'))).toBe(true);
  });

  test.each([
    [['inspect'], 'missingArgument'],
    [['inspect', '-0', 'a.dicm'], 'option-needs-other'],
    [['inspect', '-', '--files-from', '-'], 'stdin-twice'],
    [['inspect', '--files-from', '-'], 'no-match'],
  ])('%j is refused', async (args, code) => {
    const { exitCode, stderr } = await runHere(args);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`[${code}]`)]);
  });

  test('a list that is not there is an error of its own', async () => {
    const { exitCode, stderr } = await runHere(['inspect', '--files-from', file('no-list')]);
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('no-list: no such file')]);
  });
});

describe('names that are no UTF-8', () => {
  test.each([
    ['nothing but UTF-8', Buffer.from('Mu\u0308ller \u{1f600}.png'), 'Mu\u0308ller \u{1f600}.png'],
    ['Latin-1', Buffer.from('M\xfcller.png', 'latin1'), 'M\udcfcller.png'],
    ['a cut character', Buffer.from([0x61, 0xe2, 0x82]), 'a\udce2\udc82'],
    ['a surrogate in UTF-8, which is none', Buffer.from([0xed, 0xb3, 0xbc]), '\udced\udcb3\udcbc'],
    ['the character of replacement itself', Buffer.from('\ufffd\xff', 'utf8'), '\ufffd\xff'],
    ['that character beside a wrong byte', Buffer.from([0xef, 0xbf, 0xbd, 0xff]), '\ufffd\udcff'],
  ])('%s: bytes become a name and a name those bytes', (_, bytes, name) => {
    expect(nameOfBytes(bytes)).toBe(name);
    expect(Buffer.from(toPath(name))).toEqual(bytes);
  });

  // Other systems do not let such names exist.
  describe.runIf(process.platform === 'linux')('are files like any other', () => {
    const folder = join(root, 'latin');
    const bytesOf = (name: string) => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);

    beforeAll(() => {
      mkdirSync(folder);
      const picture = readFileSync(file('drawn.svg'));
      for (const name of ['M\xfcller.svg', 'M\xf6ller.svg']) writeFileSync(bytesOf(name), picture);
      mkdirSync(bytesOf('Stra\xdfe'));
      writeFileSync(bytesOf('Stra\xdfe/a.svg'), picture);
    });

    const listed = (path: string) =>
      readdirSync(path, { encoding: 'buffer' })
        .map((name) => name.toString('latin1'))
        .sort();

    test('in a folder, with their results in another one', async () => {
      const out = join(root, 'latin-out');
      const { exitCode, objects, stderr } = await runHere([
        ...['encode', '-r', folder, '-o', out, '--json', '--backend', 'wasm'],
      ]);
      expect(exitCode, stderr).toBe(0);
      expect(objects.map(({ input }) => input)).toEqual([
        ...[`${folder}/M\udcf6ller.svg`, `${folder}/M\udcfcller.svg`, `${folder}/Stra\udcdfe/a.svg`],
      ]);
      expect(listed(out)).toEqual(['M\xf6ller.dicm', 'M\xfcller.dicm', 'Stra\xdfe']);
      expect((await runHere(['verify', '-r', out])).exitCode).toBe(0);
      const drawn = await runHere([
        ...[
          'analyze',
          'detect',
          '-r',
          out,
          '--overlay',
          join(root, 'latin-drawn'),
          '--on',
          folder,
          '--backend',
          'wasm',
        ],
      ]);
      expect(drawn.exitCode, drawn.stderr).toBe(0);
      expect(listed(join(root, 'latin-drawn'))).toEqual(['M\xf6ller.png', 'M\xfcller.png', 'Stra\xdfe']);
    });

    test('in a list, as an argument and in a pattern, with their results beside them', async () => {
      const list = Buffer.concat([bytesOf('M\xfcller.svg'), Buffer.from('\0')]);
      const fromList = await runHere(['encode', '--files-from', '-', '-0', '--backend', 'wasm'], {
        stdin: list,
      });
      expect(fromList.exitCode, fromList.stderr).toBe(0);
      expect(listed(folder)).toContain('M\xfcller.dicm');
      // Shells hand the bytes on; Node cannot, so a shell has to expand the name.
      const script = 'exec "$0" "$1" encode Stra*/a.svg "M*ller.sv[g]" -f --backend wasm';
      execFileSync('sh', ['-c', script, process.execPath, PROGRAM], {
        cwd: folder,
        env: { ...process.env, DICM_MODEL_PATH: MODELS, DICM_MODEL: 'tiny' },
        stdio: 'pipe',
      });
      expect(listed(folder)).toContain('M\xf6ller.dicm');
      expect(existsSync(bytesOf('Stra\xdfe/a.dicm'))).toBe(true);
    });

    test('that are missing have an error that names them', async () => {
      const stdin = bytesOf('gone\xff.svg');
      const { exitCode, objects } = await runHere(
        ['encode', '--files-from', '-', '--json', '--backend', 'wasm'],
        {
          stdin,
        },
      );
      expect(exitCode).toBe(3);
      expect(objects).toEqual([
        expect.objectContaining({ code: 'file-missing', file: `${folder}/gone\udcff.svg` }),
      ]);
    });
  });
});
