import type { ImageInput } from '../image/image-input.js';
import type { Limits } from '../limits.js';
import type { Detection, SegmentedDetection } from '../tasks/objects/describe-objects.js';

/** What to draw detections on. */
export interface OverlayOptions {
  /** The source picture, or any size of it: a path, or bytes. A plain canvas unless given. */
  source?: ImageInput | undefined;
  /** Overrides of `defaultLimits`, for the source picture. */
  limits?: Partial<Limits> | undefined;
  /** Abandons the work between its steps. */
  signal?: AbortSignal | undefined;
}

/**
 * Draws boxes, masks where there are any, and labels as a PNG: on the source picture, or on a plain canvas of its
 * size. Needs no fonts. Colours go with the category id and can be told apart by people with colour blindness.
 *
 * @param found - Answer of `detect`, `segment` or `analyze`: size of the source in pixels, and what is in it.
 * @returns A PNG file, its longer side from 512 to 2048 pixels.
 * @throws UsageError `overlay-source-size` when the picture is not the source; ImageError, LimitError
 */
export async function drawOverlay(
  found: { width: number; height: number; detections: readonly (Detection | SegmentedDetection)[] },
  options: OverlayOptions = {},
): Promise<Uint8Array> {
  const [{ drawOverlay: draw }, { sampleMask }] = await Promise.all([
    import('../image/draw-overlay.js'),
    import('../tasks/objects/sample-mask.js'),
  ]);
  const objects = found.detections.map((detection) => ({
    label: `${detection.label} ${detection.score.toFixed(2)}`,
    categoryId: detection.categoryId,
    box: detection.box,
    sampleMask:
      'mask' in detection
        ? (width: number, height: number) => sampleMask(detection.mask, width, height)
        : undefined,
  }));
  return draw({ width: found.width, height: found.height, objects, ...options });
}
