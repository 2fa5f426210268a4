import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { chooseImages } from '../../src/bench/datasets/dataset.js';
import { matchCategories } from '../../src/bench/datasets/match-categories.js';
import { readDataset } from '../../src/bench/datasets/read-dataset.js';
import { wrapPixels } from '../../src/platform/node/pictures/classic-codecs.js';
import { loadGreyMap } from '../../src/platform/node/pictures/load-grey-map.js';
import { labelledFolder, scratchFolder } from './labelled-folder.js';

const classes = new Map([
  ['n01', 0],
  ['n02', 7],
]);

describe('a folder of classes', () => {
  test('gives its images with class indexes, and names the others', async () => {
    const folder = await labelledFolder(['n01', 'n02', 'n99'], 2);
    writeFileSync(join(folder, 'loose.jpg'), 'x');
    writeFileSync(join(folder, 'notes.txt'), 'x');
    const { images, leftOut } = await readDataset(folder, 'classify', classes);
    expect(images.map(({ name, label }) => [name, label])).toEqual([
      ['n01/0.png', 0],
      ['n01/1.png', 0],
      ['n02/0.png', 7],
      ['n02/1.png', 7],
    ]);
    expect(leftOut).toEqual([
      { image: 'loose.jpg', code: 'unlabelled', message: 'not in a folder named after a class' },
      { image: 'n99/0.png', code: 'unlabelled', message: 'the model has no class n99' },
      { image: 'n99/1.png', code: 'unlabelled', message: 'the model has no class n99' },
    ]);
  });
});

describe('a list of path,wnid', () => {
  const list = async (text: string) => {
    const folder = await labelledFolder(['n01'], 2);
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'sub', 'list.csv'), text);
    return readDataset(join(folder, 'sub', 'list.csv'), 'classify', classes);
  };

  test('has paths relative to itself; missing, unknown and repeated images are named', async () => {
    const rows = [
      '../n01/0.png,n01',
      '"../n01/1.png",n02',
      '../n01/9.png,n01',
      '../n01/0.png,n02',
      'x.png,n3',
    ];
    const { images, leftOut } = await list(`path,wnid\r\n${rows.join('\r\n')}\r\n`);
    expect(images.map(({ name, label }) => [name, label])).toEqual([
      ['../n01/0.png', 0],
      ['../n01/1.png', 7],
    ]);
    expect(leftOut.map(({ image, code }) => [image, code])).toEqual([
      ['../n01/9.png', 'missing'],
      ['../n01/0.png', 'duplicate'],
      ['x.png', 'unlabelled'],
    ]);
  });

  test.each([
    ['composed', 'Mu\u0308ller', 'M\u00fcller'],
    ['decomposed', 'M\u00fcller', 'Mu\u0308ller'],
  ])('a name with accents is found however it is written: %s in the list', async (_, onDisk, listed) => {
    const folder = scratchFolder();
    mkdirSync(join(folder, `Fotos ${onDisk}`));
    writeFileSync(join(folder, `Fotos ${onDisk}`, `${onDisk}.jpg`), 'x');
    const rows = [
      `Fotos ${listed}/${listed}.jpg,n01`,
      `Fotos ${onDisk}/${onDisk}.jpg,n02`,
      `${listed}.jpg,n01`,
    ];
    writeFileSync(join(folder, 'list.csv'), `\ufeffpath,wnid\n${rows.join('\n')}\n`);
    const { images, leftOut } = await readDataset(join(folder, 'list.csv'), 'classify', classes);
    // The photograph that both rows name is there once.
    expect(images).toEqual([
      {
        name: `Fotos ${listed}/${listed}.jpg`,
        path: join(folder, `Fotos ${onDisk}`, `${onDisk}.jpg`),
        label: 0,
      },
    ]);
    expect(leftOut.map(({ code }) => code)).toEqual(['duplicate', 'missing']);
  });

  test('a file that is called exactly so is preferred', async () => {
    const folder = scratchFolder();
    for (const name of ['M\u00fc.jpg', 'Mu\u0308.jpg']) writeFileSync(join(folder, name), 'x');
    writeFileSync(join(folder, 'list.csv'), 'path,wnid\nM\u00fc.jpg,n01\nMu\u0308.jpg,n02\n');
    const { images } = await readDataset(join(folder, 'list.csv'), 'classify', classes);
    expect(images.map(({ path }) => path)).toEqual(
      ['M\u00fc.jpg', 'Mu\u0308.jpg'].map((name) => join(folder, name)),
    );
  });

  test.each([
    ['without header', 'a.png,n01\n', 'bad-dataset'],
    ['without images', 'path,wnid\na.png,n01\n', 'empty-dataset'],
  ])('%s is refused', async (_, text, code) => {
    await expect(list(text)).rejects.toMatchObject({ code });
  });
});

