import { assignStyles, type SegmentedDetection, sampleMask } from 'dicm/browser';

/** How much of a mask's colour covers the photograph. */
const OPACITY = 0.4;
/** Longest side of the canvas, in pixels: masks are smooth, and screens not larger. */
const MOST_SIDE = 1024;

/** An object in the colours that it is shown in. */
export interface StyledObject {
  readonly detection: SegmentedDetection;
  readonly colour: readonly [number, number, number];
  readonly isDashed: boolean;
}

/** Gives objects their colours: the same as overlays of the command line have. */
export function styleObjects(detections: readonly SegmentedDetection[]): StyledObject[] {
  const styles = assignStyles(detections.map(({ categoryId }) => categoryId));
  return detections.map((detection) => {
    const { colour, dashes } = styles.get(detection.categoryId)!;
    return { detection, colour, isDashed: dashes.length > 0 };
  });
}

/** Paints the pixels of objects, the best on top, with their outlines. */
export function paintMasks(
  canvas: HTMLCanvasElement,
  objects: readonly StyledObject[],
  source: { readonly width: number; readonly height: number },
): void {
  const scale = Math.min(1, MOST_SIDE / Math.max(source.width, source.height));
  canvas.width = Math.max(1, Math.round(source.width * scale));
  canvas.height = Math.max(1, Math.round(source.height * scale));
  const pixels = new ImageData(canvas.width, canvas.height);
  for (const { detection, colour } of [...objects].reverse()) {
    paintMask(pixels, sampleMask(detection.mask, canvas.width, canvas.height), colour);
  }
  canvas.getContext('2d')!.putImageData(pixels, 0, 0);
}

function paintMask({ data, width, height }: ImageData, mask: Uint8Array, colour: readonly number[]): void {
  const isObject = (x: number, y: number) =>
    x >= 0 && x < width && y >= 0 && y < height && mask[y * width + x] === 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!isObject(x, y)) continue;
      const isEdge = !isObject(x - 1, y) || !isObject(x + 1, y) || !isObject(x, y - 1) || !isObject(x, y + 1);
      data.set([...colour, 255 * (isEdge ? 1 : OPACITY)], 4 * (y * width + x));
    }
  }
}
