import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../src/cli/main.js';
import { type AnalysedStudy, analyseStudy } from '../../src/study/analyse-study.js';
import type { StudyResult } from '../../src/study/study-format.js';
import { fakeTerminal } from '../cli/fake-terminal.js';
import { simulatedStudy, simulateRater } from './simulated-raters.js';

const STRENGTHS = { view: 0.8, avif: 0.2, webp: -0.2, jpeg: -0.8 };
const study = simulatedStudy(Object.keys(STRENGTHS), [0.15, 0.6], 5);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dicm-study-'));
  writeFileSync(join(folder, 'study.json'), JSON.stringify(study));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let written = 0;
function write(result: unknown): string {
  const path = join(folder, `result-${written++}.json`);
  writeFileSync(path, typeof result === 'string' ? result : JSON.stringify(result));
  return path;
}

const rater = (name: string, seed: number, more = {}) =>
  simulateRater(study, name, seed, { strengths: STRENGTHS, ...more });

describe('raters of known preferences', () => {
  let analysed: AnalysedStudy;
  beforeAll(async () => {
    const attentive = Array.from({ length: 40 }, (_, i) => rater(`r${i}`, i + 1));
    const inattentive = [
      rater('guesser', 901, { attention: 0.5 }),
      rater('lefty', 902, { leftHabit: 1 }),
      { ...rater('early', 903), complete: false, answers: rater('early', 903).answers.slice(0, 12) },
    ];
    analysed = await analyseStudy({ results: [...attentive, ...inattentive].map(write), resamples: 200 });
  }, 60_000);

  test('give scores near those they have, within their intervals', () => {
    const all = analysed.analysis.scores.at(-1)!;
    expect(all.bpp).toBeNull();
    expect(all.scores.map(({ codec }) => codec)).toEqual(['view', 'avif', 'webp', 'jpeg']);
    for (const { codec, score, low, high } of all.scores) {
      const strength = STRENGTHS[codec as keyof typeof STRENGTHS];
      expect(Math.abs(score - strength)).toBeLessThan(0.15);
      expect(low).toBeLessThan(score);
      expect(high).toBeGreaterThan(score);
    }
    const held = analysed.analysis.scores.flatMap(({ scores }) =>
      scores.map(({ codec, low, high }) => {
        const strength = STRENGTHS[codec as keyof typeof STRENGTHS];
        return low! <= strength && strength <= high!;
      }),
    );
    expect(held.filter((one) => one).length).toBeGreaterThanOrEqual(held.length - 2);
  });

  test('give preferences of every pair at every rate and at all', () => {
    const { preferences } = analysed.analysis;
    expect(preferences).toHaveLength(6 * 3);
    for (const { codecs, bpp, votes, hits, share, low, high } of preferences) {
      // 40 raters, 5 pictures, and two rates in all.
      expect(votes).toBe(bpp === null ? 400 : 200);
      expect(share).toBe(hits / votes);
      expect(low).toBeLessThan(share);
      expect(high).toBeGreaterThan(share);
      const [a, b] = codecs.map((codec) => STRENGTHS[codec as keyof typeof STRENGTHS]) as [number, number];
      expect(Math.abs(share - 1 / (1 + Math.exp(b - a)))).toBeLessThan(0.11);
    }
  });

  test('agree as much as such preferences make them', () => {
    // Two raters agree with the chance p^2 + (1 - p)^2, in the mean over pairs of codecs.
    const levels = Object.values(STRENGTHS);
    const chances = levels.flatMap((a, i) =>
      levels.slice(i + 1).map((b) => {
        const p = 1 / (1 + Math.exp(b - a));
        return p ** 2 + (1 - p) ** 2;
      }),
    );
    const expected = chances.reduce((sum, one) => sum + one, 0) / chances.length;
    const { agreement, coefficient, pairs } = analysed.analysis.agreement.at(-1)!;
    expect(pairs).toBe((60 * 40 * 39) / 2);
    expect(Math.abs(agreement - expected)).toBeLessThan(0.02);
    expect(coefficient).toBeCloseTo(2 * agreement - 1, 12);
  });

  test('are left out, and named with the reason, where they do not look', () => {
    const excluded = analysed.analysis.raters.filter((one) => one.excluded !== undefined);
    expect(excluded.map((one) => `${one.rater}: ${one.excluded}`)).toEqual([
      expect.stringMatching(/^guesser: only [0-6] of 8 obvious pairs right$/),
      'lefty: left in all 4 identical pairs and in 100 % of comparisons',
      expect.stringMatching(/^early: answered (only [0-4]|none) of the obvious pairs/),
    ]);
    for (const { rater: name } of excluded) expect(analysed.markdown).toContain(`- ${name}: `);
    expect(analysed.markdown).toContain('40 raters');
  });

  test('are drawn and tabulated', () => {
    const { svg, markdown } = analysed;
    expect(svg).toMatch(
      /^<svg .*aria-label="Which version is closer to the original: 5 pictures, 40 raters;/,
    );
    expect(svg.match(/class="mark /g)).toHaveLength(12);
    expect(svg.match(/class="whisker /g)).toHaveLength(12);
    expect(markdown).toMatch(/\| VIEW +\| JPEG +\| all rates \| +\d+ of 400 \|/);
    expect(markdown).toMatch(/\| VIEW +\|( \+\d\.\d\d \(\+\d\.\d\d to \+\d\.\d\d\) \|){3}/);
  });
});

test('a single rater gives votes and scores, and no intervals of scores', async () => {
  const { analysis, markdown } = await analyseStudy({ results: [write(rater('alone', 5))] });
  expect(analysis.agreement).toEqual([]);
  expect(analysis.raters[0]).toMatchObject({ rater: 'alone', comparisons: 60, agreement: undefined });
  for (const { scores, note } of analysis.scores) {
    expect(scores).toHaveLength(4);
    expect(scores.every((one) => one.low === undefined)).toBe(true);
    expect(note).toBe('one rater alone gives no intervals');
  }
  expect(markdown).toContain('With fewer than 10 raters');
});

test('where nobody passed, nothing counts', async () => {
  const { analysis, markdown, svg } = await analyseStudy({
    results: [write(rater('g', 5, { attention: 0 }))],
  });
  expect(analysis).toMatchObject({ preferences: [], scores: [], agreement: [] });
  expect(markdown).toContain('No vote counts.');
  expect(svg).toContain('no votes give scores');
});

test('the same answers twice count once; different ones of one rater are refused', async () => {
  const [first, copy] = [write(rater('ann', 1)), write({ ...rater('ann', 1), finishedAt: 'later' })];
  const notes: string[] = [];
  const { analysis } = await analyseStudy({ results: [first, copy], onNote: (note) => notes.push(note) });
  expect(analysis.raters).toHaveLength(1);
  expect(notes).toEqual([`${copy} says what ${first} says, and is counted once`]);
  await expect(analyseStudy({ results: [first, write(rater('ann', 2))] })).rejects.toMatchObject({
    code: 'same-rater',
  });
});

describe('files that are no results of the study', () => {
  const good = rater('bob', 3);
  const changed = (answer: object): unknown => ({
    ...good,
    answers: [...good.answers.slice(0, 3), { ...good.answers[3], ...answer }, ...good.answers.slice(4)],
  });
  test.each<[string, unknown, string, RegExp]>([
    ['no JSON', 'chosen: left', 'bad-study-result', /no JSON/],
    ['something else', { schema: 'dicm.bench/1' }, 'bad-study-result', /result\/1, found dicm\.bench\/1/],
    ['a list', [1], 'bad-study-result', /found \[1\]/],
    [
      'of another study',
      { ...good, study: 'beef' },
      'foreign-study-result',
      /study beef, not of 00112233445566aa/,
    ],
    ['without a rater', { ...good, rater: 7 }, 'bad-study-result', /rater: expected a name, found 7/],
    ['without answers', { ...good, answers: {} }, 'bad-study-result', /answers: expected a list/],
    ['of no such trial', changed({ trial: 't999' }), 'bad-study-result', /answers\[3\]\.trial: .*"t999"/],
    ['of a trial twice', changed(good.answers[0]!), 'bad-study-result', /each trial once, found/],
    ['of other pictures', changed({ left: 'o1' }), 'bad-study-result', /answers\[3\]\.left and right/],
    ['of no side', changed({ chosen: 'both' }), 'bad-study-result', /left or right, found "both"/],
    ['of no time', changed({ ms: -1 }), 'bad-study-result', /answers\[3\]\.ms/],
  ])('%s', async (_, result, code, message) => {
    const path = write(result);
    const failure = analyseStudy({ results: [path] });
    await expect(failure).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    await expect(failure).rejects.toThrow(path);
  });

  test('and a study that is none, or is not there', async () => {
    const path = write(good);
    await expect(analyseStudy({ results: [path], study: path })).rejects.toMatchObject({
      code: 'bad-study-file',
    });
    await expect(analyseStudy({ results: [path], study: join(folder, 'none') })).rejects.toMatchObject({
      code: 'file-missing',
    });
    const apart = mkdtempSync(join(tmpdir(), 'dicm-apart-'));
    writeFileSync(join(apart, 'r.json'), JSON.stringify(good));
    await expect(analyseStudy({ results: [join(apart, 'r.json')] })).rejects.toMatchObject({
      code: 'study-missing',
    });
    rmSync(apart, { recursive: true });
  });
});

test('dicm study analyse takes a folder and writes table, plot and JSON', async () => {
  const results = join(folder, 'results');
  await mkdir(results);
  for (const [i, name] of ['ann', 'bob', 'cat'].entries()) {
    writeFileSync(join(results, `${name}.json`), JSON.stringify(rater(name, i) satisfies StudyResult));
  }
  const terminal = fakeTerminal();
  const output = join(results, 'analysis');
  expect(await main(['study', 'analyse', '-r', results, '-o', output, '--json'], terminal)).toBe(0);
  const printed = JSON.parse(terminal.written.stdout);
  expect(printed).toMatchObject({ schema: 'dicm.study-analysis/1', study: study.id });
  expect(printed.raters.map((one: { rater: string }) => one.rater).sort()).toEqual(['ann', 'bob', 'cat']);
  expect(JSON.parse(readFileSync(join(output, 'analysis.json'), 'utf8'))).toEqual(printed);
  expect(readFileSync(join(output, 'analysis.md'), 'utf8')).toContain('3 raters');
  expect(readFileSync(join(output, 'scores.svg'), 'utf8')).toContain('</svg>');
  // What it wrote is no result, and is not overwritten.
  expect(await main(['study', 'analyse', '-r', results, '-o', output], fakeTerminal())).toBe(5);
  const again = fakeTerminal();
  expect(await main(['study', 'analyse', '-r', results], again)).toBe(0);
  expect(again.written.stdout).toContain('3 raters');
});
