import { textColourOn } from 'dicm/browser';
import { bitMapExtent, paintBitMap } from '../paint/bit-map.js';
import { paintMasks, type StyledObject, styleObjects } from '../paint/masks.js';
import { paintPicture } from '../paint/picture.js';
import { element, replaceContent, style } from '../state/dom.js';
import {
  type Answers,
  type Entry,
  type Layers,
  type PageStore,
  rebuiltPicture,
  selectedEntry,
  showsBitMap,
  showsRebuilt,
} from '../state/page-state.js';
import { formatShare } from '../state/words.js';

/** The photograph or what was rebuilt of it, the bit map over it, masks and boxes: what there is of them and is wanted. */
export function pictureView(store: PageStore): HTMLElement {
  const photograph = element('img', { class: 'layer', alt: '', decoding: 'async' });
  const rebuilt = element('canvas', { class: 'layer rebuilt' });
  const bitMap = element('canvas', { class: 'layer bit-map' });
  const masks = element('canvas', { class: 'layer' });
  const boxes = element('div', { class: 'layer boxes' });
  const stage = element('div', { class: 'stage', role: 'img' }, photograph, rebuilt, bitMap, masks, boxes);
  const empty = element('p', { class: 'stage-empty quiet' });
  stage.append(empty);
  store.watch(
    (state) => [selectedEntry(state)],
    (entry) => {
      const [width, height] = sizeOf(entry);
      style(stage, { '--ratio': String(width / height) });
      const isThere =
        entry?.photograph !== undefined || entry?.bits !== undefined || rebuiltPicture(entry) !== undefined;
      empty.textContent = isThere ? '' : emptyWords(entry);
    },
  );
  photograph.addEventListener('load', () => {
    // Known before the file is: nothing jumps when it comes.
    if (photograph.naturalHeight > 0) {
      style(stage, { '--ratio': String(photograph.naturalWidth / photograph.naturalHeight) });
    }
  });
  store.watch(
    (state) => [selectedEntry(state)?.photograph?.url, state.layers.photograph],
    (url, isWanted) => {
      photograph.hidden = url === undefined || !isWanted;
      if (url === undefined) photograph.removeAttribute('src');
      else if (photograph.getAttribute('src') !== url) photograph.src = url;
    },
  );
  store.watch(
    (state) => [rebuiltPicture(selectedEntry(state)), showsRebuilt(state.layers, selectedEntry(state))],
    (picture, isWanted) => {
      rebuilt.hidden = picture === undefined || !isWanted;
      if (picture !== undefined && !rebuilt.hidden) paintPicture(rebuilt, picture);
    },
  );
  store.watch(
    (state) => [
      selectedEntry(state)?.bits,
      showsBitMap(state.layers, selectedEntry(state)),
      showsPicture(state.layers, selectedEntry(state)),
    ],
    (bits, isWanted, isOver) => {
      bitMap.hidden = bits === undefined || !isWanted;
      bitMap.classList.toggle('over', isOver);
      if (bits === undefined || bitMap.hidden) return;
      paintBitMap(bitMap, bits);
      const { width, height } = bitMapExtent(bits);
      style(bitMap, { width: `${100 * width}%`, height: `${100 * height}%` });
    },
  );
  store.watch(
    (state) => [selectedEntry(state)?.answers, state.layers],
    (answers, layers) => {
      const objects = answers === undefined ? [] : shownObjects(answers, layers);
      masks.hidden = !layers.masks || objects.length === 0;
      boxes.hidden = !layers.boxes || objects.length === 0;
      if (answers !== undefined && !masks.hidden) paintMasks(masks, objects, answers);
      if (answers !== undefined && !boxes.hidden) {
        replaceContent(boxes, ...[...objects].reverse().map((object) => box(object, answers)));
      }
    },
  );
  store.watch(
    (state) => [selectedEntry(state), state.layers],
    (entry, layers) => {
      const objects = entry?.answers === undefined ? [] : shownObjects(entry.answers, layers);
      stage.setAttribute('aria-label', describeStage(entry, objects));
    },
  );
  return stage;
}

/** Objects at or above the score that is asked for, in their colours. */
export function shownObjects({ detections }: Answers, { minScore }: Layers): StyledObject[] {
  return styleObjects(detections.filter(({ score }) => score >= minScore));
}

/** Whether pixels are to be seen, the photograph's or rebuilt ones. */
function showsPicture(layers: Layers, entry: Entry | undefined): boolean {
  const isPhotograph = layers.photograph && entry?.photograph !== undefined;
  return isPhotograph || (rebuiltPicture(entry) !== undefined && showsRebuilt(layers, entry));
}

function box({ detection, colour, isDashed }: StyledObject, source: Answers): HTMLElement {
  const { x, y, width, height } = detection.box;
  const percent = (part: number, whole: number) => `${(100 * part) / whole}%`;
  const label = element('span', { class: 'box-label' }, `${detection.label} ${formatShare(detection.score)}`);
  const frame = element('div', { class: `box${isDashed ? ' dashed' : ''}` }, label);
  style(label, { color: textColourOn(colour), 'background-color': `rgb(${colour.join(' ')})` });
  // A label above a box that touches the top would be cut off.
  label.classList.toggle('inside', y < 0.08 * source.height);
  return style(frame, {
    left: percent(x, source.width),
    top: percent(y, source.height),
    width: percent(width, source.width),
    height: percent(height, source.height),
    'border-color': `rgb(${colour.join(' ')})`,
  });
}

function sizeOf(entry: Entry | undefined): [width: number, height: number] {
  const header = entry?.coded?.structure.info?.header;
  return header === undefined ? [3, 2] : [header.sourceWidth, header.sourceHeight];
}

function emptyWords(entry: Entry | undefined): string {
  if (entry === undefined) return 'Choose a picture, or drop one here.';
  if (entry.failure !== undefined) return 'Nothing of this file can be shown.';
  return 'Reading the file';
}

function describeStage(entry: Entry | undefined, objects: readonly StyledObject[]): string {
  const found = objects.map(({ detection }) => `${detection.label}, ${formatShare(detection.score)}`);
  const what = entry?.photograph === undefined ? withoutPhotograph(entry) : `Photograph ${entry.name}`;
  return found.length === 0 ? `${what}. No objects.` : `${what}. Objects: ${found.join('; ')}.`;
}

function withoutPhotograph(entry: Entry | undefined): string {
  return rebuiltPicture(entry) === undefined ? 'Without a photograph' : `Rebuilt picture ${entry!.name}`;
}
