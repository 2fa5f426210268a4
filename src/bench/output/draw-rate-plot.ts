import { coloursOf, escapeText, markerOf, px } from './series-style.js';

const WIDTH = 960;
const HEIGHT = 560;
/** Sides of the field that curves are drawn in. */
const FIELD = { left: 72, top: 96, right: 690, bottom: 492 };
const LEGEND = { left: 716, top: 112, rowHeight: 24 };
/** About as many letters as fit beside one another. */
const MAX_NAME_LENGTH = 110;

/** Points of a curve. */
interface PlottedPoint {
  readonly bpp: number;
  /** In units of the vertical axis. */
  readonly value: number;
  readonly interval?: { readonly low: number; readonly high: number } | undefined;
}

/** What is to be drawn. */
export interface RatePlot {
  readonly title: string;
  readonly subtitle: string;
  /** What one has to know to read it. */
  readonly terms: string;
  /** What the vertical axis says. */
  readonly axis: string;
  readonly series: readonly {
    readonly id: string;
    readonly name: string;
    readonly points: readonly PlottedPoint[];
  }[];
  /** Lines across the field. */
  readonly ceilings: readonly { readonly value: number; readonly label: string }[];
  /** Ids of the curves with whiskers: intervals of all at once would hide the curves. */
  readonly withWhiskers: readonly string[];
}

/** Curves that plots are about, which lie on top of the others. */
const OWN_CURVES = ['dicm', 'dicm-view'];

/**
 * Draws rate against what it buys as an SVG file: rate logarithmic, whiskers for 95 % intervals. It follows the
 * reader's choice of a light or a dark page.
 */
export function drawRatePlot(plot: RatePlot): string {
  const { title, terms, series, ceilings } = plot;
  const points = series.flatMap((one) => one.points);
  const values = [...points, ...ceilings].map(({ value }) => value);
  const subtitle = shortened(plot.subtitle);
  const open =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" ` +
    `height="${HEIGHT}" role="img" aria-label="${escapeText(`${title}: ${subtitle}; ${terms}`)}">`;
  const heading = [
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}" rx="8"/>`,
    `<text class="title" x="${FIELD.left}" y="34">${escapeText(title)}</text>`,
    `<text class="quiet" x="${FIELD.left}" y="56">${escapeText(subtitle)}</text>`,
    `<text class="quiet" x="${FIELD.left}" y="75">${escapeText(terms)}</text>`,
  ];
  const body =
    points.length === 0
      ? [`<text class="quiet" x="${FIELD.left}" y="120">nothing was measured</text>`]
      : drawField(plot, linearAxis(values));
  return `${[open, style(series), ...heading, ...body, '</svg>'].join('\n')}\n`;
}

function drawField(
  { axis, series, ceilings, withWhiskers }: RatePlot,
  vertical: ReturnType<typeof linearAxis>,
): string[] {
  const horizontal = logarithmicAxis(series.flatMap(({ points }) => points.map(({ bpp }) => bpp)));
  const { left, right, top, bottom } = FIELD;
  const part = (value: number) =>
    Math.log(value / horizontal.low) / Math.log(horizontal.high / horizontal.low);
  const x = (bpp: number) => left + (right - left) * part(bpp);
  const y = (value: number) => {
    const at = (value - vertical.low) / (vertical.high - vertical.low);
    return bottom - (bottom - top) * Math.min(1, Math.max(0, at));
  };
  const lines: string[] = [];
  for (const tick of vertical.ticks) {
    const at = px(y(tick));
    lines.push(`<path class="grid" d="M${left} ${at}H${right}"/>`);
    lines.push(`<text class="tick" x="${left - 10}" y="${at}" dy="4" text-anchor="end">${tick}</text>`);
  }
  for (const tick of horizontal.ticks) {
    const at = px(x(tick));
    lines.push(`<path class="grid" d="M${at} ${top}V${bottom}"/>`);
    lines.push(`<text class="tick" x="${at}" y="${bottom + 20}" text-anchor="middle">${tick}</text>`);
  }
  const middle = (left + right) / 2;
  lines.push(
    `<path class="axis" d="M${left} ${top}V${bottom}H${right}"/>`,
    `<text class="name" x="${middle}" y="${bottom + 46}" text-anchor="middle">bits per pixel of the source, logarithmic</text>`,
    `<text class="name" transform="translate(24 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeText(axis)}</text>`,
  );
  for (const { value, label } of ceilings) {
    const at = px(y(value));
    lines.push(
      `<path class="ceiling" d="M${left} ${at}H${right}"/>`,
      `<text class="quiet" x="${left + 8}" y="${at}" dy="-7">${escapeText(label)}</text>`,
    );
  }
  // What the plot is about lies on top.
  const isOwn = ({ id }: { id: string }) => Number(OWN_CURVES.includes(id));
  for (const one of [...series].sort((a, b) => isOwn(a) - isOwn(b))) {
    lines.push(...drawCurve(one, withWhiskers.includes(one.id), x, y));
  }
  for (const [row, one] of series.entries()) lines.push(drawLegendRow(one, row));
  return lines;
}