describe('instances', () => {
  const instances = {
    images: [
      { id: 5, file_name: 'a.png', instance_map: 'a-map.png', width: 4, height: 2 },
      { id: 6, file_name: 'gone.png', width: 4, height: 2 },
    ],
    annotations: [
      { id: 1, image_id: 5, category_id: 1, bbox: [0, 0, 2, 2], iscrowd: 0, instance: 1, mask: 'exact' },
      { id: 2, image_id: 5, category_id: 2, bbox: [1, 0, 3, 2], iscrowd: 1 },
    ],
    categories: [
      { id: 1, name: 'cat' },
      { id: 2, name: 'dog' },
    ],
  };
  const written = async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'set.json'), JSON.stringify(instances));
    const data = new Uint8Array(24);
    writeFileSync(join(folder, 'a.png'), await wrapPixels({ width: 4, height: 2, data }));
    const map = Buffer.from([1, 1, 0, 255, 1, 1, 0, 0]);
    // A map of colours is none.
    await expect(loadGreyMap(join(folder, 'a.png'))).rejects.toMatchObject({ code: 'not-a-map' });
    await sharp(map, { raw: { width: 4, height: 2, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toFile(join(folder, 'a-map.png'));
    expect([...(await loadGreyMap(join(folder, 'a-map.png'))).data]).toEqual([...map]);
    return join(folder, 'set.json');
  };

  test('give boxes, and masks from the instance map for segmentation', async () => {
    const path = await written();
    const { images, leftOut, categories } = await readDataset(path, 'segment', classes);
    expect(images.map(({ name }) => name)).toEqual(['a.png']);
    expect(leftOut.map(({ image, code }) => [image, code])).toEqual([['gone.png', 'missing']]);
    expect(categories).toEqual(instances.categories);
    const truth = await images[0]!.objects!();
    expect(truth.boxes.map(({ categoryId, isCrowd }) => [categoryId, isCrowd])).toEqual([
      [1, false],
      [2, true],
    ]);
    expect(truth.masks!.truth).toHaveLength(2);
    expect(truth.masks!.unknown).toMatchObject({ size: [2, 4] });
    const boxesOnly = await readDataset(path, 'detect', classes);
    expect((await boxesOnly.images[0]!.objects!()).masks).toBeUndefined();
  });

  test.each([
    ['composed', 'e\u0301te\u0301', '\u00e9t\u00e9'],
    ['decomposed', '\u00e9t\u00e9', 'e\u0301te\u0301'],
  ])('with a byte order mark, and names with accents that are %s in the list', async (_, onDisk, listed) => {
    const path = await written();
    const folder = dirname(path);
    renameSync(join(folder, 'a.png'), join(folder, `${onDisk}.png`));
    renameSync(join(folder, 'a-map.png'), join(folder, `${onDisk}-map.png`));
    const [image] = instances.images;
    const respelt = { ...image, file_name: `${listed}.png`, instance_map: `${listed}-map.png` };
    writeFileSync(path, `\ufeff${JSON.stringify({ ...instances, images: [respelt, instances.images[1]] })}`);
    const { images, leftOut } = await readDataset(path, 'segment', classes);
    expect(images.map((one) => [one.name, one.path])).toEqual([
      [`${listed}.png`, join(folder, `${onDisk}.png`)],
    ]);
    expect(leftOut.map(({ code }) => code)).toEqual(['missing']);
    expect((await images[0]!.objects!()).masks!.truth).toHaveLength(2);
  });

  test('are compared in the categories that the model knows', async () => {
    const dataset = await readDataset(await written(), 'detect', classes);
    const notes: string[] = [];
    const note = (text: string) => notes.push(text);
    const { categories, images } = matchCategories(dataset, [{ id: 18, name: 'dog' }], note);
    expect(categories).toEqual([{ id: 18, name: 'dog' }]);
    const truth = await Promise.all(images.map((image) => image.objects!()));
    const ids = truth.flatMap(({ boxes }) => boxes.map(({ categoryId }) => categoryId));
    expect(new Set(ids)).toEqual(new Set([18]));
    const before = await Promise.all(dataset.images.map((image) => image.objects!()));
    const dogs = before.flatMap(({ boxes }) => boxes.filter(({ categoryId }) => categoryId === 2));
    expect(ids).toHaveLength(dogs.length);
    expect(notes).toEqual(['categories the model does not know are left out: cat']);
    const both = [
      { id: 1, name: 'cat' },
      { id: 2, name: 'dog' },
    ];
    expect(matchCategories(dataset, both, note, ['dog']).categories).toEqual([{ id: 2, name: 'dog' }]);
    expect(() => matchCategories(dataset, both, note, ['dog', 'cow'])).toThrow(
      'no category cow in set.json; there are: cat, dog',
    );
    expect(() => matchCategories({ ...dataset, categories: undefined }, both, note, ['dog'])).toThrow(
      'classes',
    );
    const vehicles = { ...dataset, categories: [{ id: 1, name: 'motorbike' }] };
    expect(
      matchCategories(vehicles, [{ id: 4, name: 'motorcycle' }], note, ['motorcycle']).categories,
    ).toEqual([{ id: 4, name: 'motorbike' }]);
    expect(() => matchCategories(dataset, [{ id: 1, name: 'horse' }], note)).toThrow('no category');
  });
});

