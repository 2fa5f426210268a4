import { Mulberry32 } from '../../src/evaluation/mulberry32.js';
import { drawTrials } from '../../src/study/draw-trials.js';
import type { Study, StudyAnswer, StudyResult, StudySite } from '../../src/study/study-format.js';

/** How a simulated rater answers. */
export interface Manner {
  /** Log-odds of the codecs, by their ids: preferences are those of a Bradley-Terry model. */
  readonly strengths: Readonly<Record<string, number>>;
  /** How likely an obvious pair is answered rightly; 1 unless given. */
  readonly attention?: number;
  /** How likely the left side is taken whatever is shown; 0 unless given. */
  readonly leftHabit?: number;
}

/** A study of made-up pictures: every pair of codecs at every rate on every picture. */
export function simulatedStudy(codecs: readonly string[], bpp: readonly number[], pictures: number): Study {
  const files: Record<string, Study['files'][string]> = {};
  const comparisons: Study['comparisons'][number][] = [];
  for (let picture = 0; picture < pictures; picture++) {
    files[`o${picture}`] = { picture };
    files[`w${picture}`] = { picture, codec: 'jpeg', setting: 5, bytes: 9 };
    for (const rate of bpp) {
      const nameOf = (codec: string) => `${codec}-${rate}-${picture}`;
      for (const [i, codec] of codecs.entries()) {
        files[nameOf(codec)] = { picture, codec, setting: 1, bytes: 1000 };
        for (const other of codecs.slice(i + 1)) {
          comparisons.push({
            ...{ trial: `t${comparisons.length}`, picture, bpp: rate, codecs: [codec, other], mismatch: 0 },
            files: [nameOf(codec), nameOf(other)],
          });
        }
      }
    }
  }
  return {
    ...{ schema: 'dicm.study/1', id: '00112233445566aa', seed: 1, bpp, files, comparisons, leftOut: [] },
    codecs: codecs.map((id) => ({ id, name: id.toUpperCase(), version: '1', settingName: 'quality' })),
    pictures: Array.from({ length: pictures }, (_, i) => ({
      ...{ name: `${i}.png`, width: 8, height: 8, file: `o${i}` },
    })),
    checks: [
      ...Array.from({ length: 8 }, (_, i) => ({
        ...{ trial: `c${i}`, kind: 'obvious' as const, picture: i % pictures },
        files: [`o${i % pictures}`, `w${i % pictures}`] as const,
      })),
      ...Array.from({ length: 4 }, (_, i) => ({
        ...{ trial: `d${i}`, kind: 'identical' as const, picture: 0 },
        files: [comparisons[i]!.files[0], comparisons[i]!.files[0]] as const,
      })),
    ],
    comparisonsPerRater: comparisons.length,
  };
}

/** What a simulated rater says to a study, in the order and with the sides that the page would give. */
export function simulateRater(study: Study, rater: string, seed: number, manner: Manner): StudyResult {
  const random = new Mulberry32(seed);
  const toss = (chance: number) => random.next() / 2 ** 32 < chance;
  const preferredOf = (trial: string, files: readonly [string, string]): string => {
    const comparison = study.comparisons.find((one) => one.trial === trial);
    const check = study.checks.find((one) => one.trial === trial);
    if (check?.kind === 'obvious') return toss(manner.attention ?? 1) ? files[0] : files[1];
    if (comparison === undefined) return files[0];
    const [a, b] = comparison.codecs.map((codec) => manner.strengths[codec]!) as [number, number];
    return toss(1 / (1 + Math.exp(b - a))) ? files[0] : files[1];
  };
  const answers = drawTrials(siteOf(study), rater).map(({ trial, files, left, right }): StudyAnswer => {
    const preferred = preferredOf(trial, files);
    const side = left === right ? (toss(0.5) ? 'left' : 'right') : preferred === left ? 'left' : 'right';
    const isObvious = study.checks.some((one) => one.trial === trial && one.kind === 'obvious');
    const chosen = !isObvious && toss(manner.leftHabit ?? 0) ? 'left' : side;
    return { trial, left, right, chosen, ms: 2000 + random.below(3000), zoom: 1, input: 'mouse' };
  });
  const at = '2026-01-01T00:00:00.000Z';
  return {
    ...{
      schema: 'dicm.study-result/1',
      study: study.id,
      rater,
      complete: true,
      consentedAt: at,
      finishedAt: at,
    },
    display: { width: 1, height: 1, devicePixelRatio: 1, devicePixelsPerPixel: 1, colourScheme: 'light' },
    answers,
  };
}

function siteOf({ id, comparisonsPerRater, comparisons, checks, pictures }: Study): StudySite {
  const trialOf = ({ trial, picture, files }: Study['comparisons'][number] | Study['checks'][number]) => ({
    ...{ trial, files, original: pictures[picture]!.file, width: 8, height: 8 },
  });
  return {
    ...{ schema: 'dicm.study-site/1', id, consent: [], comparisonsPerRater },
    comparisons: comparisons.map((one) => ({ ...trialOf(one), group: 0 })),
    checks: checks.map(trialOf),
  };
}
