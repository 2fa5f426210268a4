import sharp from 'sharp';
import { UsageError } from '../../../errors.js';
import { type CanvasSize, type OverlayContent, overlaySize, paintOverlay } from '../../../image/overlay.js';
import type { ImageInput } from '../../../image/picture.js';
import type { Limits } from '../../../limits.js';
import type { Detection, SegmentedDetection } from '../../../tasks/objects/describe-objects.js';
import { sampleMask } from '../../../tasks/objects/sample-mask.js';
import { loadPicture } from './load-picture.js';

/** What to draw detections on. */
export interface OverlayOptions {
  /** The source picture, or any size of it: a path, or bytes. A plain canvas unless given. */
  source?: ImageInput | undefined;
  /** Overrides of `defaultLimits`, for the source picture. */
  limits?: Partial<Limits> | undefined;
  /** Reads what can be read of a damaged source picture, instead of refusing it. */
  tolerateDamage?: boolean | undefined;
  /** Abandons the work between its steps. */
  signal?: AbortSignal | undefined;
}

/** What to draw, and on what. */
export interface Overlay extends OverlayContent, OverlayOptions {}

const CANVAS = '#e9ebee';

/** The work behind the library's `drawOverlay`. */
export async function drawOverlay(
  found: { width: number; height: number; detections: readonly (Detection | SegmentedDetection)[] },
  options: OverlayOptions = {},
): Promise<Uint8Array> {
  const objects = found.detections.map((detection) => ({
    label: `${detection.label} ${detection.score.toFixed(2)}`,
    categoryId: detection.categoryId,
    box: detection.box,
    sampleMask:
      'mask' in detection
        ? (width: number, height: number) => sampleMask(detection.mask, width, height)
        : undefined,
  }));
  return drawObjects({ width: found.width, height: found.height, objects, ...options });
}

/**
 * Draws boxes, masks and labels on the source picture or on a plain canvas.
 *
 * @returns A PNG file, sized by `overlaySize`.
 * @throws UsageError `overlay-source-size` when the picture is not the source; what `loadPicture` throws
 */
export async function drawObjects(overlay: Overlay): Promise<Uint8Array> {
  const size = overlaySize(overlay);
  const pixels = await canvasPixels(overlay, size);
  const svg = paintOverlay(pixels, overlay, size, overlay.signal);
  const png = await sharp(pixels, { raw: { ...size, channels: 3 } })
    .composite([{ input: Buffer.from(svg), top: 0, left: 0 }])
    .removeAlpha()
    .png()
    .toBuffer();
  return new Uint8Array(png);
}

/** Pixels to draw on, [height][width][3]. */
async function canvasPixels(overlay: Overlay, { width, height }: CanvasSize): Promise<Uint8Array> {
  const { source, limits, tolerateDamage, signal } = overlay;
  if (source === undefined) {
    const canvas = sharp({ create: { width, height, channels: 3, background: CANVAS } });
    return new Uint8Array(await canvas.raw().toBuffer());
  }
  const picture = await loadPicture(source, {
    maxSide: Math.max(width, height),
    ...{ limits, tolerateDamage, signal },
  });
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
