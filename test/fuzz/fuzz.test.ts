import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
// The modules that the harness uses, as it uses them: it knows errors by their classes.
import * as container from '#dicm/container/index.js';
import { FormatError } from '#dicm/errors.js';
import { makeCorpus, type Original } from '../../scripts/fuzz/corpus.js';
import { openJudge, type Reader } from '../../scripts/fuzz/judge.js';
import { mend } from '../../scripts/fuzz/mend.js';
import { type Mutant, mutantOf } from '../../scripts/fuzz/mutate.js';
import { openSubject, type Subject } from '../../scripts/fuzz/subject.js';
import { ROOT } from '../cli/run-cli.js';

const run = promisify(execFile);

let subject: Subject;
let corpus: Original[];
beforeAll(async () => {
  subject = await openSubject();
  corpus = await makeCorpus(subject.codec, 1);
});
afterAll(() => subject.dispose());

/** The file of the corpus whose name begins so. */
const original = (name: string) => corpus.find((one) => one.name.startsWith(name))!;

const untouched = (bytes: Uint8Array): Mutant => ({ bytes, from: '', steps: [], mending: 'nothing' });

/** What a judge says of a file when some of what it tries is replaced. */
async function problemsOf(mutant: Mutant, replaced: Partial<Reader> = {}): Promise<string[]> {
  const { judge } = openJudge(subject.codec, subject, corpus, { ...container, ...replaced });
  return (await judge(mutant)).problems;
}

describe('changes', () => {
  test('are the same for a seed and a number, and others for others', () => {
    const hash = (seed: number, number: number) => {
      const { bytes, steps } = mutantOf(seed, number, corpus);
      return createHash('sha256').update(bytes).update(steps.join()).digest('hex');
    };
    const numbers = Array.from({ length: 300 }, (_, number) => number);
    const first = numbers.map((number) => hash(7, number));
    expect(numbers.toReversed().map((number) => hash(7, number))).toEqual(first.toReversed());
    expect(new Set([...first, ...numbers.map((number) => hash(8, number))]).size).toBeGreaterThan(550);
  });

  test('are of every kind, of files of every kind, mended in every way', () => {
    const mutants = Array.from({ length: 5000 }, (_, number) => mutantOf(1, number, corpus));
    const count = (matches: (mutant: Mutant) => boolean) => mutants.filter(matches).length;
    for (const mending of ['nothing', 'checksum', 'everything']) {
      expect(
        count((mutant) => mutant.mending === mending),
        mending,
      ).toBeGreaterThan(1000);
    }
    for (const step of [
      /flipped/,
      /set/,
      /length said/,
      /section/,
      /cut/,
      /spliced|from byte/,
      /tile/,
      /noise/,
    ]) {
      expect(
        count(({ steps }) => steps.some((words) => step.test(words))),
        String(step),
      ).toBeGreaterThan(150);
    }
    const names = new Set(mutants.map(({ from }) => from));
    expect(names.size).toBe(corpus.length);
    expect(count(({ from }) => from.includes('view layer'))).toBeGreaterThan(1000);
  });

  test('are mended as they say', () => {
    const layered = original('fresh 64 x 64').bytes;
    const full = corpus.find(({ name }) => name.endsWith('a digest'))!.bytes;
    const changed = full.slice();
    changed[20]! ^= 1;
    const [checksum, everything] = [changed.slice(), changed.slice()];
    mend(checksum, 'checksum');
    mend(everything, 'everything');
    expect(() => container.readDicm(changed)).toThrow(/checksum does not hold/);
    expect(() => container.readDicm(checksum)).toThrow(/check of its first layer/);
    const digest = createHash('sha256').update(everything.subarray(0, -38)).digest('hex');
    expect(container.readInfo(everything).digest).toBe(digest);
    const stored = new DataView(everything.buffer).getUint32(everything.length - 4);
    expect(stored).toBe(crc32(everything.subarray(0, -4)));
    const same = layered.slice();
    mend(same, 'everything');
    expect(same).toEqual(layered);
  });
});

