import type { Detection, SegmentedDetection } from '../index.js';
import type { CocoIds } from './coco-ids.js';
import type { Context } from './context.js';
import { writeOutput } from './write-output.js';

/** Results of a batch in the form that COCO's evaluation reads. */
export class CocoResults {
  readonly #ids: CocoIds;
  readonly #entries: string[] = [];
  readonly #unknown = new Set<string>();
  #files = 0;

  constructor(ids: CocoIds) {
    this.#ids = ids;
  }

  /** Adds what was found in one input. */
  add(path: string, detections: readonly (Detection | SegmentedDetection)[]): void {
    this.#files++;
    for (const detection of detections) {
      const categoryId = this.#ids.categoryOf(detection.label, detection.categoryId);
      if (categoryId === undefined) {
        this.#unknown.add(detection.label);
        continue;
      }
      const { x, y, width, height } = detection.box;
      const entry = {
        image_id: this.#ids.images.get(path)!,
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
    if (this.#unknown.size > 0) {
      const labels = [...this.#unknown].sort().join(', ');
      reporter.warn(`${path}: the data set has no category ${labels}; such objects were left out`);
    }
  }
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
