import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { main } from '../../src/cli/main.js';
import { fakeTerminal } from '../cli/fake-terminal.js';
import { dicm, jsonLines } from '../cli/run-cli.js';
import { TINY_MODEL } from '../session/helpers.js';
import { fakePrograms } from './fake-programs.js';
import { labelledFolder, scratchFolder } from './labelled-folder.js';

const dataset = await labelledFolder(['c00000001', 'c00000002'], 3);
const noPrograms = { PATH: fakePrograms({}) };
const small = ['--codecs', 'dicm,jpeg', '--settings', 'dicm=30,90', '--settings', 'jpeg=5,40,80'];
const model = ['--model', TINY_MODEL, '--backend', 'wasm', '--max-side', '48', '--timed-images', '1'];
const bench = ['bench', 'classify', dataset, ...small, ...model];

describe('dicm bench classify', () => {
  const output = join(scratchFolder(), 'results');

  test('writes table, JSON, CSV and plot, and prints the table', async () => {
    const run = await dicm([...bench, '-o', output, '--limit', '4', '--name', 'My set'], { env: noPrograms });
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stdout).toBe(readFileSync(join(output, 'results.md'), 'utf8'));
    expect(run.stdout).toContain('classify: My set, 4 images of 6, seed 1');
    const report = JSON.parse(readFileSync(join(output, 'results.json'), 'utf8'));
    expect(report).toMatchObject({ schema: 'dicm.bench/1', task: 'classify', dataset: { images: 4 } });
    expect(readFileSync(join(output, 'results.csv'), 'utf8').split('\n')).toHaveLength(1 + 1 + 5 + 1);
    expect(readFileSync(join(output, 'plot.svg'), 'utf8')).toContain('My set, 4 images');
  });

  test('does not overwrite results, and with -f takes what it knows', async () => {
    const before = readFileSync(join(output, 'results.json'), 'utf8');
    const refused = await dicm([...bench, '-o', output, '--json'], { env: noPrograms });
    expect(refused.exitCode).toBe(5);
    expect(jsonLines(refused)).toEqual([expect.objectContaining({ code: 'output-exists' })]);
    expect(readFileSync(join(output, 'results.json'), 'utf8')).toBe(before);
    const forced = await dicm([...bench, '-o', output, '-f', '--json'], { env: noPrograms });
    expect(forced.exitCode, forced.stderr).toBe(0);
    const [report, ...others] = jsonLines(forced);
    expect(others).toEqual([]);
    expect(report).toEqual(JSON.parse(readFileSync(join(output, 'results.json'), 'utf8')));
    expect(report).toMatchObject({ dataset: { images: 6 } });
  });

  test('ends with 1 when an image cannot be read, which it names', async () => {
    const folder = await labelledFolder(['c00000001'], 2);
    writeFileSync(join(folder, 'c00000001', 'broken.png'), 'no picture');
    const args = ['bench', 'classify', folder, ...small, ...model, '-o', scratchFolder()];
    const run = await dicm(args, { env: noPrograms });
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('c00000001/broken.png left out');
    expect(run.stdout).toContain('- c00000001/broken.png: ');
  });

  test('stopped in the middle it leaves no results, and the next run goes on', async () => {
    const folder = join(scratchFolder(), 'stopped');
    const sleeping = fakePrograms({ bpgenc: 'echo $$ > "$0.started"; exec sleep 60', bpgdec: '' });
    const env = { PATH: [sleeping, '/usr/bin', '/bin'].join(':') };
    const args = ['bench', 'classify', dataset, '--codecs', 'jpeg,bpg', '--settings', 'bpg=40', ...model];
    const run = await dicm([...args, '-o', folder, '--jobs', '1', '--anchor', 'jpeg'], {
      env,
      onStart: (child) => {
        const look = setInterval(() => {
          if (!existsSync(join(sleeping, 'bpgenc.started'))) return;
          clearInterval(look);
          child.kill('SIGINT');
        }, 20);
      },
    });
    expect(run.exitCode).toBe(130);
    expect(existsSync(join(folder, 'results.json'))).toBe(false);
    const next = ['bench', 'classify', dataset, '--codecs', 'jpeg', ...model, '-o', folder];
    expect((await dicm(next, { env: noPrograms })).exitCode).toBe(0);
  });
});

describe('dicm bench, used wrongly, exits with 2', () => {
  test.each([
    [['bench', 'classify', dataset, '--settings', 'jpeg'], /like jpeg=5,10,20/],
    [['bench', 'classify', dataset, '--settings', 'jpeg=a'], /like jpeg=5,10,20/],
    [['bench', 'classify', dataset, '--seed', '-1'], /whole number/],
    [['bench', 'classify', dataset, '--limit', '0'], /whole number/],
    [['bench', 'classify', dataset, '--limit', 'bananas=3'], /maxPixels/],
    [['bench', 'clasify', dataset], /Did you mean classify/],
    [['bench', 'classify'], /missing required argument/],
  ])('%j', async (args, message) => {
    const terminal = fakeTerminal();
    expect(await main(args, terminal)).toBe(2);
    expect(terminal.written.stderr).toMatch(message);
  });
});
