import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { main } from '../../src/cli/main.js';
import { parsePlainInspect } from '../../src/cli/parse-plain-inspect.js';
import { fakeTerminal } from './fake-terminal.js';
import { ROOT } from './run-cli.js';

const VALID = join(ROOT, 'fixtures/conformance/valid');
const FILE = join(VALID, 'one-tile-with-source.dicm');

describe('parsePlainInspect', () => {
  test.each([
    [['inspect', FILE]],
    [['inspect', '--json', FILE, FILE]],
    [['inspect', FILE, '--verbose', '--quiet']],
    [['inspect', '-v', '-r', '--json', VALID]],
    [['inspect', '--recursive', VALID]],
    [['inspect', VALID]],
    [['inspect', 'missing.dicm', FILE, '--json']],
    [['inspect', '-']],
  ])('%j does what the parser of all commands makes of it', async (args) => {
    expect(parsePlainInspect(args)).toBeDefined();
    // An option that this form does not have, with the value it has anyway.
    const inFull = [...args, '--backend', 'auto'];
    expect(parsePlainInspect(inFull)).toBeUndefined();
    const [short, long] = [fakeTerminal(), fakeTerminal()];
    expect(await main(args, short)).toBe(await main(inFull, long));
    // The closing line of a batch says how long it took.
    const untimed = (text: string) => text.replace(/[\d.]+ s\n$/, 's\n');
    expect(short.written.stdout).toBe(long.written.stdout);
    expect(untimed(short.written.stderr)).toBe(untimed(long.written.stderr));
    expect(short.written.stdout + short.written.stderr).not.toBe('');
  });

  test.each([
    [[]],
    [['inspect']],
    [['inspect', '--json']],
    [['inspect', 'bitstream', FILE]],
    [['inspect', '--help']],
    [['inspect', FILE, '-h']],
    [['inspect', '--', FILE]],
    [['inspect', '-rv', FILE]],
    [['inspect', '--jsn', FILE]],
    [['inspect', FILE, '--limit', 'maxPixels=1']],
    [['--json', 'inspect', FILE]],
    [['verify', FILE]],
    [['help', 'inspect']],
  ])('%j is left to that parser', (args) => {
    expect(parsePlainInspect(args)).toBeUndefined();
  });
});
