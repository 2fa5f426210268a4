import { assignStyles, type CategoryStyle, textColourOn } from './overlay-palette.js';
import { placeLabels, type Rectangle } from './place-labels.js';
import { textToSvg, textWidth } from './stroke-font.js';

/** An object to draw. */
export interface OverlayObject {
  /** Text of its label. */
  label: string;
  /** Decides on colour and outline. */
  categoryId: number;
  /** In pixels of the source. */
  box: Rectangle;
  /** Gives its pixels, where there is a mask: row-major, other than 0 for the object, at a size of the whole source. */
  sampleMask?: ((width: number, height: number) => Uint8Array) | undefined;
}

/** What to draw. */
export interface OverlayContent {
  /** Size of the source, in pixels. */
  width: number;
  height: number;
  /** The most certain first: it is drawn on top and its label is placed first. */
  objects: readonly OverlayObject[];
}

/** The longer side of an overlay is brought between these: labels need room, and viewers have limits. */
const LEAST_SIDE = 512;
const MOST_SIDE = 2048;

/** How much of a mask's colour covers what is below it. */
const MASK_OPACITY = 0.45;
/** Halos set lines apart from pictures of any colour. */
const HALO = 'stroke="#000" stroke-opacity="0.65"';

/** Size of a picture, in pixels. */
export interface CanvasSize {
  readonly width: number;
  readonly height: number;
}

type StyledObject = OverlayObject & { style: CategoryStyle };

/** Size of an overlay: the source's where its longer side is from 512 to 2048 pixels, and its proportions otherwise. */
export function overlaySize({ width, height }: CanvasSize): CanvasSize {
  const longer = Math.max(width, height);
  // Enlarged by a whole number: the pixels of a small picture stay what they are.
  const scale = longer < LEAST_SIDE ? Math.ceil(LEAST_SIDE / longer) : Math.min(1, MOST_SIDE / longer);
  const side = (pixels: number) => Math.max(1, Math.round(pixels * scale));
  return { width: side(width), height: side(height) };
}

/**
 * Paints the masks of objects into pixels and draws their boxes and labels.
 *
 * @param pixels - Of the source at the overlay's size, [height][width][3]; changed.
 * @param signal - Abandons the work between objects.
 * @returns Boxes and labels as an SVG of the overlay's size, to lay over the pixels.
 */
export function paintOverlay(
  pixels: Uint8Array,
  content: OverlayContent,
  size: CanvasSize,
  signal?: AbortSignal,
): string {
  const line = Math.max(2, Math.max(size.width, size.height) / 320);
  const styles = assignStyles(content.objects.map(({ categoryId }) => categoryId));
  const drawn = content.objects.map((object) => ({ ...object, style: styles.get(object.categoryId)! }));
  // The best last, so that nothing covers it.
  for (const object of [...drawn].reverse()) {
    signal?.throwIfAborted();
    if (object.sampleMask !== undefined) {
      const mask = object.sampleMask(size.width, size.height);
      paintMask(pixels, mask, size, object.style.colour, Math.max(1, Math.round(line / 2)));
    }
  }
  const scale = { scaleX: size.width / content.width, scaleY: size.height / content.height };
  return linesAndLabels(drawn, scale, size, line);
}

/** Tints the pixels of a mask and draws its outline. */
function paintMask(
  pixels: Uint8Array,
  mask: Uint8Array,
  { width, height }: CanvasSize,
  colour: readonly number[],
  outline: number,
): void {
  const isObject = (x: number, y: number) =>
    x >= 0 && x < width && y >= 0 && y < height && mask[y * width + x] !== 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (mask[y * width + x] === 0) continue;
      const isEdge =
        !isObject(x - outline, y) ||
        !isObject(x + outline, y) ||
        !isObject(x, y - outline) ||
        !isObject(x, y + outline);
      const opacity = isEdge ? 1 : MASK_OPACITY;
      for (let c = 0; c < 3; c++) {
        const at = (y * width + x) * 3 + c;
        pixels[at] = Math.round(pixels[at]! + (colour[c]! - pixels[at]!) * opacity);
      }
    }
  }
}

function linesAndLabels(
  objects: readonly StyledObject[],
  { scaleX, scaleY }: { scaleX: number; scaleY: number },
  size: CanvasSize,
  line: number,
): string {
  const boxes = objects.map(({ box }) => ({
    x: box.x * scaleX,
    y: box.y * scaleY,
    width: box.width * scaleX,
    height: box.height * scaleY,
  }));
  const capHeight = capHeightFor(objects, size);
  const padding = capHeight * 0.45;
  const sizes = objects.map(({ label }) => ({
    width: textWidth(label, capHeight) + 2 * padding,
    // Room for the tails of letters too.
    height: capHeight * 1.25 + 2 * padding,
  }));
  const labels = placeLabels(boxes, sizes, size);
  const drawBoxes = objects.map(({ style }, i) => drawBox(boxes[i]!, style, line, size));
  const drawLabels = objects.map(({ label, style: { colour } }, i) => {
    const { x, y, width: w, height: h } = labels[i]!;
    const place = `x="${x.toFixed(2)}" y="${y.toFixed(2)}" width="${w.toFixed(2)}" height="${h.toFixed(2)}"`;
    const chip = `<rect ${place} rx="${(padding / 2).toFixed(2)}" fill="rgb(${colour})" ${HALO}/>`;
    return chip + textToSvg(label, x + padding, y + padding, capHeight, textColourOn(colour));
  });
  // The best on top; labels above all boxes.
  const body = [...drawBoxes.reverse(), ...drawLabels.reverse()].join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">${body}</svg>`;
}

/** Height of capitals that suits the picture and lets the longest label fit into its width. */
function capHeightFor(objects: readonly OverlayObject[], { width, height }: CanvasSize): number {
  const wanted = Math.max(10, Math.max(width, height) / 64);
  const widest = Math.max(...objects.map(({ label }) => textWidth(label, 1)), 0) + 0.9;
  return Math.min(wanted, width / widest, height / 2.15);
}

/** A box with its line inside the picture. */
function drawBox(box: Rectangle, { colour, dashes }: CategoryStyle, line: number, size: CanvasSize): string {
  const half = line / 2;
  const [left, top] = [Math.max(box.x, half), Math.max(box.y, half)];
  const right = Math.max(left, Math.min(box.x + box.width, size.width - half));
  const bottom = Math.max(top, Math.min(box.y + box.height, size.height - half));
  const place =
    `x="${left.toFixed(2)}" y="${top.toFixed(2)}" width="${(right - left).toFixed(2)}" ` +
    `height="${(bottom - top).toFixed(2)}" fill="none" stroke-linejoin="round"`;
  const pattern = dashes.map((length) => (length * line).toFixed(2)).join(' ');
  const dashing = pattern === '' ? '' : ` stroke-dasharray="${pattern}"`;
  return (
    `<rect ${place} ${HALO} stroke-width="${(line + 2).toFixed(2)}"/>` +
    `<rect ${place} stroke="rgb(${colour})" stroke-width="${line.toFixed(2)}"${dashing}/>`
  );
}
