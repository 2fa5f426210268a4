import { describe, expect, test } from 'vitest';
import { drawTrials } from '../../src/study/draw-trials.js';
import type { StudySite } from '../../src/study/study-format.js';

const GROUPS = 6;
const PICTURES = 10;

const site: StudySite = {
  ...{ schema: 'dicm.study-site/1', id: '0123456789abcdef', consent: ['yes'] },
  comparisonsPerRater: 24,
  comparisons: Array.from({ length: GROUPS * PICTURES }, (_, i) => ({
    ...{ trial: `t${i}`, group: i % GROUPS, original: `p${i % PICTURES}`, width: 8, height: 8 },
    files: [`a${i}`, `b${i}`] as const,
  })),
  checks: Array.from({ length: 6 }, (_, i) => ({
    ...{ trial: `c${i}`, original: `p${i}`, width: 8, height: 8 },
    files: [`p${i}`, `w${i}`] as const,
  })),
};

const raters = Array.from({ length: 200 }, (_, i) => `rater-${i}`);

describe('the trials of a rater', () => {
  test('are the same each time, and others for another rater or study', () => {
    const trials = drawTrials(site, 'ann');
    expect(drawTrials(site, 'ann')).toEqual(trials);
    expect(drawTrials(site, 'bob')).not.toEqual(trials);
    expect(drawTrials({ ...site, id: '0123456789abcdee' }, 'ann')).not.toEqual(trials);
  });

  test('have as many comparisons of each group, and every check once', () => {
    for (const rater of raters) {
      const trials = drawTrials(site, rater);
      expect(trials).toHaveLength(30);
      expect(new Set(trials.map(({ trial }) => trial)).size).toBe(30);
      const groups = new Map<number, number>();
      for (const { trial } of trials) {
        const group = site.comparisons.find((one) => one.trial === trial)?.group;
        if (group !== undefined) groups.set(group, (groups.get(group) ?? 0) + 1);
      }
      expect([...groups.values()]).toEqual(Array(GROUPS).fill(4));
    }
  });

  test('have the checks spread over them', () => {
    for (const rater of raters) {
      const places = drawTrials(site, rater).flatMap(({ trial }, i) => (trial.startsWith('c') ? [i] : []));
      for (const [i, place] of places.entries()) {
        expect(place).toBeGreaterThanOrEqual(5 * i);
        expect(place).toBeLessThan(5 * (i + 1));
      }
    }
  });

  test('have each file on either side about as often, in every order', () => {
    const all = raters.flatMap((rater) => drawTrials(site, rater));
    const isSwapped = all.filter(({ left, files }) => left === files[1]).length / all.length;
    expect(isSwapped).toBeGreaterThan(0.47);
    expect(isSwapped).toBeLessThan(0.53);
    for (const { left, right, files } of all) expect([left, right].sort()).toEqual([...files].sort());
    const first = new Set(raters.map((rater) => drawTrials(site, rater)[0]!.trial));
    expect(first.size).toBeGreaterThan(40);
  });

  test('seldom show a picture twice in a row', () => {
    let [repeats, all] = [0, 0];
    for (const rater of raters) {
      // Checks too: what one shows must not be what was just seen.
      const trials = drawTrials(site, rater);
      for (const [i, { original }] of trials.entries()) {
        if (i > 0 && trials[i - 1]!.original === original) repeats++;
        all++;
      }
    }
    expect(repeats / all).toBeLessThan(0.01);
  });

  test('are all there are where fewer are there than a rater is asked for', () => {
    expect(drawTrials({ ...site, comparisonsPerRater: 500 }, 'ann')).toHaveLength(66);
  });
});
