import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { main } from '../../src/cli/main.js';
import { fakeTerminal } from './fake-terminal.js';

const COMMANDS = [
  [],
  ['encode'],
  ['decode'],
  ['analyze'],
  ['analyze', 'classify'],
  ['analyze', 'detect'],
  ['analyze', 'segment'],
  ['analyze', 'all'],
  ['analyze', 'embed'],
  ['inspect'],
  ['inspect', 'bitstream'],
  ['strip'],
  ['cut'],
  ['verify'],
  ['view'],
  ['run'],
  ['run', 'add'],
  ['run', 'add', 'encode'],
  ['run', 'add', 'analyze'],
  ['run', 'worker'],
  ['run', 'status'],
  ['run', 'retry'],
  ['run', 'results'],
  ['index'],
  ['search'],
  ['bench'],
  ['bench', 'classify'],
  ['bench', 'detect'],
  ['bench', 'segment'],
  ['bench', 'view'],
  ['study'],
  ['study', 'make'],
  ['study', 'analyse'],
  ['models'],
  ['models', 'export'],
  ['doctor'],
  ['completion'],
];

describe('help', () => {
  test.each(COMMANDS.map((words) => [words.join(' '), words] as const))(
    'dicm %s --help',
    async (name, words) => {
      const terminal = fakeTerminal();
      expect(await main([...words, '--help'], terminal)).toBe(0);
      expect(terminal.written.stderr).toBe('');
      const golden = join(import.meta.dirname, 'help', `${['dicm', ...words].join('-')}.txt`);
      await expect(terminal.written.stdout).toMatchFileSnapshot(golden);
      expect(terminal.written.stdout.split('\n')[0]).toContain(`Usage: dicm ${name}`.trim());
    },
  );

  test('dicm help encode says the same', async () => {
    const [direct, indirect] = [fakeTerminal(), fakeTerminal()];
    await main(['encode', '--help'], direct);
    expect(await main(['help', 'encode'], indirect)).toBe(0);
    expect(indirect.written.stdout).toBe(direct.written.stdout);
  });

  test('nothing asked: help on stderr, exit 2', async () => {
    const terminal = fakeTerminal();
    expect(await main([], terminal)).toBe(2);
    expect(terminal.written.stdout).toBe('');
    expect(terminal.written.stderr).toContain('Usage: dicm');
  });

  test('--version', async () => {
    const terminal = fakeTerminal();
    expect(await main(['--version'], terminal)).toBe(0);
    const { version } = (await import('../../package.json', { with: { type: 'json' } })).default;
    expect(terminal.written.stdout).toBe(`${version}\n`);
  });
});

describe('usage errors exit with 2', () => {
  test.each([
    [['encod', 'x.jpg'], /Did you mean encode/],
    [['analyze', 'clasify', 'x.dicm'], /Did you mean classify/],
    [['analyze', 'detct', 'x.dicm'], /Did you mean detect/],
    [['analyze', 'detect', 'x.dicm', '--min-score', '2'], /from 0 to 1/],
    [['analyze', 'all', 'x.dicm', '--max-detections', '0'], /whole number/],
    [['inspect', 'x.dicm', '--jsn'], /Did you mean --json/],
    [['encode', '--qualiti', '3', 'x.jpg'], /Did you mean --quality/],
    [['encode'], /missing required argument/],
    [['encode', '-q', '0', 'x.jpg'], /from 1 to 100/],
    [['encode', '-q', 'best', 'x.jpg'], /from 1 to 100/],
    [['encode', '-q', '5', '--target-bytes', '9', 'x.jpg'], /cannot be used with/],
    [['encode', '--target-bpp', '1', '--target-bytes', '9', 'x.jpg'], /cannot be used with/],
    [['encode', '--target-bytes', '1.5', 'x.jpg'], /whole number/],
    [['encode', '--target-bpp', '0', 'x.jpg'], /above 0/],
    [['encode', '--max-side', 'tiny', 'x.jpg'], /whole number/],
    [['--backend', 'cuda', 'doctor'], /Allowed choices are auto, tensorflow, onnx, wasm/],
    [['--jobs', '0', 'verify', 'x.dicm'], /whole number/],
    [['--limit', 'maxBananas=3', 'verify', 'x.dicm'], /maxPixels/],
    [['models', 'surplus'], /too many arguments/],
  ])('%j', async (args, message) => {
    const terminal = fakeTerminal();
    expect(await main(args, terminal)).toBe(2);
    expect(terminal.written.stderr).toMatch(message);
    expect(terminal.written.stdout).toBe('');
  });

  test('with --json also as an object', async () => {
    const terminal = fakeTerminal();
    expect(await main(['encode', '--json'], terminal)).toBe(2);
    expect(JSON.parse(terminal.written.stdout)).toMatchObject({ schema: 'dicm.error/1', file: null });
  });
});

describe('colour', () => {
  const red = '\u001b[31m';
  test.each([
    ['on a terminal', { tty: true }, true],
    ['not with NO_COLOR', { tty: true, env: { NO_COLOR: '1' } }, false],
    ['not on a dumb terminal', { tty: true, env: { TERM: 'dumb' } }, false],
    ['not in a pipe', {}, false],
  ])('%s', async (_, options, coloured) => {
    const terminal = fakeTerminal(options);
    expect(await main(['inspect', 'missing.dicm'], terminal)).toBe(3);
    expect(terminal.written.stderr.includes(red)).toBe(coloured);
    expect(terminal.written.stderr).toContain('missing.dicm: no such file');
  });
});
