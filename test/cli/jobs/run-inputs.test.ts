import { describe, expect, test } from 'vitest';
import { type RunEnd, type RunOptions, runInputs } from '../../../src/cli/jobs/run-inputs.js';
import { BackendError, FormatError, OutputError } from '../../../src/errors.js';

/** A run whose works end when the test says so. */
function run(
  inputs: Iterable<number> | AsyncIterable<number>,
  options: Partial<RunOptions<number, number>> = {},
) {
  const controller = new AbortController();
  const works = new Map<number, { resolve(): void; reject(error: unknown): void }>();
  const started: number[] = [];
  const reports: string[] = [];
  controller.signal.addEventListener('abort', () => {
    for (const { reject } of works.values()) reject(controller.signal.reason);
  });
  const ended = runInputs<number, number>(inputs, {
    jobs: 2,
    signal: controller.signal,
    work: (input) =>
      new Promise((resolve, reject) => {
        started.push(input);
        works.set(input, { resolve: () => resolve(10 * input), reject });
      }),
    report: (input, result) => void reports.push(`${input}: ${result}`),
    reportFailure: (input, error) => void reports.push(`${input}: ${(error as Error).message}`),
    ...options,
  });
  // Looked at later; until then it is nobody's fault.
  ended.catch(() => undefined);
  return {
    ...{ controller, started, reports, ended },
    finish: async (...done: number[]) => {
      for (const input of done) works.get(input)!.resolve();
      await settled();
    },
    fail: async (input: number, error: unknown) => {
      works.get(input)!.reject(error);
      await settled();
    },
  };
}

/** Waits until nothing moves any more that only waits for promises. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Inputs 0, 1, 2 ... as they are asked for; says how many were taken and whether the end was reached. */
function counting(count: number) {
  const state = { asked: 0, closed: false };
  async function* source() {
    try {
      for (let i = 0; i < count; i++) {
        state.asked++;
        yield i;
      }
    } finally {
      state.closed = true;
    }
  }
  return { state, source: source() };
}

const END: RunEnd = { inputs: 3, failures: 0, lastFailure: undefined };

describe.each([
  ['a list', (count: number) => Array.from({ length: count }, (_, i) => i)],
  ['inputs that come one by one', (count: number) => counting(count).source],
])('%s', (_, inputs) => {
  test('is reported in its order, whatever is done first', async () => {
    const { started, reports, ended, finish } = run(inputs(3));
    await settled();
    expect(started).toEqual([0, 1]);
    await finish(1);
    expect([started, reports]).toEqual([[0, 1, 2], []]);
    await finish(2);
    expect(reports).toEqual([]);
    await finish(0);
    expect(reports).toEqual(['0: 0', '1: 10', '2: 20']);
    expect(await ended).toEqual(END);
  });

  test('a slow first input lets no more than the window be taken', async () => {
    const done: number[] = [];
    const { started, reports, ended, finish } = run(inputs(100), {
      window: 5,
      onDone: () => done.push(done.length),
    });
    await settled();
    for (let i = 1; i < 5; i++) await finish(i);
    expect([started, reports, done.length]).toEqual([[0, 1, 2, 3, 4], [], 4]);
    await finish(0);
    expect(reports).toHaveLength(5);
    expect(started).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (let i = 5; i < 100; i++) await finish(i);
    expect((await ended).inputs).toBe(100);
  });

  test('a failure is reported in its place, and the others go on', async () => {
    const broken = new FormatError('file-unreadable', 'broken');
    const { reports, ended, finish, fail } = run(inputs(3));
    await settled();
    await fail(1, broken);
    expect(reports).toEqual([]);
    await finish(0, 2);
    expect(reports).toEqual(['0: 0', '1: broken', '2: 20']);
    expect(await ended).toEqual({ inputs: 3, failures: 1, lastFailure: broken });
  });

  test.each([
    ['no executor', new BackendError('no-backend', 'none', [{ backend: 'onnx', reason: 'x' }])],
    ['stdout gone', new OutputError('output-closed', 'closed')],
  ])('%s ends the run when what is in work has ended', async (_name, error) => {
    const { started, reports, ended, finish, fail } = run(inputs(9), { jobs: 3 });
    await settled();
    await fail(1, error);
    expect(started).toEqual([0, 1, 2]);
    await finish(0, 2);
    // What comes after the gap has no place any more.
    expect(reports).toEqual(['0: 0']);
    await expect(ended).rejects.toBe(error);
    expect(started).toEqual([0, 1, 2]);
  });

  test('an abort ends the run with its reason', async () => {
    const { controller, started, reports, ended, finish } = run(inputs(9));
    await settled();
    await finish(0);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(ended).rejects.toBe(reason);
    expect([started, reports]).toEqual([[0, 1, 2], ['0: 0']]);
  });

  test('may be empty', async () => {
    expect(await run(inputs(0)).ended).toEqual({ ...END, inputs: 0 });
  });
});

