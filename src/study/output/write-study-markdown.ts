import { markdownTable } from '../../bench/output/markdown-table.js';
import { printable } from '../../printable.js';
import type { RateScores, StudyAnalysis, StudyRate } from '../study-analysis.js';

/** Fewer raters than this make intervals over raters rough. */
const FEW_RATERS = 10;

/** Writes an analysis as Markdown tables, aligned so that they are read as text as well. */
export function writeStudyMarkdown(analysis: StudyAnalysis): string {
  const { study, pictures, raters, preferences, scores, agreement } = analysis;
  const excluded = raters.filter((one) => one.excluded !== undefined);
  const counting = raters.length - excluded.length;
  const votes = preferences.filter(({ bpp }) => bpp === null || !preferences.some((one) => one.bpp === null));
  const total = votes.reduce((sum, one) => sum + one.votes, 0);
  const parts = [
    `Study ${study}: ${pictures} pictures, ${count(counting, 'rater')}, ${count(total, 'vote')}` +
      `${excluded.length === 0 ? '' : `; ${count(excluded.length, 'rater')} left out`}.`,
    ...(preferences.length === 0 ? ['No vote counts.'] : [preferencesTable(analysis), scoresTable(analysis)]),
    ...scores.flatMap(({ bpp, note }) =>
      note === undefined ? [] : [`Scores at ${rateName(bpp)}: ${note}.`],
    ),
    ...(agreement.length === 0 ? [] : [agreementTable(analysis)]),
    ...sidesLine(analysis),
    ratersTable(analysis),
    ...(excluded.length === 0
      ? []
      : [
          `Left out:\n\n${excluded.map(({ rater, excluded: why }) => `- ${printable(rater)}: ${why}`).join('\n')}`,
        ]),
    [
      'Preferences: Wilson intervals of 95 %, as if votes were independent.',
      `Scores: Bradley-Terry, logarithms of odds around 0, intervals of 95 % by ${analysis.bootstrap.resamples} resamples of raters.`,
      'Agreement: Kendall and Babington Smith, 1 for all alike, 0 as if by chance.',
      ...(counting < FEW_RATERS
        ? [`With fewer than ${FEW_RATERS} raters intervals over raters are rough.`]
        : []),
    ].join(' '),
  ];
  return `${parts.join('\n\n')}\n`;
}

function preferencesTable({ preferences, codecs }: StudyAnalysis): string {
  const nameOf = (id: string) => codecs.find((one) => one.id === id)?.name ?? id;
  const rows = preferences.map(({ codecs: [first, second], bpp, votes, hits, share, low, high }) => [
    ...[nameOf(first), nameOf(second), rateName(bpp), `${hits} of ${votes}`],
    ...[percent(share), `${percent(low)} to ${percent(high)}`],
  ]);
  return markdownTable(['preferred', 'to', 'rate', 'votes', '%', '95 %'], rows);
}

function scoresTable({ scores, codecs }: StudyAnalysis): string {
  const cell = ({ scores: own }: RateScores, id: string) => {
    const found = own.find(({ codec }) => codec === id);
    if (found === undefined) return '-';
    const { score, low, high } = found;
    return low === undefined || high === undefined
      ? signed(score)
      : `${signed(score)} (${signed(low)} to ${signed(high)})`;
  };
  const best = new Map(scores.at(-1)?.scores.map(({ codec }, rank) => [codec, rank]));
  const order = [...codecs].sort((a, b) => (best.get(a.id) ?? Infinity) - (best.get(b.id) ?? Infinity));
  return markdownTable(
    ['score', ...scores.map(({ bpp }) => rateName(bpp))],
    order.map(({ id, name }) => [name, ...scores.map((one) => cell(one, id))]),
  );
}

function agreementTable({ agreement }: StudyAnalysis): string {
  const rows = agreement.map(({ bpp, pairs, agreement: part, coefficient }) => [
    ...[rateName(bpp), String(pairs), percent(part), coefficient.toFixed(2)],
  ]);
  return markdownTable(['agreement', 'pairs of votes', 'equal %', 'coefficient'], rows);
}

/** Whether sides mattered where nothing else could. */
function sidesLine({ identical }: StudyAnalysis): string[] {
  if (identical === undefined) return [];
  const { share, low, high, votes } = identical;
  return [
    `Of two identical versions the left one was chosen in ${percent(share)} % (${percent(low)} to ${percent(high)}) of ${votes}.`,
  ];
}

function ratersTable({ raters }: StudyAnalysis): string {
  const header = [
    'rater',
    'comparisons',
    'obvious',
    'identical left',
    'left %',
    'median s',
    'agrees %',
    'counts',
  ];
  const rows = raters.map((one) => [
    ...[one.rater, `${one.comparisons}${one.complete ? '' : ' (stopped)'}`],
    ...[`${one.obvious.right} of ${one.obvious.of}`, `${one.identical.left} of ${one.identical.of}`],
    ...[percent(one.leftShare), one.medianMs === undefined ? '-' : (one.medianMs / 1000).toFixed(1)],
    ...[percent(one.agreement), one.excluded === undefined ? 'yes' : 'no'],
  ]);
  return markdownTable(header, rows);
}

/** A rate as it is read. */
export function rateName(bpp: StudyRate): string {
  return bpp === null ? 'all rates' : `${bpp} bpp`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

function percent(share: number | undefined): string {
  return share === undefined ? '-' : (100 * share).toFixed(1);
}

function signed(value: number): string {
  return `${value > 0 ? '+' : ''}${value.toFixed(2)}`;
}
