import { style } from '../state/dom.js';
import { devicePixelsPerPixel } from './session.js';

/** One of the windows through which a picture is seen. */
export interface PictureWindow {
  readonly frame: HTMLElement;
  readonly image: HTMLImageElement;
}

/** What all windows show of their pictures: the same part, enlarged alike. */
export interface SharedView {
  /** Largest zoom so far. */
  readonly mostZoom: number;
  readonly zoom: number;
  /** Sizes the windows for the room there is, and shows the pictures in them. */
  fit(widest: number, highest: number): void;
  /** Moves what is seen by CSS pixels. */
  moveBy(x: number, y: number): void;
  /**
   * @param zoom - Any; the next smaller one that there is gets taken.
   * @param x - From the middle of a window, in CSS pixels: what is there stays there.
   */
  zoomTo(zoom: number, x?: number, y?: number): void;
  /** The next larger zoom or, for -1, the next smaller one. */
  step(direction: 1 | -1, x?: number, y?: number): void;
  onChange: () => void;
}

/** Whole numbers, so that every pixel of a picture is as large as every other. */
const ZOOMS = [1, 2, 3, 4, 6, 8];

/** @param size - Of the pictures, in pixels. */
export function openSharedView(
  size: { readonly width: number; readonly height: number },
  windows: readonly PictureWindow[],
): SharedView {
  let [zoom, mostZoom] = [1, 1];
  // What is in the middle of the windows, in pixels of the picture.
  let [x, y] = [size.width / 2, size.height / 2];
  let [widest, highest] = [0, 0];
  let [width, height] = [0, 0];

  const scale = () => (zoom * devicePixelsPerPixel()) / devicePixelRatio;
  const show = () => {
    const s = scale();
    width = wholeDevice(Math.min(widest, size.width * s));
    height = wholeDevice(Math.min(highest, size.height * s));
    x = within(x, width / s, size.width);
    y = within(y, height / s, size.height);
    const [left, top] = [wholeDevice(width / 2 - x * s), wholeDevice(height / 2 - y * s)];
    for (const { frame, image } of windows) {
      style(frame, { width: `${width}px`, height: `${height}px` });
      style(image, {
        width: `${size.width * s}px`,
        height: `${size.height * s}px`,
        transform: `translate(${left}px, ${top}px)`,
      });
      frame.classList.toggle('movable', width < size.width * s || height < size.height * s);
    }
    view.onChange();
  };
  const setZoom = (next: number, fromX: number, fromY: number) => {
    const before = scale();
    zoom = next;
    mostZoom = Math.max(mostZoom, zoom);
    x += fromX / before - fromX / scale();
    y += fromY / before - fromY / scale();
    show();
  };
  const view: SharedView = {
    get zoom() {
      return zoom;
    },
    get mostZoom() {
      return mostZoom;
    },
    fit: (newWidest, newHighest) => {
      [widest, highest] = [newWidest, newHighest];
      show();
    },
    moveBy: (byX, byY) => {
      x -= byX / scale();
      y -= byY / scale();
      show();
    },
    zoomTo: (wanted, fromX = 0, fromY = 0) => {
      const next = ZOOMS.findLast((one) => one <= wanted) ?? ZOOMS[0]!;
      if (next !== zoom) setZoom(next, fromX, fromY);
    },
    step: (direction, fromX = 0, fromY = 0) => {
      const next = ZOOMS[ZOOMS.indexOf(zoom) + direction];
      if (next !== undefined) setZoom(next, fromX, fromY);
    },
    onChange: () => {},
  };
  return view;
}

/** The middle of a window that is `shown` long, such that it does not reach beyond the picture where it need not. */
function within(middle: number, shown: number, whole: number): number {
  if (shown >= whole) return whole / 2;
  return Math.min(whole - shown / 2, Math.max(shown / 2, middle));
}

/** CSS pixels that are a whole number of device pixels. */
function wholeDevice(length: number): number {
  return Math.round(length * devicePixelRatio) / devicePixelRatio;
}
