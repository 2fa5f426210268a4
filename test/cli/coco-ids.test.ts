import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { findCocoIds as find } from '../../src/cli/coco-ids.js';

const folder = mkdtempSync(join(tmpdir(), 'dicm-coco-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const input = (path: string, relative = path.split('/').at(-1)!) => ({ path, relative });

const findCocoIds = (inputs: Parameters<typeof find>[0], path: string | undefined, missing?: 'skip') =>
  find(inputs, { annotations: path, missing: missing ?? 'error' });

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
      ['a/000000397133.dicm', { id: 397133 }],
      ['b/5.dicm', { id: 5 }],
    ]);
    expect(categoryOf('person', 15)).toBe(15);
  });

  test('the extension of the source may have stayed', async () => {
    const { images } = await findCocoIds([input('000000000139.jpg.dicm')], undefined);
    expect([...images.values()]).toEqual([{ id: 139 }]);
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
    expect([...images.values()].map(({ id }) => id)).toEqual([7, 9, 10]);
  });

  test('the size that was annotated comes with the id, where it is one', async () => {
    const path = annotations('sizes.json', {
      images: [
        { id: 1, file_name: 'a.jpg', width: 64, height: 40 },
        { id: 2, file_name: 'b.jpg', width: '64', height: 40 },
        { id: 3, file_name: 'c.jpg', height: 40 },
      ],
    });
    const { images } = await findCocoIds([input('a.dicm'), input('b.dicm'), input('c.dicm')], path);
    expect([...images.values()]).toEqual([{ id: 1, size: { width: 64, height: 40 } }, { id: 2 }, { id: 3 }]);
  });

  test('with the extension of the source, images of one name are told apart', async () => {
    const path = annotations('pairs.json', {
      images: [
        { id: 1, file_name: 'x/a.jpg' },
        { id: 2, file_name: 'x/a.png' },
      ],
    });
    const kept = [input('out/x/a.jpg.dicm', 'x/a.jpg.dicm'), input('a.png.dicm')];
    expect([...(await findCocoIds(kept, path)).images.values()].map(({ id }) => id)).toEqual([1, 2]);
    await expect(findCocoIds([input('out/x/a.dicm', 'x/a.dicm')], path)).rejects.toMatchObject({
      code: 'coco-ambiguous-name',
    });
  });

  test.each([
    ['composed', 'M\u00fcller', 'Mu\u0308ller'],
    ['decomposed', 'Mu\u0308ller', 'M\u00fcller'],
  ])('a name with accents is found however it is written: %s in the list', async (_, listed, file) => {
    const path = annotations('accents.json', { images: [{ id: 7, file_name: `Cafe\u0301/${listed}.jpg` }] });
    const named = [input(`${file}.dicm`)];
    expect([...(await findCocoIds(named, path)).images.values()]).toEqual([{ id: 7 }]);
    const below = [input(`x/Caf\u00e9/${file}.dicm`, `Caf\u00e9/${file}.dicm`)];
    expect([...(await findCocoIds(below, path)).images.values()]).toEqual([{ id: 7 }]);
  });

  test('a byte order mark is read over', async () => {
    const path = annotations(
      'bom.json',
      `\ufeff${JSON.stringify({ images: [{ id: 7, file_name: 'x.jpg' }] })}`,
    );
    expect([...(await findCocoIds([input('x.dicm')], path)).images.values()]).toEqual([{ id: 7 }]);
  });

  test.skipIf(process.platform === 'win32').each([
    ['a pipe that nobody writes to', 'pipe.json', (path: string) => execFileSync('mkfifo', [path])],
    ['a device that never ends', 'zero.json', (path: string) => symlinkSync('/dev/zero', path)],
    ['a directory', 'folder.json', (path: string) => mkdirSync(path)],
  ])('%s is refused at once', async (_, name, make) => {
    const path = join(folder, name);
    make(path);
    await expect(findCocoIds([input('7.dicm')], path)).rejects.toMatchObject({
      ...{ code: 'bad-annotations', message: `${path} is no regular file` },
    });
  });

  test('its size is bounded, and compared before it is read', async () => {
    const options = { annotations: SET, missing: 'error' } as const;
    await expect(find([], { ...options, limits: { maxArrayBytes: 100 } })).rejects.toMatchObject({
      ...{ code: 'limit-exceeded', limit: 'maxArrayBytes', exitCode: 7 },
    });
    // No disk has that much in this file; it only claims to.
    const sparse = annotations('sparse.json', '');
    truncateSync(sparse, 2 ** 29);
    await expect(find([], { ...options, annotations: sparse })).rejects.toMatchObject({
      ...{ code: 'bad-annotations', message: expect.stringContaining('more than Node can hold as text') },
    });
    truncateSync(sparse, 2 ** 32);
    await expect(find([], { ...options, annotations: sparse })).rejects.toMatchObject({
      code: 'limit-exceeded',
    });
  });

  test('all inputs that are no images are named, of many the first ten', async () => {
    const inputs = [input('two.v1.dicm'), ...Array.from({ length: 12 }, (_, i) => input(`new-${i}.dicm`))];
    await expect(findCocoIds(inputs, SET)).rejects.toMatchObject({
      code: 'coco-no-id',
      message: expect.stringMatching(
        /^12 of 13 inputs have no image .*set\.json.*--coco-missing skip.*: new-0\.dicm, .*new-9\.dicm and 2 more$/,
      ),
    });
  });

  test('they are left out where that is asked for, unless none is left', async () => {
    const inputs = [input('new.dicm'), input('two.v1.dicm')];
    const { images, missing } = await findCocoIds(inputs, SET, 'skip');
    expect([missing, [...images.keys()]]).toEqual([['new.dicm'], ['two.v1.dicm']]);
    await expect(findCocoIds([input('new.dicm')], SET, 'skip')).rejects.toMatchObject({ code: 'coco-no-id' });
  });

  test('a name that 200,000 images share costs no more for each of them', async () => {
    // With work that grows with the square of it, as it once did, this takes twenty minutes.
    const images = Array.from({ length: 200_000 }, (_, i) => ({ id: i, file_name: `${i}/frame.jpg` }));
    const path = annotations('frames.json', { images });
    const below = [input('x/777/frame.dicm', '777/frame.dicm')];
    expect([...(await findCocoIds(below, path)).images.values()]).toEqual([{ id: 777 }]);
    await expect(findCocoIds([input('frame.dicm')], path)).rejects.toMatchObject({
      message:
        'frame.dicm may be any of 200000 images that share a name: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 199990 more',
    });
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
