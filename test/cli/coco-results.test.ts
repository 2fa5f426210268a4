import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { findCocoIds } from '../../src/cli/coco-results.js';

const folder = mkdtempSync(join(tmpdir(), 'dicm-coco-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const input = (path: string, relative = path.split('/').at(-1)!) => ({ path, relative });

/** Writes annotations and returns their path. */
function annotations(name: string, value: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

const SET = annotations('set.json', {
  images: [
    { id: 7, file_name: 'cats/one.jpg' },
    { id: 8, file_name: 'dogs/one.jpg' },
    { id: 9, file_name: 'two.v1.png' },
    { id: 10, file_name: 'cats/42.jpg' },
  ],
  categories: [
    { id: 3, name: 'airplane' },
    { id: 5, name: 'Potted Plant' },
    { id: 6, name: 'person' },
  ],
});

describe('without annotations', () => {
  test('names are ids', async () => {
    const { images, categoryOf } = await findCocoIds(
      [input('a/000000397133.dicm'), input('b/5.dicm')],
      undefined,
    );
    expect([...images]).toEqual([
      ['a/000000397133.dicm', 397133],
      ['b/5.dicm', 5],
    ]);
    expect(categoryOf('person', 15)).toBe(15);
  });

  test.each([
    ['a name that is no number', ['cat.dicm'], 'coco-no-id'],
    ['a number with more to it', ['12-b.dicm'], 'coco-no-id'],
    ['a number beyond what JSON holds', ['90071992547409930.dicm'], 'coco-no-id'],
    ['stdin', ['-'], 'coco-no-id'],
    ['two files of one id', ['12.dicm', 'b/012.dicm'], 'coco-same-id'],
    ['one file twice', ['12.dicm', '12.dicm'], 'coco-same-id'],
  ])('%s', async (_, paths, code) => {
    await expect(
      findCocoIds(
        paths.map((path) => input(path)),
        undefined,
      ),
    ).rejects.toMatchObject({
      code,
      exitCode: 2,
    });
  });
});

describe('with annotations', () => {
  test('files are found by path, or by a name that only one has', async () => {
    const { images } = await findCocoIds(
      [input('out/cats/one.dicm', 'cats/one.dicm'), input('x/two.v1.dicm'), input('42.dicm')],
      SET,
    );
    expect([...images.values()]).toEqual([7, 9, 10]);
  });

  test('categories are found by name', async () => {
    const { categoryOf } = await findCocoIds([], SET);
    expect(['aeroplane', 'pottedplant', 'person', 'sofa'].map((name) => categoryOf(name, 1))).toEqual([
      3,
      5,
      6,
      undefined,
    ]);
  });

  test('categories keep their ids where the annotations name none', async () => {
    const path = annotations('bare.json', { images: [] });
    expect((await findCocoIds([], path)).categoryOf('sofa', 18)).toBe(18);
  });

  test.each([
    ['a name that two share', input('one.dicm'), 'coco-ambiguous-name'],
    ['a name that none has', input('three.dicm'), 'coco-no-id'],
    ['an id is not a name here', input('7.dicm'), 'coco-no-id'],
    ['stdin', input('-'), 'coco-no-id'],
  ])('%s', async (_, file, code) => {
    await expect(findCocoIds([file], SET)).rejects.toMatchObject({ code, exitCode: 2 });
  });

  test.each([
    ['missing', join(folder, 'missing.json'), 'file-missing'],
    ['no JSON', annotations('text.json', 'images'), 'bad-annotations'],
    ['a results file', annotations('list.json', [{ image_id: 3 }]), 'bad-annotations'],
    ['nothing', annotations('null.json', 'null'), 'bad-annotations'],
    [
      'ids that are text',
      annotations('text-ids.json', { images: [{ id: '7', file_name: 'a.jpg' }] }),
      'bad-annotations',
    ],
    ['names missing', annotations('no-names.json', { images: [{ id: 7 }] }), 'bad-annotations'],
    ['entries that are null', annotations('holes.json', { images: [null] }), 'bad-annotations'],
  ])('%s', async (_, path, code) => {
    await expect(findCocoIds([], path)).rejects.toMatchObject({ code, exitCode: 3 });
  });
});
