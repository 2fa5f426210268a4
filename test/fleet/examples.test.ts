import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runHere } from '../cli/run-here.js';

const EXAMPLES = join(import.meta.dirname, '../../docs/examples');
const folder = mkdtempSync(join(tmpdir(), 'dicm-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command of an example over a list that is not there: its options are read, and nothing else happens. */
async function expectOptionsOf(words: readonly string[]): Promise<void> {
  expect(words.slice(0, 3)).toEqual(['dicm', 'run', 'worker']);
  const args = words.slice(1).flatMap((word) => word.split(/(?<=^--[a-z-]+)=/));
  const at = args.indexOf('--work');
  expect(at).toBeGreaterThan(0);
  args[at + 1] = join(folder, 'none');
  const { exitCode, stderr } = await runHere(args);
  expect([exitCode, stderr]).toEqual([
    6,
    expect.stringMatching(/`dicm run add` makes it \[work-list-failed\]\n$/),
  ]);
}

describe('the Kubernetes Job', () => {
  const job = parse(readFileSync(join(EXAMPLES, 'kubernetes-job.yaml'), 'utf8'));

  test('is one by the schema of Kubernetes', () => {
    expect(job).toMatchObject({ apiVersion: 'batch/v1', kind: 'Job' });
    new Job(job).validate();
    const wrong = structuredClone(job);
    wrong.spec.template.spec.containers[0].ports[0].containerPort = 'metrics';
    expect(() => new Job(wrong).validate()).toThrow(/containerPort must be integer/);
  });

  test('runs a worker whose options there are, and asks where it answers', async () => {
    const { containers, terminationGracePeriodSeconds } = job.spec.template.spec;
    const [{ command, ports, livenessProbe, readinessProbe }] = containers;
    await expectOptionsOf(command);
    const options = Object.fromEntries(command.slice(3).map((word: string) => word.slice(2).split('=')));
    expect(options.metrics).toBe(`0.0.0.0:${ports[0].containerPort}`);
    expect(livenessProbe.httpGet).toEqual({ path: '/metrics', port: ports[0].name });
    expect(readinessProbe.httpGet).toEqual({ path: '/health', port: ports[0].name });
    // What is in work ends before Kubernetes ends it.
    expect(terminationGracePeriodSeconds).toBeGreaterThan(Number(options.grace) + 10);
  });
});

describe('the systemd unit', () => {
  const unit = readFileSync(join(EXAMPLES, 'dicm-worker.service'), 'utf8');
  const settingOf = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1];

  test('runs a worker whose options there are', async () => {
    const command = settingOf('ExecStart')!.split(' ');
    await expectOptionsOf(['dicm', ...command.slice(1)]);
    const grace = Number(command[command.indexOf('--grace') + 1]);
    expect(Number(settingOf('TimeoutStopSec'))).toBeGreaterThan(grace + 10);
  });

  const systemd = spawnSync('systemd-analyze', ['--version']).status === 0;
  if (!systemd) console.warn('skipped: no systemd-analyze to check the unit with');
  test.skipIf(!systemd)('has nothing that systemd does not know', () => {
    const verify = (text: string) => {
      const path = join(folder, 'dicm-worker.service');
      writeFileSync(path, text.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));
      return spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' }).stderr;
    };
    expect(verify(unit)).toBe('');
    expect(verify(unit.replace('KillMode=', 'KilMode='))).toMatch(/Unknown key/);
  });
});