test('an abort changes nothing when everything is done', async () => {
  const controller = new AbortController();
  const options = { jobs: 1, signal: controller.signal, reportFailure: () => {}, report: () => {} };
  const work = async (input: number) => {
    if (input === 2) controller.abort();
    return input;
  };
  expect(await runInputs([0, 1, 2], { ...options, work })).toEqual(END);
});

test('reports are waited for, and hold the window', async () => {
  const open: (() => void)[] = [];
  const { started, ended, finish } = run(counting(9).source, {
    window: 2,
    report: () => new Promise<void>((resolve) => open.push(resolve)),
  });
  await settled();
  await finish(0, 1);
  expect([started, open.length]).toEqual([[0, 1], 1]);
  open.shift()!();
  await settled();
  expect([started, open.length]).toEqual([[0, 1, 2], 1]);
  for (let i = 2; i < 9; i++) {
    await finish(i);
    open.shift()!();
    await settled();
  }
  open.shift()!();
  expect((await ended).inputs).toBe(9);
});

describe('a source', () => {
  test('is asked for no more than there are jobs for', async () => {
    const { state, source } = counting(1e9);
    const { controller, ended, finish } = run(source);
    await settled();
    expect(state.asked).toBe(2);
    await finish(0);
    expect(state.asked).toBe(3);
    controller.abort();
    await expect(ended).rejects.toMatchObject({ name: 'AbortError' });
    expect(state).toEqual({ asked: 3, closed: true });
  });

  test('that fails ends the run when what is in work has been reported', async () => {
    const broken = new Error('the folder is gone');
    async function* source() {
      yield 0;
      yield 1;
      throw broken;
    }
    const { reports, ended, finish } = run(source(), { jobs: 3 });
    await settled();
    await finish(1, 0);
    expect(reports).toEqual(['0: 0', '1: 10']);
    await expect(ended).rejects.toBe(broken);
    await expect(
      run({
        [Symbol.iterator]: () => ({
          next: () => {
            throw broken;
          },
        }),
      }).ended,
    ).rejects.toBe(broken);
  });

  test('that nothing comes from can be given up', async () => {
    const calls: string[] = [];
    const silent: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => calls.push('next')),
        return: () => new Promise(() => calls.push('return')),
      }),
    };
    const { controller, ended } = run(silent);
    await settled();
    controller.abort();
    await expect(ended).rejects.toMatchObject({ name: 'AbortError' });
    expect(calls).toEqual(['next', 'return']);
  });

  test('that nothing comes from does not keep a run that cannot go on', async () => {
    async function* source() {
      yield 0;
      await new Promise(() => {});
    }
    const { ended, fail } = run(source());
    await settled();
    const closed = new OutputError('output-closed', 'closed');
    await fail(0, closed);
    await expect(ended).rejects.toBe(closed);
  });

  test('is closed when a report fails', async () => {
    const { state, source } = counting(9);
    const bug = new Error('bug');
    const { started, ended, finish } = run(source, {
      report: () => {
        throw bug;
      },
    });
    await settled();
    await finish(0, 1);
    await finish(...started.slice(2));
    await expect(ended).rejects.toBe(bug);
    expect(state.closed).toBe(true);
  });
});
