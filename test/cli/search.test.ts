import { copyFile, mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { openIndex, search } from '../../src/index.js';
import { searchableModel } from '../search/searchable-model.js';
import { writeTinyView } from '../session/view-model.js';
import { dicm, jsonLines, PHOTOS, type Result, type RunOptions, scratchFolder } from './run-cli.js';

const folder = scratchFolder();
const model = join(folder, 'models/tiny');
const NAMES = ['astronaut', 'chelsea', 'coffee', 'rocket'];
const env = { DICM_MODEL_PATH: join(folder, 'models') };
const run = (args: readonly string[], options: RunOptions = {}) =>
  dicm(['--backend', 'wasm', ...args], { cwd: folder, env, ...options });

/** Runs and expects success. */
async function good(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const result = await run(args, options);
  expect(result.exitCode, `${args.join(' ')}: ${result.stderr}`).toBe(0);
  return result;
}

/** Paths and vectors of an index. */
async function contentOf(path: string) {
  const index = await openIndex(join(folder, path));
  const hits = [...search(index, {})].map((hit) => ({
    ...hit,
    vector: [...index.vectorOf(index.fileAt(hit.path)!)],
  }));
  index.close();
  return hits.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Mean of 16 x 16 pixels of a picture. */
async function meanColour(name: string, left: number, top: number): Promise<number[]> {
  const part = sharp(join(folder, name)).extract({ left, top, width: 16, height: 16 });
  const pixels = await part.removeAlpha().raw().toBuffer();
  return [0, 1, 2].map((c) => pixels.reduce((sum, value, i) => (i % 3 === c ? sum + value : sum), 0) / 256);
}

beforeAll(async () => {
  await mkdir(join(folder, 'models'));
  await mkdir(join(folder, 'photos/deep'), { recursive: true });
  await searchableModel(model);
  for (const name of NAMES) {
    const place = join(folder, 'photos', name === 'rocket' ? 'deep' : '', `${name}.png`);
    const input = join(PHOTOS, name === 'rocket' ? 'rocket.jpg' : `${name}.png`);
    await sharp(input).resize(96).png().toFile(place);
  }
  await good(['encode', '-r', 'photos', '-o', 'coded', '-q', '60']);
});

describe('dicm index', () => {
  test('keeps what analyze says of every file, below its own folder', async () => {
    const result = await good(['index', '-r', 'coded', '-o', 'pictures.dicmdex', '--json']);
    const lines = jsonLines(result);
    expect(lines.map((line) => line.file)).toEqual([
      join('coded', 'astronaut.dicm'),
      join('coded', 'chelsea.dicm'),
      join('coded', 'coffee.dicm'),
      join('coded', 'deep', 'rocket.dicm'),
    ]);
    for (const line of lines) {
      expect(line).toMatchObject({
        schema: 'dicm.index/1',
        index: 'pictures.dicmdex',
        backend: 'wasm',
        model: 'tiny',
      });
    }
    const hits = await contentOf('pictures.dicmdex');
    expect(hits.map((hit) => hit.path)).toEqual([
      'coded/astronaut.dicm',
      'coded/chelsea.dicm',
      'coded/coffee.dicm',
      'coded/deep/rocket.dicm',
    ]);
    const said = jsonLines(await good(['analyze', 'all', 'coded/chelsea.dicm', '--json', '--top', '20']))[0]!;
    const [, chelsea] = hits;
    const predictions = (said.predictions as { label: string; score: number }[]).filter(
      ({ score }) => score >= 0.02,
    );
    expect(chelsea!.classes.map(({ label }) => label)).toEqual(predictions.map(({ label }) => label));
    expect(chelsea!.objects.length).toBe((said.detections as unknown[]).length);
    expect(chelsea).toMatchObject({ width: said.width, height: said.height, quality: expect.closeTo(60, 0) });
    expect(Math.max(...chelsea!.vector.map(Math.abs))).toBe(127);
  });

  test('leaves what is there alone, unless it is told', async () => {
    const before = await readFile(join(folder, 'pictures.dicmdex'));
    const again = await run(['index', '-r', 'coded', '-o', 'pictures.dicmdex']);
    expect(again.exitCode).toBe(5);
    expect(again.stderr).toContain('output-exists');
    expect((await readFile(join(folder, 'pictures.dicmdex'))).equals(before)).toBe(true);
    await good(['index', '-r', 'coded', '-o', 'pictures.dicmdex', '-f']);
  });

  test('--update does only what is new or changed, and removes what is gone', async () => {
    await good(['index', '-r', 'coded', '-o', 'updated.dicmdex']);
    const same = await good(['index', '-r', 'coded', '-o', 'updated.dicmdex', '--update', '--json']);
    expect(jsonLines(same).map((line) => line.schema)).toEqual(Array(4).fill('dicm.skipped/1'));
    // Written at another time with the same content: known by that.
    await utimes(join(folder, 'coded/astronaut.dicm'), 1e9, 1e9);
    await copyFile(join(folder, 'coded/astronaut.dicm'), join(folder, 'coded/new.dicm'));
    await copyFile(join(folder, 'coded/chelsea.dicm'), join(folder, 'coded/coffee.dicm'));
    await rename(join(folder, 'coded/deep/rocket.dicm'), join(folder, 'rocket.kept'));
    const changed = await good(['index', '-r', 'coded', '-o', 'updated.dicmdex', '--update', '--json']);
    const lines = jsonLines(changed).filter((line) => line.schema === 'dicm.index/1');
    expect(lines.map((line) => [line.file, 'classes' in line])).toEqual([
      [join('coded', 'astronaut.dicm'), false],
      [join('coded', 'coffee.dicm'), true],
      [join('coded', 'new.dicm'), true],
    ]);
    const hits = await contentOf('updated.dicmdex');
    expect(hits.map((hit) => hit.path)).toEqual([
      'coded/astronaut.dicm',
      'coded/chelsea.dicm',
      'coded/coffee.dicm',
      'coded/new.dicm',
    ]);
    expect(hits[2]!.vector).toEqual(hits[1]!.vector);
    const groups = jsonLines(
      await good(['search', 'updated.dicmdex', '--duplicates', '--within', '0', '--json']),
    );
    expect(groups.map((group) => (group.files as { file: string }[]).map(({ file }) => file).sort())).toEqual(
      [
        [join('coded', 'astronaut.dicm'), join('coded', 'new.dicm')],
        [join('coded', 'chelsea.dicm'), join('coded', 'coffee.dicm')],
      ],
    );
    await rename(join(folder, 'rocket.kept'), join(folder, 'coded/deep/rocket.dicm'));
    await rm(join(folder, 'coded/new.dicm'));
    await good(['encode', 'photos/coffee.png', '-o', 'coded/coffee.dicm', '-q', '60', '-f']);
  });

  test('is made of what workers found, as of the files themselves', { timeout: 300_000 }, async () => {
    await good(['run', 'add', 'index', '-r', 'coded', '--work', 'list']);
    await good(['run', 'add', 'analyze', '-r', 'coded', '--work', 'list', '--task', 'embed']);
    await good(['run', 'worker', '--work', 'list', '--jobs', '1']);
    const { stdout } = await good(['run', 'results', '--work', 'list']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(8);
    await writeFile(join(folder, 'results.jsonl'), stdout);
    await good(['index', '--results', 'results.jsonl', '-o', 'found.dicmdex']);
    await good(['index', '-r', 'coded', '-o', 'own.dicmdex']);
    expect(await contentOf('found.dicmdex')).toEqual(await contentOf('own.dicmdex'));
    // Known by their content: --update analyses nothing again.
    const updated = await good(['index', '-r', 'coded', '-o', 'found.dicmdex', '--update', '--json']);
    expect(jsonLines(updated).map((line) => [line.schema, 'classes' in line])).toEqual(
      Array(4).fill(['dicm.index/1', false]),
    );

    const elsewhere = stdout.replaceAll(join(folder, 'coded'), 's3://bucket/coded');
    await good(['index', '--results', '-', '-o', 'far.dicmdex'], { stdin: Buffer.from(elsewhere) });
    await good(['index', '-r', 'coded/deep', '-o', 'far.dicmdex', '--update']);
    const shown = jsonLines(await good(['search', 'far.dicmdex', '--where', 'width >= 1', '--json'])).map(
      ({ file }) => file,
    );
    expect(shown).toContain('s3://bucket/coded/deep/rocket.dicm');
    expect(shown).toContain(join('coded', 'deep', 'rocket.dicm'));
    expect(shown).toHaveLength(5);
  });

  test('says which line is no result, and what is missing', { timeout: 300_000 }, async () => {
    const refused = async (args: readonly string[], text: string) => {
      const result = await run(['index', '--results', '-', '-o', 'no.dicmdex', ...args], {
        stdin: Buffer.from(text),
      });
      return [result.exitCode, result.stderr];
    };
    const [line] = (await readFile(join(folder, 'results.jsonl'), 'utf8')).split('\n');
    const found = (await readFile(join(folder, 'results.jsonl'), 'utf8'))
      .split('\n')
      .find((text) => text.includes('dicm.indexed/1'))!;
    expect(line).toBeDefined();
    const cases: [string[], string, RegExp][] = [
      [[], `${found}\nnonsense\n`, /stdin, line 2 is no JSON.*bad-results/s],
      [[], found.replace(/"sha256":"../, '"sha256":"zz'), /stdin, line 1: sha256 is "zz.*bad-results/s],
      [[], '{"schema":"dicm.embed/1","file":"a.dicm"}\n', /dicm run add index.*bad-results/s],
      [['-f', '--min-object-score', '0.5'], found, /keeps scores from 0\.5 on.*index-scores/s],
      [['coded/chelsea.dicm'], found, /name no files.*option-needs-other/s],
    ];
    for (const [args, text, message] of cases) {
      const [exitCode, stderr] = await refused(args, text);
      expect(exitCode).not.toBe(0);
      expect(stderr).toMatch(message);
      await rm(join(folder, 'no.dicmdex'), { force: true });
    }
  });

  test('a damaged file costs itself only', async () => {
    const bytes = await readFile(join(folder, 'coded/chelsea.dicm'));
    bytes[60]! ^= 1;
    await mkdir(join(folder, 'mixed'));
    await writeFile(join(folder, 'mixed/damaged.dicm'), bytes);
    await copyFile(join(folder, 'coded/coffee.dicm'), join(folder, 'mixed/good.dicm'));
    const result = await run(['index', '-r', 'mixed', '-o', 'mixed.dicmdex', '--json']);
    expect(result.exitCode).toBe(1);
    expect(jsonLines(result).map((line) => line.schema)).toEqual(['dicm.error/1', 'dicm.index/1']);
    expect((await contentOf('mixed.dicmdex')).map((hit) => hit.path)).toEqual(['mixed/good.dicm']);
  });

  test('a run that was killed is gone on with, to the same index', async () => {
    const many = join(folder, 'many');
    await mkdir(many);
    for (let i = 0; i < 80; i++) {
      await copyFile(
        join(folder, `coded/${['astronaut', 'chelsea', 'coffee'][i % 3]}.dicm`),
        join(many, `${100 + i}.dicm`),
      );
    }
    await good(['index', '-r', 'many', '-o', 'whole.dicmdex']);
    const killed = await run(['index', '-r', 'many', '-o', 'killed.dicmdex', '--jobs', '1', '-v'], {
      onStart: (child) => {
        let said = '';
        child.stderr.on('data', (piece: Buffer) => {
          said += piece;
          // After the first transaction of 64 files, before the end.
          if (said.includes('166.dicm ->')) child.kill('SIGKILL');
        });
      },
    });
    expect(killed.exitCode).not.toBe(0);
    const half = await contentOf('killed.dicmdex');
    expect(half.length).toBe(64);
    await good(['index', '-r', 'many', '-o', 'killed.dicmdex', '--update']);
    expect(await contentOf('killed.dicmdex')).toEqual(await contentOf('whole.dicmdex'));
  });

  test.each([
    [['index', 'coded', '-o', 'x.dicmdex'], 'is-directory'],
    [['index', '-', '-o', 'x.dicmdex'], 'index-stdin'],
    [['index', '-r', 'coded', '-o', '-'], 'index-stdout'],
    [['index', '-r', 'coded', '-o', 'x.png'], 'output-kind'],
    [['index', '-r', 'coded', '-o', 'pictures.dicmdex', '--update', '-f'], 'conflictingOption'],
    [
      ['index', '-r', 'coded', '-o', 'pictures.dicmdex', '--update', '--min-class-score', '0.5'],
      'index-scores',
    ],
    [['index', '-r', 'coded'], 'missingMandatoryOptionValue'],
  ])('%j is refused', async (args, code) => {
    const result = await run([...args, '--json']);
    expect(result.exitCode).toBe(2);
    expect(jsonLines(result)[0]).toMatchObject({ schema: 'dicm.error/1', code });
  });

  test('a model without a projection, or with another one, is refused', async () => {
    const without = await dicm(['index', '-r', 'coded', '-o', 'none.dicmdex', '--json'], { cwd: folder });
    expect(without.exitCode).toBe(6);
    expect(jsonLines(without)[0]).toMatchObject({ code: 'no-projection' });
    await mkdir(join(folder, 'others'));
    const other = await searchableModel(join(folder, 'others/tiny'), 2);
    const options = ['--model', other, '--json'];
    const updated = await run(['index', '-r', 'coded', '-o', 'pictures.dicmdex', '--update', ...options]);
    expect(updated.exitCode).toBe(6);
    expect(jsonLines(updated)[0]).toMatchObject({ code: 'index-projection' });
    const like = await run(['search', 'pictures.dicmdex', '--like', 'photos/coffee.png', ...options]);
    expect(like.exitCode).toBe(6);
    expect(jsonLines(like)[0]).toMatchObject({ code: 'index-projection' });
  });
});

describe('dicm search', () => {
  beforeAll(() => good(['index', '-r', 'coded', '-o', 'pictures.dicmdex', '-f']));

  test('orders by distance, finds the same bytes first, and leaves a file of the index out of its own answers', async () => {
    const byPhoto = jsonLines(
      await good(['search', 'pictures.dicmdex', '--like', 'photos/coffee.png', '--json']),
    );
    expect(byPhoto.length).toBe(4);
    expect(byPhoto[0]).toMatchObject({ schema: 'dicm.search/1', classes: expect.anything() });
    const distances = byPhoto.map((line) => line.distance as number);
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
    const byFile = jsonLines(
      await good(['search', 'pictures.dicmdex', '--like', 'coded/coffee.dicm', '--json', '--top', '2']),
    );
    expect(byFile.length).toBe(2);
    expect(byFile.map((line) => line.file)).not.toContain(join('coded', 'coffee.dicm'));
    const copy = join(folder, 'elsewhere.dicm');
    await copyFile(join(folder, 'coded/coffee.dicm'), copy);
    const [first] = jsonLines(await good(['search', 'pictures.dicmdex', '--like', copy, '--json']));
    expect(first).toMatchObject({ file: join('coded', 'coffee.dicm') });
    expect(first!.distance).toBeLessThan(1e-6);
  });

  test('needs no model for what is in the index', async () => {
    const options = { env: { DICM_MODEL_PATH: join(folder, 'nowhere'), DICM_MODEL: 'none' } };
    await good(['search', 'pictures.dicmdex', '--like', 'coded/coffee.dicm'], options);
    await good(['search', 'pictures.dicmdex', '--where', 'width >= 1'], options);
  });

  test('queries, alone and with a picture, as table, JSON and paths', async () => {
    const where = 'width = 96 and path ~ "co" and not path ~ "rocket"';
    const table = await good(['search', 'pictures.dicmdex', '--where', where]);
    const rows = table.stdout.trimEnd().split('\n');
    expect(rows.length).toBe(4);
    expect(rows[0]).toMatch(/size +class +objects +file/);
    const json = jsonLines(
      await good(['search', 'pictures.dicmdex', '--where', where, '--top', '2', '--json']),
    );
    expect(json.map((line) => line.file)).toEqual([
      join('coded', 'astronaut.dicm'),
      join('coded', 'chelsea.dicm'),
    ]);
    expect(json[0]).not.toHaveProperty('distance');
    const both = await good([
      'search',
      'pictures.dicmdex',
      '--like',
      'photos/coffee.png',
      '--where',
      'path ~ "deep/"',
      '-0',
    ]);
    expect(both.stdout).toBe(`${join('coded', 'deep', 'rocket.dicm')}\0`);
    const none = await good(['search', 'pictures.dicmdex', '--where', 'width = 1']);
    expect(none.stdout).toBe('');
    expect(none.stderr).toContain('nothing found among 4 files');
  });

  test('what a query names is data', async () => {
    const where = `path ~ "'; DROP TABLE files; --" or class@1 ~ "1" or path = "' OR '1'='1"`;
    expect((await good(['search', 'pictures.dicmdex', '--where', where, '-0'])).stdout).toBe('');
    expect((await contentOf('pictures.dicmdex')).length).toBe(4);
  });

  test('a sheet shows photographs, and objects where there are none', async () => {
    await good([
      'search',
      'pictures.dicmdex',
      '--where',
      'width = 96',
      '--sheet',
      'sheet.png',
      '--on',
      'photos',
    ]);
    const { width, height } = await sharp(join(folder, 'sheet.png')).metadata();
    expect([width, height]).toEqual([12 + 4 * 236, 12 + 224 + 2 * 17 + 24]);
    // Chelsea's cell shows Chelsea.
    const cell = await meanColour('sheet.png', 12 + 236 + 64 + 40, 12 + 80 + 24);
    const own = await meanColour('photos/chelsea.png', 40, 24);
    for (const c of [0, 1, 2]) expect(Math.abs(cell[c]! - own[c]!)).toBeLessThan(8);
    const plain = await good(['search', 'pictures.dicmdex', '--where', 'width = 96', '--sheet', 'plain.png']);
    expect(plain.stderr).toContain('4 photographs were not found');
    const there = await run(['search', 'pictures.dicmdex', '--where', 'width = 96', '--sheet', 'plain.png']);
    expect(there.exitCode).toBe(5);
    await good(['search', 'pictures.dicmdex', '--duplicates', '--within', '1', '--sheet', 'plain.png', '-f']);
  });

  test('a sheet shows the pictures of view layers where there are no photographs', async () => {
    await writeTinyView(join(folder, 'models/view'));
    await good([
      'encode',
      'photos/chelsea.png',
      '-o',
      'viewed/',
      '--view',
      '-q',
      '60',
      '--view-quality',
      '90',
    ]);
    await good(['index', 'viewed/chelsea.dicm', '-o', 'viewed.dicmdex']);
    const search = ['search', 'viewed.dicmdex', '--where', 'width = 96', '--sheet', 'viewed.png', '-f'];
    const result = await good(search);
    expect(result.stderr).not.toContain('not found');
    const cell = await meanColour('viewed.png', 12 + 64 + 40, 12 + 80 + 24);
    const own = await meanColour('photos/chelsea.png', 40, 24);
    for (const c of [0, 1, 2]) expect(Math.abs(cell[c]! - own[c]!)).toBeLessThan(12);
    // Without their model there are the objects.
    await rm(join(folder, 'models/view'), { recursive: true });
    expect((await good(search)).stderr).toContain('1 photographs were not found');
  });

  test.each([
    [[], 2, 'option-needs-other'],
    [['--where', 'dogs = 1 and'], 2, 'bad-query'],
    [['--where', 'zebra'], 2, 'unknown-category'],
    [['--within', '0.1', '--where', 'width = 1'], 2, 'option-needs-other'],
    [['--on', 'photos', '--where', 'width = 1'], 2, 'option-needs-other'],
    [['--duplicates', '--like', 'photos/coffee.png'], 2, 'conflictingOption'],
    [['--duplicates', '-0'], 2, 'stdout-conflict'],
    [['--duplicates', '--sheet', '-'], 2, 'overlay-stdout'],
    [['--duplicates', '--sheet', 'x.jpg'], 2, 'output-kind'],
    [['--like', 'photos/none.png'], 3, 'file-missing'],
  ])('%j is refused', async (args, exitCode, code) => {
    const result = await run(['search', 'pictures.dicmdex', ...args, '--json']);
    expect(result.exitCode, result.stdout).toBe(exitCode);
    expect(jsonLines(result)[0]).toMatchObject({ schema: 'dicm.error/1', code });
  });

  test('what is no index is refused', async () => {
    const result = await run(['search', 'photos/coffee.png', '--where', 'dog', '--json']);
    expect(result.exitCode).toBe(3);
    expect(jsonLines(result)[0]).toMatchObject({ code: 'not-an-index' });
  });
});
