import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCodecs } from '../../src/bench/codecs/find-codecs.js';
import { main } from '../../src/cli/main.js';
import { compressPixels } from '../../src/platform/node/pictures/classic-codecs.js';
import { loadPicture } from '../../src/platform/node/pictures/load-picture.js';
import { makeStudy } from '../../src/study/make-study.js';
import type { Study, StudySite } from '../../src/study/study-format.js';
import { drawnPicture } from '../bench/drawn-picture.js';
import { fakeTerminal } from '../cli/fake-terminal.js';
import { writeTinyView } from '../session/view-model.js';

let folder: string;
const pictures: string[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dicm-study-'));
  for (let seed = 0; seed < 2; seed++) {
    pictures.push(join(folder, `drawn-${seed}.png`));
    writeFileSync(pictures[seed]!, await compressPixels(drawnPicture(120, 90, seed)));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Makes a study in memory. */
async function make(options: Partial<Parameters<typeof makeStudy>[0]> = {}) {
  const files = new Map<string, Uint8Array>();
  const notes: string[] = [];
  const made = await makeStudy({
    ...{ pictures, codecs: ['jpeg', 'webp', 'avif'], bpp: [1, 2], searchPath: '' },
    write: async (path, content) => {
      files.set(path, content);
    },
    onNote: (note) => notes.push(note),
    ...options,
  });
  const page = new TextDecoder().decode(files.get('site/index.html'));
  return { ...made, files, notes, page, site: siteOf(page) };
}

function siteOf(page: string): StudySite {
  return JSON.parse(/<script id="study" type="application\/json">(.*?)<\/script>/s.exec(page)![1]!);
}

const load = (source: string | Uint8Array) => loadPicture(source, { maxSide: 'none' });

describe('a study', () => {
  let made: Awaited<ReturnType<typeof make>>;
  beforeAll(async () => {
    made = await make();
  }, 120_000);

  test('compares every pair of codecs at matched bytes, or says why not', () => {
    const { study, notes } = made;
    expect(study.comparisons.length + study.leftOut.length).toBe(2 * 2 * 3);
    expect(study.comparisons.length).toBeGreaterThan(6);
    for (const { files, codecs, bpp, picture, mismatch } of study.comparisons) {
      const [a, b] = files.map((file) => study.files[file]!);
      expect([a!.codec, b!.codec]).toEqual(codecs);
      expect([a!.picture, b!.picture]).toEqual([picture, picture]);
      const [small, large] = [a!.bytes!, b!.bytes!].sort((x, y) => x - y) as [number, number];
      expect((large - small) / small).toBeLessThanOrEqual(0.01);
      expect(mismatch).toBe((large - small) / small);
      for (const bytes of [small, large])
        expect(Math.abs((8 * bytes) / (120 * 90) / bpp - 1)).toBeLessThan(0.12);
    }
    expect(notes.filter((note) => note.startsWith('left out'))).toHaveLength(study.leftOut.length);
  });

  test('has pictures that are what the codecs rebuild, to the pixel', async () => {
    const { study, files } = made;
    const { found } = await findCodecs('', ['jpeg', 'webp', 'avif']);
    const { files: compared, picture, codecs } = study.comparisons[0]!;
    const original = await load(pictures[picture]!);
    const shown = await load(files.get(`site/pictures/${study.pictures[picture]!.file}.png`)!);
    expect(shown.data).toEqual(original.data);
    for (const [i, file] of compared.entries()) {
      const codec = found.find(({ id }) => id === codecs[i])!;
      const { setting, bytes } = study.files[file]!;
      const coded = await codec.encode(original, setting!, {});
      expect(coded.bytes.length).toBe(bytes);
      const rebuilt = await codec.decode(coded.bytes, original, {});
      expect((await load(files.get(`site/pictures/${file}.png`)!)).data).toEqual(rebuilt.data);
    }
  });

  test('has a page that knows no codec, no source and no check', () => {
    const { study, page, files } = made;
    for (const word of ['jpeg', 'webp', 'avif', 'drawn', 'obvious', 'identical', 'bpp']) {
      expect(page).not.toContain(word);
    }
    for (const name of files.keys()) {
      expect(name).toMatch(
        /^(study\.json|site\/(pictures\/[0-9a-f]{16}\.png|index\.html|icon\.svg|licences\.md|study\.(js|css)))$/,
      );
    }
    expect([...files.keys()].at(-1)).toBe('study.json');
    expect(JSON.parse(new TextDecoder().decode(files.get('study.json')))).toEqual(study);
  });

  test('has trials on the page whose pictures are all there, in no telling order', () => {
    const { site, files, study } = made;
    const trials = [...site.comparisons, ...site.checks];
    for (const { original, files: shown } of trials) {
      for (const file of [original, ...shown]) expect(files.has(`site/pictures/${file}.png`)).toBe(true);
    }
    // The codec that was named first comes first in study.json; nothing here tells which that is.
    for (const { files: shown } of trials) expect(shown).toEqual([...shown].sort());
    expect(site).not.toHaveProperty('seed');
    expect(site.id).toBe(study.id);
    expect(new Set(trials.map(({ trial }) => trial)).size).toBe(trials.length);
    const groups = new Set(study.comparisons.map(({ codecs, bpp }) => `${codecs} ${bpp}`));
    expect(new Set(site.comparisons.map(({ group }) => group)).size).toBe(groups.size);
    const ofChecks = study.checks.map(({ trial }) => Number(trial.slice(1)));
    expect(ofChecks).not.toEqual([...ofChecks].sort((a, b) => a - b));
  });

  test('has checks: originals beside versions far from them, and versions beside themselves', async () => {
    const { study } = made;
    const obvious = study.checks.filter(({ kind }) => kind === 'obvious');
    const identical = study.checks.filter(({ kind }) => kind === 'identical');
    expect([obvious.length, identical.length]).toEqual([8, 4]);
    for (const { files, picture } of obvious) {
      expect(files[0]).toBe(study.pictures[picture]!.file);
      expect(study.files[files[1]]).toMatchObject({ codec: 'jpeg', setting: 5, picture });
    }
    for (const { files } of identical) {
      expect(files[0]).toBe(files[1]);
      expect(study.comparisons.some((one) => one.files.includes(files[0]))).toBe(true);
    }
  });

  test('is the same for the same seed, and has other names for another', async () => {
    const again = await make();
    expect(again.study).toEqual(made.study);
    expect([...again.files.keys()].sort()).toEqual([...made.files.keys()].sort());
    const other = await make({ seed: 2 });
    expect(other.study.id).not.toBe(made.study.id);
    const names = new Set(Object.keys(made.study.files));
    expect(Object.keys(other.study.files).filter((name) => names.has(name))).toEqual([]);
  }, 240_000);
});

test("dicm's view layer takes part, at the bytes of the other", async () => {
  await writeTinyView(join(folder, 'view'));
  const model = join(folder, 'view');
  const { study } = await make({ codecs: ['view', 'jpeg'], bpp: [1.5], model, backend: 'wasm' });
  expect(study.codecs.map(({ id }) => id)).toEqual(['dicm-view', 'jpeg']);
  expect(study.comparisons.length).toBeGreaterThan(0);
  for (const { files, mismatch } of study.comparisons) {
    expect(study.files[files[0]]!.codec).toBe('dicm-view');
    expect(mismatch).toBeLessThanOrEqual(0.01);
  }
});

describe('what a study is told', () => {
  const quick = { codecs: ['jpeg', 'webp'], bpp: [1.5] };

  test('text stays text, and results go where they should', async () => {
    const { page, site } = await make({
      ...quick,
      consent: 'By </script><script>alert(1)</script>.\n\n  \n\nAsk ann@uni.example $& $1.\r\n\r\nThird.\n',
      post: 'https://uni.example/study/in?key=1',
    });
    expect(site.consent).toEqual([
      'By </script><script>alert(1)</script>.',
      'Ask ann@uni.example $& $1.',
      'Third.',
    ]);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(site.post).toBe('https://uni.example/study/in?key=1');
    expect(page).toContain('connect-src https://uni.example;');
  });

  test('without an address the page may send nothing; a relative one is its own host', async () => {
    const silent = await make(quick);
    expect(silent.page).toContain("connect-src 'none';");
    expect(silent.site.consent.join()).toContain('nobody gets it unless you give it to them');
    const own = await make({ ...quick, post: 'results' });
    expect(own.page).toContain("connect-src 'self';");
    expect(own.site.consent.join()).toContain('they are sent to whoever asked you');
  });

  test('how many comparisons a rater has', async () => {
    expect((await make({ ...quick, comparisonsPerRater: 1 })).study.comparisonsPerRater).toBe(1);
    const { study } = await make(quick);
    expect(study.comparisonsPerRater).toBe(study.comparisons.length);
  });

  test('pictures that cannot be read are left out and named', async () => {
    const broken = join(folder, 'broken.png');
    writeFileSync(broken, 'no picture');
    const { study, unreadable } = await make({ ...quick, pictures: [broken, ...pictures] });
    expect(study.pictures.map(({ name }) => name)).toEqual(['drawn-0.png', 'drawn-1.png']);
    expect(new Set(Object.values(study.files).map(({ picture }) => picture))).toEqual(new Set([0, 1]));
    expect(unreadable).toEqual([{ picture: broken, message: expect.stringContaining(broken) }]);
  });

  test.each([
    ['no picture', { pictures: [] }, 'bad-study', /at least one picture/],
    [
      'one codec',
      { codecs: ['jpeg'] },
      'bad-study',
      /at least two codecs, and of those asked for there is JPEG/,
    ],
    ['a codec that is none', { codecs: ['jpeg', 'gif'] }, 'unknown-codec', /no codec gif/],
    ['codecs that are not there', { codecs: ['jpeg', 'hevc'] }, 'bad-study', /at least two/],
    ['a rate of nothing', { bpp: [0] }, 'bad-target', /above 0, not 0/],
    [
      'a rate that no file has',
      { bpp: [100] },
      'bad-study',
      /nothing to compare: .* has no file within 10 %/,
    ],
    ['no comparisons', { comparisonsPerRater: 0 }, 'bad-study', /at least 1, not 0/],
    ['half a seed', { seed: 0.5 }, 'bad-study', /whole number as seed/],
    ['an address that is none', { post: 'mailto:ann@uni.example' }, 'bad-study', /http or https/],
    ['an empty consent text', { consent: ' \n' }, 'bad-study', /consent text is empty/],
    ['an option that is none', { codec: 'jpeg' }, 'unknown-option', /codecs may be meant/],
  ])('%s is refused', async (_, options, code, message) => {
    await expect(make({ ...quick, ...options })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});

test('dicm study make writes the site and, beside it, what is which', async () => {
  const output = join(folder, 'study');
  const args = [
    'study',
    'make',
    ...pictures,
    '-o',
    output,
    '--codecs',
    'jpeg,webp',
    '--bpp',
    '1.5',
    '--trials',
    '2',
  ];
  const terminal = fakeTerminal();
  expect(await main(args, terminal)).toBe(0);
  expect(readdirSync(output).sort()).toEqual(['site', 'study.json']);
  const study = JSON.parse(readFileSync(join(output, 'study.json'), 'utf8')) as Study;
  expect(terminal.written.stdout).toContain(`study ${study.id}: 2 pictures, jpeg, webp; `);
  expect(terminal.written.stderr).toContain(`written: ${join(output, 'site')}`);
  expect(siteOf(readFileSync(join(output, 'site/index.html'), 'utf8')).comparisonsPerRater).toBe(
    study.comparisonsPerRater,
  );
  const again = fakeTerminal();
  expect(await main(args, again)).toBe(5);
  expect(again.written.stderr).toContain('study.json exists already; -f overwrites it');
  const json = fakeTerminal();
  expect(await main([...args, '-f', '--json'], json)).toBe(0);
  expect(JSON.parse(json.written.stdout)).toEqual(study);
  const consent = fakeTerminal();
  expect(await main([...args, '-f', '--consent', join(folder, 'none.txt')], consent)).toBe(3);
  expect(consent.written.stderr).toContain('none.txt: no such file');
});