test.each([
  ['classify', 'x.json'],
  ['detect', 'x.csv'],
  ['segment', '.'],
] as const)('%s of another kind of data set, %s, is refused', async (task, name) => {
  const folder = scratchFolder();
  if (name !== '.') writeFileSync(join(folder, name), '');
  await expect(readDataset(join(folder, name), task, classes)).rejects.toMatchObject({ code: 'bad-dataset' });
  await expect(readDataset(join(folder, 'no'), task, classes)).rejects.toMatchObject({ code: 'bad-dataset' });
});

describe('a list is a regular file, bounded, and can be given up', () => {
  test.skipIf(process.platform === 'win32').each([
    ['classify', 'list.csv'],
    ['detect', 'set.json'],
  ] as const)('%s from a pipe that nobody writes to is refused at once', async (task, name) => {
    const path = join(scratchFolder(), name);
    execFileSync('mkfifo', [path]);
    await expect(readDataset(path, task, classes)).rejects.toMatchObject({
      ...{ code: 'bad-dataset', message: `${path} is no regular file` },
    });
  });

  test.skipIf(process.platform === 'win32')('an instance map that is a pipe', async () => {
    const folder = scratchFolder();
    execFileSync('mkfifo', [join(folder, 'map.png')]);
    writeFileSync(join(folder, 'a.png'), 'x');
    const image = { id: 1, file_name: 'a.png', instance_map: 'map.png', width: 4, height: 2 };
    const set = { images: [image], annotations: [], categories: [] };
    writeFileSync(join(folder, 'set.json'), JSON.stringify(set));
    const { images } = await readDataset(join(folder, 'set.json'), 'segment', classes);
    await expect(images[0]!.objects!()).rejects.toMatchObject({ code: 'file-missing' });
  });

  test('a limit is compared before anything is read', async () => {
    const path = join(scratchFolder(), 'list.csv');
    writeFileSync(path, 'path,wnid\n');
    await expect(
      readDataset(path, 'classify', classes, { limits: { maxArrayBytes: 9 } }),
    ).rejects.toMatchObject({ code: 'limit-exceeded', limit: 'maxArrayBytes', actual: 10 });
  });

  test('an interruption ends the reading with its reason', async () => {
    const path = join(scratchFolder(), 'set.json');
    writeFileSync(path, '{}');
    const controller = new AbortController();
    const reading = readDataset(path, 'detect', classes, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
  });
});

describe('drawing images', () => {
  const list = Array.from({ length: 50 }, (_, i) => i);

  test('gives the same ones for the same seed, in their order', () => {
    const drawn = chooseImages(list, 10, 3);
    expect(drawn).toHaveLength(10);
    expect(drawn).toEqual([...drawn].sort((a, b) => a - b));
    expect(new Set(drawn).size).toBe(10);
    expect(chooseImages(list, 10, 3)).toEqual(drawn);
    expect(chooseImages(list, 10, 4)).not.toEqual(drawn);
  });

  test('takes all when there are not more', () => {
    expect(chooseImages(list, 50, 1)).toEqual(list);
    expect(chooseImages(list, Infinity, 1)).toEqual(list);
  });
});