describe('the judge', () => {
  test('finds nothing wrong with the files themselves', async () => {
    const { judge, collisions } = openJudge(subject.codec, subject, corpus);
    const outcomes = await Promise.all(corpus.map(({ bytes }) => judge(untouched(bytes))));
    expect(outcomes.flatMap(({ problems }) => problems)).toEqual([]);
    const opened = outcomes.filter(({ decoded }) => decoded === 'opens');
    expect(opened).toHaveLength(corpus.filter(({ decodes }) => decodes).length);
    expect(collisions).toEqual({ reached: 0, passed: 0 });
  });

  test('notices a damaged file that opens', async () => {
    const { bytes } = original('fresh 48 x 32');
    const damaged = bytes.slice();
    damaged[bytes.length - 10]! ^= 1;
    const lenient = (read: (bytes: Uint8Array) => unknown) => (given: Uint8Array) => {
      const own = given.slice();
      mend(own, 'checksum');
      return read(own) as never;
    };
    const readers = { readDicm: lenient(container.readDicm), readInfo: lenient(container.readInfo) };
    expect(await problemsOf(untouched(damaged))).toEqual([]);
    expect(await problemsOf(untouched(damaged), readers)).toContain('a damaged file opens');
  });

  test('notices a damaged first layer that opens as a prefix', async () => {
    const layered = corpus.find(({ name }) => name.endsWith('with a view layer'))!.bytes;
    const damaged = layered.slice();
    damaged[22]! ^= 1;
    const openPrefix: Reader['openPrefix'] = (given) => {
      const own = given.slice();
      mend(own, 'everything');
      return container.openPrefix(own);
    };
    const cutPrefix: Reader['cutPrefix'] = (given) => given.slice(0, openPrefix(given).prefixBytes);
    expect(await problemsOf(untouched(damaged), { openPrefix, cutPrefix })).toContain(
      'a damaged first layer opens as a prefix',
    );
  });

  test('notices integers that nobody encoded', async () => {
    const file = container.readDicm(original('fresh 64 x 64').bytes);
    const { judge, collisions } = openJudge(subject.codec, subject, [original('fresh 48 x 32')]);
    const bytes = container.writeDicm(file);
    expect((await judge({ ...untouched(bytes), mending: 'checksum' })).problems).toEqual([]);
    expect(collisions).toEqual({ reached: 1, passed: 1 });
  });

  test.each<[string, Partial<Reader>, RegExp]>([
    [
      'an error of the wrong kind',
      {
        readInfo: () => {
          throw new TypeError('undefined is not iterable');
        },
      },
      /no DicmError: TypeError: undefined is not iterable/,
    ],
    [
      'a code that is in no list',
      {
        readDicm: () => {
          throw new FormatError('no-such-code' as 'bad-tag', 'never heard of');
        },
      },
      /FormatError no-such-code/,
    ],
    [
      'readers that disagree',
      {
        readInfo: () => {
          throw new FormatError('bad-tag', 'not here');
        },
      },
      /readDicm: opens, readInfo: bad-tag/,
    ],
    [
      'a writer that loses something',
      { writeDicm: (file) => container.writeDicm({ ...file, ancillary: [] }) },
      /another file/,
    ],
    [
      'a gap in the listing',
      {
        readInfo: (bytes) => ({
          ...container.readInfo(bytes),
          fields: container.readInfo(bytes).fields.slice(1),
        }),
      },
      /lies at \d+, not 0/,
    ],
    [
      'a digest that is not compared',
      { checkDigest: () => Promise.reject(new FormatError('digest-mismatch', 'no')) },
      /verify says opens where it should say digest-mismatch/,
    ],
  ])('notices %s', async (_name, replaced, says) => {
    const { bytes } = corpus.find(({ name }) => name.endsWith('with metadata'))!;
    const { bytes: other } = corpus.find(({ name }) => name.endsWith('a digest'))!;
    const problems = [
      ...(await problemsOf(untouched(bytes), replaced)),
      ...(await problemsOf(untouched(other), replaced)),
    ];
    expect(problems.join('\n')).toMatch(says);
  });

  test('notices memory and time out of proportion', async () => {
    const { bytes } = corpus.find(({ name }) => name.endsWith('with a view layer'))!;
    const costly: Reader['cutPrefix'] = (given) => {
      // Touched, so that it is not only claimed; and held until it has been looked at.
      held.push(new Uint8Array(200 * 2 ** 20).fill(1));
      for (const before = process.cpuUsage(); process.cpuUsage(before).user < 2e5; );
      return container.cutPrefix(given);
    };
    const held: Uint8Array[] = [];
    const most = { cpuMs: 150, leapBytes: 50 * 2 ** 20 };
    const { judge, costs } = openJudge(
      subject.codec,
      subject,
      corpus,
      { ...container, cutPrefix: costly },
      most,
    );
    const said = (await judge(untouched(bytes))).problems.join();
    expect(said).toMatch(/ms of CPU time/);
    expect(said).toMatch(/MiB more than any before/);
    expect(costs.slowestMs).toBeGreaterThan(200);
    expect(costs.leapBytes).toBeGreaterThan(50 * 2 ** 20);
    expect(held).toHaveLength(1);
  });
});

test('npm run fuzz judges, says what came of it, and leaves nothing', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'dicm-fuzz-test-'));
  try {
    const args = [join(ROOT, 'scripts/fuzz.js'), '--files', '500', '--seed', '5'];
    const { stdout } = await run(process.execPath, args, { env: { ...process.env, TMPDIR: temporary } });
    expect(stdout).toMatch(/^seed 5: 500 files in [\d.]+ s, 0 failed$/m);
    expect(stdout).toMatch(/outcomes: .*bad-length \d+/);
    expect(readdirSync(temporary)).toEqual([]);
  } finally {
    rmSync(temporary, { recursive: true });
  }
});

test('a file that hangs ends the run, and is named', async () => {
  const url = new URL('../../scripts/fuzz/watchdog.js', import.meta.url);
  const program = `
    import { openWatchdog } from ${JSON.stringify(String(url))};
    const { tick } = openWatchdog('a file hangs: current.dicm', 300);
    for (let i = 0; i < 5; i++) { await new Promise((resolve) => setTimeout(resolve, 100)); tick(); }
    console.log('working');
    for (;;);`;
  const args = ['--input-type=module', '--eval', program];
  await expect(run(process.execPath, args)).rejects.toMatchObject({
    signal: 'SIGKILL',
    stdout: 'working\n',
    stderr: 'a file hangs: current.dicm',
  });
});