function drawCurve(
  { id, name, points }: RatePlot['series'][0],
  hasWhiskers: boolean,
  x: (bpp: number) => number,
  y: (value: number) => number,
): string[] {
  const known = [...points].sort((a, b) => a.bpp - b.bpp);
  const isPayload = id.endsWith('-payload');
  const line = lineOf(id);
  const path = known
    .map(({ bpp, value }, i) => `${i === 0 ? 'M' : 'L'}${px(x(bpp))} ${px(y(value))}`)
    .join('');
  const whiskers = !hasWhiskers
    ? []
    : known.flatMap(({ bpp, interval }) =>
        interval === undefined ? [] : [`M${px(x(bpp))} ${px(y(interval.low))}V${px(y(interval.high))}`],
      );
  const marks = isPayload
    ? []
    : known.map(
        ({ bpp, value }) =>
          `<path class="mark ${classOf(id)}" transform="translate(${px(x(bpp))} ${px(y(value))})" d="${markerOf(baseOf(id))}"/>`,
      );
  return [
    `<g><title>${escapeText(name)}</title>`,
    ...(whiskers.length === 0 ? [] : [`<path class="whisker ${classOf(id)}" d="${whiskers.join('')}"/>`]),
    `<path class="${line}" d="${path}"/>`,
    ...marks,
    '</g>',
  ];
}

function shortened(name: string): string {
  return name.length <= MAX_NAME_LENGTH ? name : `${name.slice(0, MAX_NAME_LENGTH - 1)}…`;
}

function drawLegendRow({ id, name }: RatePlot['series'][0], row: number): string {
  const y = LEGEND.top + row * LEGEND.rowHeight;
  const isPayload = id.endsWith('-payload');
  const mark = isPayload
    ? ''
    : `<path class="mark ${classOf(id)}" transform="translate(${LEGEND.left + 14} ${y})" d="${markerOf(baseOf(id))}"/>`;
  return (
    `<path class="${lineOf(id)}" d="M${LEGEND.left} ${y}h28"/>${mark}` +
    `<text class="legend" x="${LEGEND.left + 38}" y="${y}" dy="4">${escapeText(shortName(name))}</text>`
  );
}

/** What fits beside the field; the tables have the whole name. */
function shortName(name: string): string {
  return name.replace(/^(.*), without parameter sets$/, 'the same, no parameter sets');
}

function style(series: RatePlot['series']): string {
  const ids = [...new Set(series.map(({ id }) => baseOf(id)))];
  const colours = (dark: 0 | 1) =>
    ids
      .map((id) => {
        const colour = coloursOf(id)[dark];
        return `.curve.s-${id},.whisker.s-${id}{stroke:${colour}}.mark.s-${id}{fill:${colour}}`;
      })
      .join('');
  return `<style>
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;font-size:13px;fill:#24292f}
.paper{fill:#ffffff}.title{font-size:19px;font-weight:600}.quiet,.tick{fill:#57606a}.name{fill:#24292f}
.grid{stroke:#e4e8ec;fill:none}.axis{stroke:#8c959f;fill:none}
.ceiling{stroke:#57606a;stroke-width:1.5;stroke-dasharray:2 4;fill:none}
.curve{fill:none;stroke-width:2;stroke-linejoin:round}.curve.s-dicm,.curve.s-dicm-view{stroke-width:3.5}.curve.payload{stroke-dasharray:5 4;stroke-width:1.5}.curve.detector{stroke-dasharray:11 4}
.whisker{fill:none;stroke-width:1;stroke-opacity:0.35}.mark{stroke:#ffffff;stroke-width:1}
${colours(0)}
@media (prefers-color-scheme:dark){
text,.name{fill:#e6edf3}.paper{fill:#0d1117}.quiet,.tick{fill:#9da7b1}.grid{stroke:#242b33}.axis{stroke:#6e7681}
.ceiling{stroke:#9da7b1}.mark{stroke:#0d1117}
${colours(1)}
}
</style>`;
}

/** The codec of a series: `hevc` of `hevc-payload`, `avif` of `avif+yolox`. */
function baseOf(id: string): string {
  return id.replace(/(-payload|\+.*)$/, '');
}

function lineOf(id: string): string {
  const kind = id.endsWith('-payload') ? ' payload' : id.includes('+') ? ' detector' : '';
  return `curve ${classOf(id)}${kind}`;
}

function classOf(id: string): string {
  return `s-${baseOf(id)}`;
}

/** Labelled positions on an axis. */
interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
}

/** Steps of 1, 2 and 5 that are labelled between powers of ten. */
const STEPS = [1, 2, 5];

/** An axis of logarithms around some values above 0, with ticks at 1, 2 and 5 of every power of ten in it. */
function logarithmicAxis(values: readonly number[]): Axis {
  const low = Math.min(...values) / 1.15;
  const high = Math.max(...values) * 1.15;
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const step of STEPS) {
      const tick = Number(`${step}e${power}`);
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return { low, high, ticks };
}

/** A linear axis from a round number below some values to one above them, with four to nine ticks. */
function linearAxis(values: readonly number[]): Axis {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const span = Math.max(most - least, 1e-3);
  const rough = span / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough)!;
  const [first, last] = [Math.floor(least / step), Math.ceil(most / step + 1e-9)];
  const ticks = Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(6)),
  );
  return { low: ticks[0]!, high: ticks.at(-1)!, ticks };
}
