import { describe, expect, test } from 'vitest';
import { parseInstances } from '../../src/evaluation/instances.js';
import { decodeMask } from '../../src/tasks/objects/run-length-mask.js';

const image = { id: 7, file_name: 'a/b.jpg', width: 4, height: 3 };
const object = { id: 1, image_id: 7, category_id: 2, bbox: [0.5, 1, 2, 1.5], iscrowd: 0, area: 3 };
const category = { id: 2, name: 'cat', supercategory: 'animal' };

/** Annotations with some fields of the one object, image or category replaced. */
function text(changes: { object?: object; image?: object; category?: object; root?: object } = {}): string {
  return JSON.stringify({
    images: [{ ...image, ...changes.image }],
    annotations: [{ ...object, ...changes.object }],
    categories: [{ ...category, ...changes.category }],
    ...changes.root,
  });
}

test('reads pictures, objects and categories', () => {
  const full = text({
    image: { instance_map: 'a-instances/b.png' },
    object: { instance: 3, mask: 'ambiguous' },
    root: { info: {} },
  });
  const { images, categories, objects } = parseInstances(full);
  expect(images).toEqual([
    { id: 7, fileName: 'a/b.jpg', width: 4, height: 3, instanceMap: 'a-instances/b.png' },
  ]);
  expect(categories).toEqual([{ id: 2, name: 'cat' }]);
  expect(objects.get(7)).toEqual([
    {
      id: 1,
      imageId: 7,
      categoryId: 2,
      box: { x: 0.5, y: 1, width: 2, height: 1.5 },
      isCrowd: false,
      instance: 3,
      maskQuality: 'ambiguous',
      segmentation: undefined,
    },
  ]);
});

test('a picture without objects has an empty list; null stands for a missing map', () => {
  const { images, objects } = parseInstances(
    text({ image: { instance_map: null }, root: { annotations: [] } }),
  );
  expect(images[0]!.instanceMap).toBeUndefined();
  expect(objects.get(7)).toEqual([]);
});

describe('run lengths', () => {
  test.each([
    ['as a list', [4, 2, 6]],
    ['as text', '426'],
  ])('%s', (_name, counts) => {
    const { objects } = parseInstances(
      text({ object: { iscrowd: 1, segmentation: { size: [3, 4], counts } } }),
    );
    const [read] = objects.get(7)!;
    expect(read!.isCrowd).toBe(true);
    expect([...decodeMask(read!.segmentation!).data]).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0]);
  });

  test('an empty list of polygons is no mask', () => {
    expect(
      parseInstances(text({ object: { segmentation: [] } })).objects.get(7)![0]!.segmentation,
    ).toBeUndefined();
  });
});

describe('refused, with the place:', () => {
  test.each([
    ['{', 'the annotations are not JSON'],
    ['[]', 'the file is no object'],
    [text({ root: { images: undefined } }), 'images is no list'],
    [text({ root: { annotations: {} } }), 'annotations is no list'],
    [text({ root: { categories: [1] } }), 'categories[0] is no object'],
    [text({ image: { id: '7' } }), 'images[0].id is no whole number'],
    [text({ image: { width: 0 } }), 'images[0].width is 0, below 1'],
    [text({ image: { file_name: 1 } }), 'images[0].file_name is no name'],
    [text({ image: { instance_map: 1 } }), 'images[0].instance_map is no name'],
    [text({ category: { name: '' } }), 'categories[0].name is no name'],
    [text({ object: { image_id: 8 } }), 'annotations[0].image_id is 8, which no image has'],
    [text({ object: { category_id: 3 } }), 'annotations[0].category_id is 3, which no category has'],
    [text({ object: { bbox: [1, 2, 3] } }), 'annotations[0].bbox is not four numbers'],
    [text({ object: { bbox: [1, 2, -3, 4] } }), 'annotations[0].bbox has the size -3x4'],
    [text({ object: { iscrowd: 2 } }), 'annotations[0].iscrowd is neither 0 nor 1'],
    [text({ object: { mask: 'good' } }), 'annotations[0].mask is none of exact, ambiguous, none'],
    [text({ object: { instance: 255 } }), 'annotations[0].instance is above 254'],
    [text({ object: { instance: 0 } }), 'annotations[0].instance is 0, below 1'],
    [
      text({ object: { segmentation: [[0, 0, 1, 1, 2, 0]] } }),
      'annotations[0].segmentation is a list of polygons',
    ],
    [text({ object: { segmentation: { size: [3] } } }), 'annotations[0].segmentation.size is not'],
    [text({ object: { segmentation: { size: [3, 4] } } }), 'segmentation.counts is neither text nor a list'],
    [text({ object: { segmentation: { size: [3, 4], counts: '4' } } }), 'its runs hold 4 pixels'],
    [text({ object: { segmentation: { size: [4, 3], counts: [12] } } }), 'has the size 4x3, its image 3x4'],
    [text({ root: { images: [image, image] } }), 'images[1].id is 7, which another one has'],
    [text({ root: { annotations: [object, object] } }), 'annotations[1].id is 1, which another one has'],
  ])('%s', (annotations, message) => {
    expect(() => parseInstances(annotations)).toThrow(expect.objectContaining({ code: 'bad-instances' }));
    expect(() => parseInstances(annotations)).toThrow(message);
  });
});
