import sharp from 'sharp';
import { UsageError } from '../errors.js';
import type { Limits } from '../limits.js';
import type { ImageInput } from './image-input.js';
import { loadPicture } from './load-picture.js';
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

/** What to draw, and on what. */
export interface Overlay {
  /** Size of the source, in pixels. */
  width: number;
  height: number;
  /** The most certain first: it is drawn on top and its label is placed first. */
  objects: readonly OverlayObject[];
  /** The source picture, or any size of it; a plain canvas unless given. */
  source?: ImageInput | undefined;
  limits?: Partial<Limits> | undefined;
  signal?: AbortSignal | undefined;
}

/** The longer side of an overlay is brought between these: labels need room, and viewers have limits. */
const LEAST_SIDE = 512;
const MOST_SIDE = 2048;

const CANVAS = '#e9ebee';
/** How much of a mask's colour covers what is below it. */
const MASK_OPACITY = 0.45;
/** Halos set lines apart from pictures of any colour. */
const HALO = 'stroke="#000" stroke-opacity="0.65"';

/**
 * Draws boxes, masks and labels on the source picture or on a plain canvas.
 *
 * @returns A PNG file. It has the source's size where its longer side is from 512 to 2048 pixels, and its proportions
 *   otherwise.
 * @throws UsageError `overlay-source-size` when the picture is not the source; what `loadPicture` throws
 */
export async function drawOverlay(overlay: Overlay): Promise<Uint8Array> {
  const size = canvasSize(overlay);
  const pixels = await canvasPixels(overlay, size);
  const line = Math.max(2, Math.max(size.width, size.height) / 320);
  const styles = assignStyles(overlay.objects.map(({ categoryId }) => categoryId));
  const drawn = overlay.objects.map((object) => ({ ...object, style: styles.get(object.categoryId)! }));
  // The best last, so that nothing covers it.
  for (const object of [...drawn].reverse()) {
    overlay.signal?.throwIfAborted();
    if (object.sampleMask !== undefined) {
      const mask = object.sampleMask(size.width, size.height);
      paintMask(pixels, mask, size, object.style.colour, Math.max(1, Math.round(line / 2)));
    }
  }
  const svg = linesAndLabels(
    drawn,
    { scaleX: size.width / overlay.width, scaleY: size.height / overlay.height },
    size,
    line,
  );
  const png = await sharp(pixels, { raw: { ...size, channels: 3 } })
    .composite([{ input: Buffer.from(svg), top: 0, left: 0 }])
    .removeAlpha()
    .png()
    .toBuffer();
  return new Uint8Array(png);
}

type StyledObject = OverlayObject & { style: CategoryStyle };

interface Size {
  width: number;
  height: number;
}

function canvasSize({ width, height }: Size): Size {
  const longer = Math.max(width, height);
  // Enlarged by a whole number: the pixels of a small picture stay what they are.
  const scale = longer < LEAST_SIDE ? Math.ceil(LEAST_SIDE / longer) : Math.min(1, MOST_SIDE / longer);
  const side = (pixels: number) => Math.max(1, Math.round(pixels * scale));
  return { width: side(width), height: side(height) };
}

/** Pixels to draw on, [height][width][3]. */
async function canvasPixels(overlay: Overlay, { width, height }: Size): Promise<Uint8Array> {
  const { source, limits, signal } = overlay;
  if (source === undefined) {
    const canvas = sharp({ create: { width, height, channels: 3, background: CANVAS } });
    return new Uint8Array(await canvas.raw().toBuffer());
  }
  const picture = await loadPicture(source, { maxSide: Math.max(width, height), limits, signal });
  const { sourceWidth, sourceHeight } = picture;
  // The same picture in another size has the same proportions, but for the rounding of its sides.
  const expected = (sourceWidth * overlay.height) / overlay.width;
  const rounding = 0.5 + (0.5 * overlay.height) / overlay.width;
  if (Math.abs(expected - sourceHeight) > rounding * Math.max(1, sourceWidth / overlay.width)) {
    throw new UsageError(
      'overlay-source-size',
      `${typeof source === 'string' ? source : 'the picture'} has ${sourceWidth} x ${sourceHeight} pixels, ` +
        `but the file was made from ${overlay.width} x ${overlay.height}: this is another picture`,
    );
  }
  const fitted = sharp(picture.data, { raw: { width: picture.width, height: picture.height, channels: 3 } });
  return new Uint8Array(await fitted.resize(width, height, { fit: 'fill' }).raw().toBuffer());
}

/** Tints the pixels of a mask and draws its outline. */
function paintMask(
  pixels: Uint8Array,
  mask: Uint8Array,
  { width, height }: Size,
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
  size: Size,
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
function capHeightFor(objects: readonly OverlayObject[], { width, height }: Size): number {
  const wanted = Math.max(10, Math.max(width, height) / 64);
  const widest = Math.max(...objects.map(({ label }) => textWidth(label, 1)), 0) + 0.9;
  return Math.min(wanted, width / widest, height / 2.15);
}

/** A box with its line inside the picture. */
function drawBox(box: Rectangle, { colour, dashes }: CategoryStyle, line: number, size: Size): string {
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
