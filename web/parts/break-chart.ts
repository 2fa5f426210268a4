import { element, replaceContent, svgElement } from '../state/dom.js';
import { type PageStore, selectedEntry, type Trial, type TriedFile } from '../state/page-state.js';
import { formatCount } from '../state/words.js';

/** Height of the drawing in pixels, and its width before it is known. */
const [HEIGHT, FIRST_WIDTH] = [240, 620];
const [LEFT, RIGHT, TOP, BOTTOM] = [46, 14, 14, 30];

/** Powers of ten and what lies between them: where the axis of bytes may have marks. */
const MARKS = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];

/** Probability of the photograph's label against bytes, file by file that was tried. */
export function breakChart(store: PageStore): HTMLElement {
  const drawing = svgElement('svg', { role: 'img', height: HEIGHT });
  let width = FIRST_WIDTH;
  const figure = element(
    'figure',
    { class: 'chart' },
    drawing,
    element(
      'figcaption',
      { class: 'quiet' },
      'Certainty of that label against size. Hollow: something else is called first.',
    ),
  );
  const draw = () => {
    const entry = selectedEntry(store.get());
    const { trials = [], coded } = entry ?? {};
    const tried = trials.flatMap((trial) => trial.tried);
    figure.hidden = tried.length === 0;
    if (tried.length === 0) return;
    const scale = scaleFor(tried, width);
    drawing.setAttribute('aria-label', describe(trials));
    drawing.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    replaceContent(
      drawing,
      ...axes(scale),
      ...(coded === undefined ? [] : [cursor(scale, coded.bytes.length)]),
      ...trials.flatMap((trial) => series(scale, trial)),
    );
  };
  // Drawn in pixels, so that text has its size at every width.
  new ResizeObserver(() => {
    width = Math.max(240, figure.clientWidth || FIRST_WIDTH);
    draw();
  }).observe(figure);
  store.watch((state) => [selectedEntry(state)?.trials, selectedEntry(state)?.coded], draw);
  return figure;
}

interface Scale {
  readonly least: number;
  readonly most: number;
  readonly width: number;
  x(bytes: number): number;
  y(score: number): number;
}

function scaleFor(tried: readonly TriedFile[], width: number): Scale {
  const sizes = tried.map(({ bytes }) => bytes);
  const [least, most] = [Math.min(...sizes) / 1.25, Math.max(...sizes) * 1.25];
  const span = Math.log(most / least);
  return {
    least,
    most,
    width,
    x: (bytes) => LEFT + ((width - LEFT - RIGHT) * Math.log(bytes / least)) / span,
    y: (score) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - score),
  };
}

function axes(scale: Scale): SVGElement[] {
  const marks = MARKS.filter((bytes) => bytes > scale.least && bytes < scale.most);
  const sizes = marks.flatMap((bytes) => [
    svgElement('line', {
      class: 'grid',
      x1: scale.x(bytes),
      x2: scale.x(bytes),
      y1: scale.y(1),
      y2: scale.y(0),
    }),
    svgElement(
      'text',
      { x: scale.x(bytes), y: HEIGHT - 10, 'text-anchor': 'middle' },
      bytes < 1000 ? `${bytes}` : `${bytes / 1000}k`,
    ),
  ]);
  const scores = [0, 0.5, 1].flatMap((score) => [
    svgElement('line', {
      class: 'grid',
      x1: LEFT,
      x2: scale.width - RIGHT,
      y1: scale.y(score),
      y2: scale.y(score),
    }),
    svgElement('text', { x: LEFT - 6, y: scale.y(score) + 4, 'text-anchor': 'end' }, `${100 * score} %`),
  ]);
  return [...sizes, ...scores];
}

/** Where the file that is shown stands. */
function cursor(scale: Scale, bytes: number): SVGElement {
  const x = Math.min(scale.width - RIGHT, Math.max(LEFT, scale.x(bytes)));
  return svgElement('line', { class: 'cursor', x1: x, x2: x, y1: scale.y(1) - 6, y2: scale.y(0) });
}

function series(scale: Scale, { codec, tried }: Trial): SVGElement[] {
  const bySize = [...tried].sort((a, b) => a.bytes - b.bytes);
  const points = bySize.map(
    ({ bytes, score }) => `${scale.x(bytes).toFixed(1)},${scale.y(score).toFixed(1)}`,
  );
  return [
    svgElement('polyline', { class: `line ${codec}`, points: points.join(' ') }),
    ...bySize.map(({ bytes, score, isSame }) =>
      svgElement('circle', {
        class: `point ${codec}${isSame ? '' : ' broken'}`,
        cx: scale.x(bytes),
        cy: scale.y(score),
        r: 4,
      }),
    ),
  ];
}

function describe(trials: readonly Trial[]): string {
  const parts = trials
    .filter(({ tried }) => tried.length > 0)
    .map(({ codec, tried }) => {
      const said = [...tried]
        .sort((a, b) => b.bytes - a.bytes)
        .map(
          ({ bytes, score, isSame }) =>
            `${formatCount(bytes)} bytes ${Math.round(100 * score)} %${isSame ? '' : ', broken'}`,
        );
      return `${codec}: ${said.join('; ')}`;
    });
  return `Certainty against size. ${parts.join('. ')}.`;
}
