import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type BenchOptions,
  benchmark,
  decodeMask,
  openCodec,
  type SegmentedDetection,
} from '../../src/index.js';
import { encodeMask } from '../../src/tasks/objects/run-length-mask.js';
import { TINY_MODEL } from '../session/helpers.js';
import { fakePrograms } from './fake-programs.js';
import { scratchFolder } from './labelled-folder.js';

/** Stored as 64 x 40 pixels, to be turned by a quarter to the right. */
const PHOTO = join(import.meta.dirname, '../../fixtures/cases/lists/exif-6.jpg');

const nothing = fakePrograms({});

/** What the uncompressed network finds in the upright photograph. */
async function findObjects(): Promise<SegmentedDetection[]> {
  const codec = await openCodec({ model: TINY_MODEL, backend: 'wasm' });
  const detect = { minScore: 0.05, maxDetections: 100 };
  const { width, height, detections } = await codec.analyzePixels(PHOTO, { tasks: ['segment'], detect });
  await codec.dispose();
  expect([width, height]).toEqual([40, 64]);
  return detections as SegmentedDetection[];
}

/** The same in stored pixels: upright (X, Y) is stored at (Y, 40 - X). */
function stored({ box, mask, categoryId }: SegmentedDetection) {
  const upright = decodeMask(mask);
  const data = new Uint8Array(64 * 40);
  for (let y = 0; y < 40; y++) for (let x = 0; x < 64; x++) data[64 * y + x] = upright.data[40 * x + 39 - y]!;
  return {
    category_id: categoryId,
    bbox: [box.y, 40 - box.x - box.width, box.height, box.width],
    segmentation: encodeMask({ width: 64, height: 40, data }),
  };
}

/** A data set of which an object is annotated wherever the network finds one. */
async function dataset(size: { width: number; height: number }): Promise<string> {
  const folder = join(scratchFolder(), 'set');
  mkdirSync(folder);
  const objects = (await findObjects())
    .map(stored)
    .filter(({ segmentation }) => segmentation.counts.length > 3);
  expect(objects.length).toBeGreaterThan(0);
  const images = ['turned.jpg', 'again.jpg'].map((file_name, id) => ({ id, file_name, ...size }));
  for (const { file_name } of images) copyFileSync(PHOTO, join(folder, file_name));
  const annotations = images.flatMap(({ id: image_id }) =>
    objects.map((object) => ({ ...object, image_id, iscrowd: 0 })),
  );
  const ids = [...new Set(objects.map(({ category_id }) => category_id))];
  const content = {
    images,
    annotations: annotations.map((annotation, id) => ({ id, ...annotation })),
    categories: ids.map((id) => ({ id, name: `category ${id}` })),
  };
  writeFileSync(join(folder, 'set.json'), JSON.stringify(content));
  return join(folder, 'set.json');
}

const options = {
  ...{ cache: scratchFolder(), model: TINY_MODEL, backend: 'wasm', codecs: ['jpeg'] },
  ...{ settings: { jpeg: [90] }, timedImages: 0, anchor: 'jpeg', searchPath: nothing },
} satisfies Partial<BenchOptions>;

test('annotations of stored pixels are turned with the photograph, and it is said', async () => {
  const notes: string[] = [];
  const onNote = (note: string) => notes.push(note);
  const path = await dataset({ width: 64, height: 40 });
  const { report } = await benchmark({ ...options, task: 'segment', dataset: path, onNote });
  // Every object is where the network found it; in the wrong frame next to none would be.
  expect(report.uncompressed.scores).toMatchObject({ maskAp: 1, boxAp: 1 });
  expect(report.dataset.turned).toEqual(['again.jpg', 'turned.jpg']);
  expect(notes).toContainEqual(expect.stringContaining('2 photographs are annotated as they are stored'));
  // From the cache, too.
  const { report: again } = await benchmark({ ...options, task: 'detect', dataset: path });
  expect(again.uncompressed.scores).toMatchObject({ ap: 1 });
  expect(again.dataset.turned).toEqual(['again.jpg', 'turned.jpg']);
});

test('a photograph of another size than the one that was annotated is left out by name', async () => {
  const set = {
    images: [{ id: 1, file_name: 'other.jpg', width: 128, height: 80 }],
    annotations: [],
    categories: [{ id: 3, name: 'category 3' }],
  };
  const folder = scratchFolder();
  copyFileSync(PHOTO, join(folder, 'other.jpg'));
  writeFileSync(join(folder, 'set.json'), JSON.stringify(set));
  const notes: string[] = [];
  const onNote = (note: string) => notes.push(note);
  const run = benchmark({ ...options, task: 'detect', dataset: join(folder, 'set.json'), onNote });
  await expect(run).rejects.toMatchObject({ code: 'empty-dataset' });
  expect(notes).toContainEqual(
    expect.stringContaining('other.jpg has 40 x 64 pixels, annotated as 128 x 80'),
  );
});
