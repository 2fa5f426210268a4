import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseClassNames } from '../../src/model/class-names.js';
import { parseManifest } from '../../src/model/manifest.js';

const text = readFileSync(new URL('../../fixtures/models/tiny/manifest.json', import.meta.url), 'utf8');

test('parses the tiny model', () => {
  const manifest = parseManifest(text, 'manifest.json');
  expect(manifest.name).toBe('tiny');
  expect(manifest.architecture).toEqual({
    latentChannels: 32,
    hyperChannels: 16,
    tileSize: 512,
    qualityLevels: 8,
    classes: 1000,
  });
  expect(manifest.decodeId).toMatch(/^[0-9a-f]{64}$/);
});

test('detection is optional', () => {
  const { detection } = parseManifest(text, 'm');
  expect(detection).toMatchObject({ maskChannels: 8 });
  expect(detection!.categories[0]).toEqual({ id: 1, name: 'category 1' });
  const { detection: _, ...plain } = JSON.parse(text);
  expect(parseManifest(JSON.stringify(plain), 'm')).not.toHaveProperty('detection');
});

test('ignores fields it does not know', () => {
  expect(parseManifest(JSON.stringify({ ...JSON.parse(text), later: 1 }), 'm').name).toBe('tiny');
});

describe('refuses', () => {
  /** Paths into the manifest with a value that must not be there; undefined removes. */
  const edits: [path: string, value: unknown][] = [
    ['schema', 'dicm.model/2'],
    ['name', 'two words'],
    ['profile', 'other'],
    ['decodeId', '0'.repeat(63)],
    ['renderId', 'F'.repeat(64)],
    ['weights', []],
    ['weights[0].file', '../secret'],
    ['weights[0].bytes', '870828'],
    ['weights[0].sha256', undefined],
    ['classes', '/etc/passwd'],
    ['architecture', null],
    ['architecture.latentChannels', 0],
    ['architecture.tileSize', 512.5],
    ['detection', 'yes'],
    ['detection.categories', []],
    ['detection.categories[0].id', 'one'],
    ['detection.categories[2].name', undefined],
    ['detection.maskChannels', 0],
    ['licence', undefined],
    ['figures', []],
  ];
  test.each(edits)('a manifest whose %s is %j, and names the field', (path, value) => {
    const manifest: Record<string, unknown> = JSON.parse(text);
    const keys = path.split(/[.[\]]+/).filter((key) => key !== '');
    const last = keys.pop()!;
    const parent = keys.reduce((object, key) => object[key] as Record<string, unknown>, manifest);
    parent[last] = value;
    const parse = () => parseManifest(JSON.stringify(manifest), 'there/manifest.json');
    expect(parse).toThrow(expect.objectContaining({ name: 'ModelError', code: 'bad-manifest' }));
    expect(parse).toThrow('there/manifest.json');
    expect(parse).toThrow(path);
  });

  test('a decode path whose file is not among the weights', () => {
    const path = { decodeId: 'a'.repeat(64), prefix: 'decode-a.', file: 'other.safetensors' };
    const parse = () =>
      parseManifest(JSON.stringify({ ...JSON.parse(text), earlierDecodePaths: [path] }), 'm');
    expect(parse).toThrow('earlierDecodePaths');
  });

  test('two categories with one id', () => {
    const manifest = JSON.parse(text);
    manifest.detection.categories[1].id = 1;
    const parse = () => parseManifest(JSON.stringify(manifest), 'm');
    expect(parse).toThrow('detection.categories');
  });

  test.each(['', '{', 'null', '[]', '"text"'])('%j', (bad) => {
    expect(() => parseManifest(bad, 'm')).toThrow(expect.objectContaining({ code: 'bad-manifest' }));
  });
});

describe('class names', () => {
  const names = [
    { index: 0, wnid: 'n01', label: 'cat' },
    { index: 1, wnid: 'n02', label: 'dog' },
  ];
  test('are parsed', () => {
    expect(parseClassNames(JSON.stringify(names), 2, 'classes.json')).toEqual(names);
  });
  test.each([
    ['too few', JSON.stringify(names.slice(1))],
    ['another order', JSON.stringify([...names].reverse())],
    ['no label', JSON.stringify([names[0], { index: 1, wnid: 'n02' }])],
    ['null', JSON.stringify([names[0], null])],
    ['no list', '{"length":2}'],
    ['no JSON', '['],
  ])('with %s are refused', (_what, bad) => {
    expect(() => parseClassNames(bad, 2, 'c')).toThrow(expect.objectContaining({ code: 'bad-classes' }));
  });
});
