import {
  annotationFrame,
  type Detection,
  type SegmentedDetection,
  toStoredFrame,
  UsageError,
} from '../index.js';
import type { CocoIds } from './coco-ids.js';
import type { Context } from './context.js';
import { formatSize, nameSome } from './format.js';
import { writeOutput } from './write-output.js';

/** Objects of one input. */
export interface FoundObjects {
  /** Path of the input. */
  readonly file: string;
  /** Size of the photograph after orientation, in pixels. */
  readonly width: number;
  readonly height: number;
  /** The Exif orientation that was applied. */
  readonly orientation: number;
  readonly detections?: readonly (Detection | SegmentedDetection)[] | undefined;
}

/** Results of a batch in the form that COCO's evaluation reads. */
export class CocoResults {
  readonly #ids: CocoIds;
  readonly #annotations: string | undefined;
  readonly #entries: string[] = [];
  readonly #unknown = new Set<string>();
  readonly #turned: string[] = [];
  #files = 0;

  /** @param annotations - Path of the file that the ids are from, for messages. */
  constructor(ids: CocoIds, annotations?: string) {
    this.#ids = ids;
    this.#annotations = annotations;
  }

  /**
   * Checks, before it is added, that what was found in one input can be brought into the frame of its annotations.
   *
   * @throws UsageError `coco-frame` for a photograph of another size than the one that was annotated
   */
  check(found: FoundObjects): void {
    this.#frameOf(found);
  }

  /** Adds what was found in one input. @throws UsageError `coco-frame` */
  add(found: FoundObjects): void {
    const { file, detections = [] } = found;
    const isStored = this.#frameOf(found) === 'stored';
    this.#files++;
    if (isStored) this.#turned.push(file);
    for (const detection of isStored ? toStoredFrame(detections, found) : detections) {
      const categoryId = this.#ids.categoryOf(detection.label, detection.categoryId);
      if (categoryId === undefined) {
        this.#unknown.add(detection.label);
        continue;
      }
      const { x, y, width, height } = detection.box;
      const entry = {
        image_id: this.#ids.images.get(file)!.id,
        category_id: categoryId,
        bbox: [x, y, width, height].map((value) => round(value, 3)),
        score: round(detection.score, 6),
        ...('mask' in detection ? { segmentation: detection.mask } : {}),
      };
      this.#entries.push(JSON.stringify(entry));
    }
  }

  /** Writes the file, unless no input could be analysed, and says what is not in it. @throws OutputError */
  async write(path: string, { reporter, signal }: Context, force: boolean): Promise<void> {
    if (this.#files === 0) return;
    const lines = this.#entries.map((entry) => `\n${entry}`).join(',');
    await writeOutput(path, Buffer.from(`[${lines}\n]\n`), { force, signal });
    reporter.say(`${this.#entries.length} results -> ${path}`);
    const total = this.#ids.images.size;
    if (this.#files < total)
      reporter.warn(`${path}: ${total - this.#files} of ${total} images are not in it`);
    if (this.#turned.length > 0) {
      reporter.warn(
        `${path}: ${this.#turned.length} of ${this.#files} photographs are annotated as they are stored, not as Exif ` +
          `turns them; their objects were turned back: ${nameSome(this.#turned)}`,
      );
    }
    if (this.#unknown.size > 0) {
      const labels = [...this.#unknown].sort().join(', ');
      reporter.warn(`${path}: the data set has no category ${labels}; such objects were left out`);
    }
  }

  #frameOf(found: FoundObjects): 'upright' | 'stored' {
    const { file, width, height, orientation } = found;
    const size = this.#ids.images.get(file)?.size;
    const frame = size === undefined ? 'upright' : annotationFrame(size, found);
    if (frame !== undefined) return frame;
    const isSwapped = size!.width === height && size!.height === width;
    const why = isSwapped
      ? `, and Exif (orientation ${orientation}) does not say which way it was turned`
      : '';
    throw new UsageError(
      'coco-frame',
      `${file} is of a photograph of ${formatSize(width, height)} pixels, annotated in ${this.#annotations} as ` +
        `${formatSize(size!.width, size!.height)}${why}`,
    );
  }
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
