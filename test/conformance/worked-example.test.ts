import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { workedExample } from '../../scripts/worked-example.js';
import { readInfo } from '../../src/container/read-info.js';
import { writeDicm } from '../../src/container/write-dicm.js';
import { layeredFile, sampleFile } from '../container/samples.js';

const ROOT = new URL('../../', import.meta.url);
const PAGES = ['worked-example.md', 'worked-example-layers.md'];

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(new URL(`format-spec/v1/${page}`, ROOT), 'utf8');
  const name = /<!-- file: (\S+) -->/.exec(text)?.[1] ?? 'missing';

  test('is what its file says', () => {
    const bytes = new Uint8Array(readFileSync(new URL(name, ROOT)));
    expect(workedExample(name, bytes, readInfo(bytes))).toBe(text);
  });

  test('links to sections that exist', () => {
    const spec = readFileSync(new URL('format-spec/v1/dicm-v1.md', ROOT), 'utf8');
    const anchors = [...spec.matchAll(/^##+ (.+)$/gm)].map((match) =>
      match[1]!
        .toLowerCase()
        .replace(/[^a-z0-9 ]/g, '')
        .replaceAll(' ', '-'),
    );
    const linked = [...text.matchAll(/dicm-v1\.md#([\w-]+)/g)].map((match) => match[1]!);
    expect(linked.length).toBeGreaterThan(8);
    for (const anchor of linked) expect(anchors).toContain(anchor);
  });
});

test('the arithmetic of the page agrees with the reader for other files', () => {
  const files = [
    sampleFile({
      width: 1,
      height: 4096,
      sourceWidth: 1,
      sourceHeight: 4096,
      orientation: 8,
      qualityPosition: 2047,
    }),
    sampleFile({ width: 4097, height: 3, sourceWidth: 65536, sourceHeight: 48, profile: 'perceptual' }, 130),
    { ...sampleFile(), ancillary: [{ tag: 3, name: 'exif', data: new Uint8Array(16384) }] },
    layeredFile(),
    layeredFile({}, { width: 224, height: 160, qualityPosition: 2047 }),
    layeredFile({}, { width: 1, height: 4097 }, 200),
  ];
  for (const file of files) {
    const bytes = writeDicm(file);
    const { header } = file;
    const page = workedExample('x.dicm', bytes, readInfo(bytes));
    expect(page).toContain(`${header.width} by ${header.height} pixels`);
    expect(page).toContain(`| ${header.qualityPosition} | quality position`);
    expect(page).toContain(`| orientation ${header.orientation} |`);
    expect(page).toContain(`${header.profile} profile`);
    for (const tile of file.tiles)
      expect(page).toContain(`the integer check and ${tile.bytes.length} the payload`);
    for (const section of file.ancillary) expect(page).toContain(`= ${section.data.length} bytes.`);
    for (const { width, height, qualityPosition, tiles } of file.layers ?? []) {
      if (width !== header.width) expect(page).toContain(`${width} by ${height} pixels`);
      expect(page).toContain(`| ${qualityPosition} | quality position`);
      const bytesEach = tiles[0]!.bytes.length;
      expect(page.match(new RegExp(`integer check and ${bytesEach} the payload`, 'g'))).toHaveLength(
        tiles.length,
      );
    }
    if (header.sourceWidth !== header.width) expect(page).toContain(`= ${header.sourceHeight} pixels`);
  }
});
