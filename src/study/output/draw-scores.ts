import { coloursOf, escapeText, markerOf, px } from '../../bench/output/series-style.js';
import type { RateScores, StudyAnalysis } from '../study-analysis.js';
import { rateName } from './write-study-markdown.js';

const WIDTH = 960;
/** Left and right end of the field, and where the first rate begins. */
const FIELD = { left: 270, right: 900, top: 100 };
const ROW_HEIGHT = 26;
/** Between rates, with the name of the next one. */
const GAP = 40;

/**
 * Draws the scores of codecs as an SVG file: a row for each codec at each rate, the best on top, with its 95 % interval. It
 * follows the reader's choice of a light or a dark page.
 */
export function drawScores(analysis: StudyAnalysis): string {
  const rates = analysis.scores.filter(({ scores }) => scores.length > 0);
  const rows = rates.reduce((sum, { scores }) => sum + scores.length, 0);
  const bottom = FIELD.top + rates.length * GAP + rows * ROW_HEIGHT;
  const height = Math.max(160, bottom + 62);
  const counting = analysis.raters.filter(({ excluded }) => excluded === undefined).length;
  const title = 'Which version is closer to the original';
  const subtitle = `${analysis.pictures} pictures, ${counting} rater${counting === 1 ? '' : 's'}`;
  const terms = 'Bradley-Terry scores, at equal bytes; whiskers: 95 % over raters';
  const body =
    rows === 0
      ? [`<text class="quiet" x="${FIELD.left}" y="120">no votes give scores</text>`]
      : drawField(analysis, rates, bottom);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
      `role="img" aria-label="${escapeText(`${title}: ${subtitle}; ${terms}`)}">`,
    style(analysis),
    `<rect class="paper" width="${WIDTH}" height="${height}" rx="8"/>`,
    `<text class="title" x="32" y="36">${title}</text>`,
    `<text class="quiet" x="32" y="58">${escapeText(subtitle)}; ${terms}</text>`,
    ...body,
    '</svg>',
  ].join('\n')}\n`;
}

function drawField({ codecs }: StudyAnalysis, rates: readonly RateScores[], bottom: number): string[] {
  const ends = rates.flatMap(({ scores }) =>
    scores.flatMap(({ score, low = score, high = score }) => [low, high]),
  );
  const { low, high, ticks } = axisAround(ends);
  const x = (score: number) => FIELD.left + ((FIELD.right - FIELD.left) * (score - low)) / (high - low);
  const lines = ticks.flatMap((tick) => [
    `<path class="${tick === 0 ? 'axis' : 'grid'}" d="M${px(x(tick))} ${FIELD.top}V${bottom}"/>`,
    `<text class="tick" x="${px(x(tick))}" y="${bottom + 20}" text-anchor="middle">${tick}</text>`,
  ]);
  const middle = (FIELD.left + FIELD.right) / 2;
  lines.push(
    `<text class="name" x="${middle}" y="${bottom + 46}" text-anchor="middle">logarithm of odds; 1 more is preferred 2.7 times as often as not</text>`,
  );
  let y = FIELD.top;
  for (const { bpp, scores } of rates) {
    y += GAP;
    lines.push(`<text class="rate" x="32" y="${y - 12}">${rateName(bpp)}</text>`);
    for (const { codec, score, low: from, high: to } of scores) {
      const at = y + ROW_HEIGHT / 2;
      const name = codecs.find(({ id }) => id === codec)?.name ?? codec;
      const mark = `translate(${px(x(score))} ${at})`;
      lines.push(
        `<text class="legend" x="${FIELD.left - 16}" y="${at}" dy="4" text-anchor="end">${escapeText(name)}</text>`,
        ...(from === undefined || to === undefined
          ? []
          : [`<path class="whisker s-${codec}" d="M${px(x(from))} ${at}H${px(x(to))}"/>`]),
        `<path class="mark s-${codec}" transform="${mark}" d="${markerOf(codec)}"/>`,
      );
      y += ROW_HEIGHT;
    }
  }
  return lines;
}

/** An axis around 0 and some values, with four to nine ticks at round numbers. */
function axisAround(values: readonly number[]): { low: number; high: number; ticks: number[] } {
  const [least, most] = [Math.min(0, ...values), Math.max(0, ...values)];
  const rough = Math.max(most - least, 0.1) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough)!;
  const first = Math.floor(least / step - 1e-9);
  const last = Math.ceil(most / step + 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(6)),
  );
  return { low: ticks[0]!, high: ticks.at(-1)!, ticks };
}

function style({ codecs }: StudyAnalysis): string {
  const colours = (dark: 0 | 1) =>
    codecs
      .map(({ id }) => {
        const colour = coloursOf(id)[dark];
        return `.whisker.s-${id}{stroke:${colour}}.mark.s-${id}{fill:${colour}}`;
      })
      .join('');
  return `<style>
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;font-size:13px;fill:#24292f}
.paper{fill:#ffffff}.title{font-size:19px;font-weight:600}.rate{font-weight:600}.quiet,.tick{fill:#57606a}
.grid{stroke:#e4e8ec;fill:none}.axis{stroke:#8c959f;fill:none}.whisker{fill:none;stroke-width:2}.mark{stroke:#ffffff;stroke-width:1}
${colours(0)}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}.paper{fill:#0d1117}.quiet,.tick{fill:#9da7b1}.grid{stroke:#242b33}.axis{stroke:#6e7681}.mark{stroke:#0d1117}
${colours(1)}
}
</style>`;
}
