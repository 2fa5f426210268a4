import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDetector } from '../../../src/bench/detectors/open-detector.js';
import type { Picture } from '../../../src/image/picture.js';
import { letterbox } from '../../../src/platform/node/pictures/letterbox.js';
import { COCO_CATEGORIES } from '../../../src/tasks/objects/category-lists.js';
import { writeDetector } from './write-detector.js';

const folder = mkdtempSync(join(tmpdir(), 'dicm-detector-'));
const [cat, person] = [COCO_CATEGORIES.indexOf('cat'), COCO_CATEGORIES.indexOf('person')];
const categories = [
  { id: 7, name: 'Cat' },
  { id: 9, name: 'unicorn' },
];

/** A picture of one colour, coded at 16 x 8 of a photograph of 160 x 80. */
function picture(colour: readonly [number, number, number]): Picture {
  const data = new Uint8Array(16 * 8 * 3);
  for (let i = 0; i < 16 * 8; i++) data.set(colour, 3 * i);
  return { width: 16, height: 8, sourceWidth: 160, sourceHeight: 80, data, orientation: 1, notes: [] };
}

describe('a picture in a frame', () => {
  test('keeps its proportions in the left upper corner, and grey is around it', async () => {
    const { data, scale } = await letterbox(picture([250, 10, 20]), { width: 32, height: 32 }, 114);
    expect(scale).toBe(2);
    const at = (x: number, y: number) => [...data.subarray(3 * (32 * y + x), 3 * (32 * y + x) + 3)];
    expect(at(0, 0)).toEqual([250, 10, 20]);
    expect(at(31, 15)).toEqual([250, 10, 20]);
    expect(at(0, 16)).toEqual([114, 114, 114]);
    expect(at(31, 31)).toEqual([114, 114, 114]);
  });
});

describe('a detector', () => {
  const path = writeDetector(join(folder, 'nano.onnx'), [
    // Stride 8, row 0, column 1: 8 x 8 pixels of the frame around (12, 4).
    { position: 1, box: [0.5, 0.5, 0, 0], category: cat, score: 1 },
    { position: 2, box: [0.5, 0.5, 0, 0], category: person, score: 1 },
  ]);

  test('gets blue first, and its boxes come in pixels of the photograph', async () => {
    const detector = await openDetector(path, categories, {});
    expect(detector.name).toBe('nano');
    const { detections } = await detector.analyze(picture([0, 0, 255]), {});
    // Half of the frame is blue and half grey; persons are no category of the data set.
    const score = (255 + 114) / 2 / 255;
    expect(detections).toHaveLength(1);
    expect(detections![0]).toMatchObject({ categoryId: 7, box: { x: 40, y: 0, width: 40, height: 40 } });
    expect(detections![0]!.score).toBeCloseTo(score, 2);
    const red = await detector.analyze(picture([255, 0, 0]), {});
    expect(red.detections![0]!.score).toBeCloseTo(114 / 2 / 255, 2);
    await detector.dispose();
  });

  test('is another one for other categories', async () => {
    const ids = new Set<string>();
    for (const list of [categories, categories.slice(1)]) {
      const detector = await openDetector(path, list, {});
      ids.add(detector.id);
      await detector.dispose();
    }
    expect(ids.size).toBe(2);
  });

  test.each([
    [
      'another layout',
      writeDetector(join(folder, 'other.onnx'), [], 25),
      /not in the layout of YOLOX: .*\[1, 21, 25\]/,
    ],
    ['no network', join(folder, 'text.onnx'), /onnxruntime refused .*text\.onnx/],
    ['no file', join(folder, 'nowhere.onnx'), /nowhere\.onnx cannot be read/],
  ])('%s is refused', async (_, file, message) => {
    writeFileSync(join(folder, 'text.onnx'), 'no network');
    await expect(openDetector(file, categories, {})).rejects.toMatchObject({
      code: 'bad-detector',
      message: expect.stringMatching(message),
    });
  });
});
