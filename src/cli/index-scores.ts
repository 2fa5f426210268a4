import type { Command } from 'commander';
import type { KeptScores } from './index-record.js';
import { numberBetween } from './option-values.js';

/** Options that say what an index keeps. */
export type ScoreFlags = { -readonly [K in keyof KeptScores]?: number };

/** Scores from which on classes and objects are kept, unless others are asked for. */
const DEFAULT_SCORES: KeptScores = { minClassScore: 0.02, minObjectScore: 0.3 };

/** Adds the options that say what an index keeps. */
export function addScoreOptions(command: Command): Command {
  return command
    .option(
      '--min-class-score <number>',
      'smallest score of a class to keep, 0 to 1 (default: 0.02)',
      numberBetween(0, 1),
    )
    .option(
      '--min-object-score <number>',
      'smallest score of an object to keep, 0 to 1 (default: 0.3)',
      numberBetween(0, 1),
    );
}

/** What is asked for, or what is usual. */
export function keptScores({ minClassScore, minObjectScore }: ScoreFlags): KeptScores {
  return {
    minClassScore: minClassScore ?? DEFAULT_SCORES.minClassScore,
    minObjectScore: minObjectScore ?? DEFAULT_SCORES.minObjectScore,
  };
}
