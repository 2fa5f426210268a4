import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readSources } from '../../scripts/check-layers.js';
import { conformanceFiles } from '../../scripts/make-conformance.js';
import {
  addDigest,
  checkDigest,
  cutPrefix,
  type DicmHeader,
  openPrefix,
  readDicm,
  readInfo,
  type TilePayload,
  writeDicm,
} from '../../src/container/index.js';
import { integerCheck } from '../../src/container/integer-check.js';
import { positionToQuality } from '../../src/container/quality.js';
import { DicmError, FormatError, LimitError } from '../../src/errors.js';
import type { Limits } from '../../src/limits.js';
import { sha256 } from '../../src/platform/node/sha256.js';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');
const ROOT = fileURLToPath(new URL('../../fixtures/conformance/', import.meta.url));
const SPEC = readFileSync(new URL('../../format-spec/v1/dicm-v1.md', import.meta.url), 'utf8');

interface Expectation {
  error?: string;
  code?: string;
  exit?: number;
  offset?: number;
  section?: string;
  says?: string;
  limit?: keyof Limits;
  limits?: Partial<Limits>;
  refines?: string;
  header: object;
  tiles: { payload: string; check: number }[];
  ancillary: { tag: number; data: string }[];
  layers?: ({ tiles: { payload: string; check: number }[]; ancillaryBefore: number } & object)[];
  prefixCheck?: boolean;
  quality?: number;
  rewrites?: boolean;
  /** That there is a digest, which is right. */
  digest?: 'holds';
  /** What a comparison of the digest gives, where reading alone opens the file. */
  verify?: Omit<Expectation, 'prefix' | 'verify'>;
  /** What reading as a prefix gives, where reading as a whole is refused. */
  prefix?: Omit<Expectation, 'prefix' | 'verify'> & { prefixBytes?: number };
}

interface Case {
  path: string;
  musts: string[];
  expect: Expectation;
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function refusalOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

function shown(tiles: readonly TilePayload[]) {
  return tiles.map(({ bytes, check }) => ({ payload: hexOf(bytes), check }));
}

function checkRefusal(error: unknown, expected: Omit<Expectation, 'prefix' | 'verify'>): void {
  expect(error).toBeInstanceOf(DicmError);
  const refusal = error as DicmError;
  expect(refusal).toMatchObject({ name: expected.error, code: expected.code, exitCode: expected.exit });
  if (expected.says !== undefined) expect(refusal.message).toContain(expected.says);
  if (expected.limit !== undefined) expect((error as LimitError).limit).toBe(expected.limit);
  if (error instanceof FormatError) {
    // A damage report always carries its evidence.
    expect(error.offset).toBeTypeOf('number');
    expect(error.section).toBeTypeOf('string');
    if (expected.offset !== undefined) expect(error.offset).toBe(expected.offset);
    if (expected.section !== undefined) expect(error.section).toBe(expected.section);
  }
}

function digestTitle({ digest, verify }: Expectation): string {
  if (verify !== undefined) return 'has a digest that does not hold';
  return digest === undefined ? 'has no digest' : 'has a digest that holds';
}

const { cases } = readJson('cases.json') as { cases: Case[] };

test('the committed files are what the generator writes, no more and no fewer', () => {
  const expected = conformanceFiles();
  const found = ['valid', 'invalid', 'limits', 'prefixes', 'digests', 'regressions'].flatMap((folder) =>
    readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`),
  );
  const written = [...expected.keys()].filter((path) => path.endsWith('.dicm'));
  expect(found.sort()).toEqual(written.sort());
  for (const [path, bytes] of expected) {
    expect(
      readFileSync(join(ROOT, path)).equals(bytes),
      `${path} is stale: node scripts/make-conformance.js`,
    ).toBe(true);
  }
});

describe.each(cases)('$path', ({ path, expect: expected }) => {
  const bytes = new Uint8Array(readFileSync(join(ROOT, path)));

  if (expected.code === undefined) {
    test('opens as what it is', () => {
      const file = readDicm(bytes);
      expect(file.header).toEqual(expected.header);
      expect(shown(file.tiles)).toEqual(expected.tiles);
      const layers = (file.layers ?? []).map(({ tiles, ancillaryBefore = 0, ...layer }) => ({
        ...layer,
        tiles: shown(tiles),
        ancillaryBefore,
      }));
      expect(layers).toEqual(expected.layers ?? []);
      expect(file.prefixCheck).toBe(expected.prefixCheck);
      expect(file.ancillary.map(({ tag, data }) => ({ tag, data: hexOf(data) }))).toEqual(expected.ancillary);
      if (expected.quality !== undefined) {
        expect(positionToQuality(file.header.qualityPosition)).toBe(expected.quality);
      }
    });

    test(
      expected.rewrites === false ? 'is rewritten without its unused bits' : 'is rewritten byte for byte',
      () => {
        const file = readDicm(bytes);
        const again = writeDicm(file);
        if (expected.rewrites === false) expect(readDicm(again)).toEqual(file);
        expect(hexOf(again) === hexOf(bytes)).toBe(expected.rewrites !== false);
      },
    );

    test('has a first layer that can be read as a prefix', () => {
      const { file, prefixBytes, provedBy } = openPrefix(bytes);
      const { header, tiles } = readDicm(bytes);
      expect(file).toEqual({ header, tiles, ancillary: [] });
      expect(provedBy).toBe(expected.prefixCheck === true ? 'prefix-check' : 'file-checksum');
      expect(prefixBytes).toBe(readInfo(bytes).prefixBytes ?? bytes.length);
    });

    test(digestTitle(expected), async () => {
      const { ancillary, header } = expected as { ancillary: Expectation['ancillary']; header: DicmHeader };
      const last = header.versionMinor === 0 ? undefined : ancillary.find(({ tag }) => tag === 6)?.data;
      expect(readInfo(bytes).digest).toBe(last);
      const compared = checkDigest(bytes, sha256);
      if (expected.verify !== undefined)
        checkRefusal(await compared.catch((error) => error), expected.verify);
      else {
        expect(await compared).toBe(last);
        expect(expected.digest).toBe(last && 'holds');
      }
      if (expected.digest === 'holds') {
        // What the generator hashed is what addDigest hashes, from the file without its digest.
        const file = readDicm(bytes);
        const without = writeDicm({ ...file, ancillary: file.ancillary.slice(0, -1) });
        const again = await addDigest(without, sha256);
        expect([hexOf(again.bytes), again.digest]).toEqual([hexOf(bytes), last]);
      }
    });

    test('has fields that cover it without gap or overlap', () => {
      const info = readInfo(bytes);
      let end = 0;
      for (const field of info.fields) {
        expect(field.offset).toBe(end);
        expect(field.bytes).toBeGreaterThan(0);
        end += field.bytes;
      }
      expect(end).toBe(bytes.length);
    });
  } else {
    test(`is refused: ${expected.code}`, () => {
      for (const read of [readDicm, readInfo]) {
        checkRefusal(
          refusalOf(() => read(bytes, expected.limits)),
          expected,
        );
      }
    });

    if (expected.prefix !== undefined) {
      const { prefix } = expected;
      test(`as a prefix ${prefix.code === undefined ? 'opens' : `is refused: ${prefix.code}`}`, () => {
        if (prefix.code !== undefined) {
          for (const read of [openPrefix, cutPrefix]) {
            checkRefusal(
              refusalOf(() => read(bytes)),
              prefix,
            );
          }
          return;
        }
        const { file, prefixBytes, provedBy } = openPrefix(bytes);
        expect(file.header).toEqual(prefix.header);
        expect(shown(file.tiles)).toEqual(prefix.tiles);
        expect([prefixBytes, provedBy]).toEqual([prefix.prefixBytes, 'prefix-check']);
        expect(hexOf(cutPrefix(bytes))).toBe(hexOf(bytes.subarray(0, prefixBytes)));
      });
    } else {
      test('is refused as a prefix', () => {
        expect(refusalOf(() => openPrefix(bytes, expected.limits))).toBeInstanceOf(DicmError);
      });
    }

    if (expected.limits !== undefined) {
      test('is not refused for that reason with the default limits', () => {
        expect(refusalOf(() => readDicm(bytes))).not.toBeInstanceOf(LimitError);
      });
    }
  }
});

test('integer checks have the known answers', () => {
  const { vectors } = readJson('integer-check.json') as {
    vectors: { z: number[]; symbols: number[]; check: number }[];
  };
  expect(vectors.length).toBeGreaterThan(3);
  for (const { z, symbols, check } of vectors) {
    expect(integerCheck(Int32Array.from(z), Int32Array.from(symbols))).toBe(check);
  }
});

describe('the format text', () => {
  const defined = [...SPEC.matchAll(/^- \[(DICM-[A-Z]-\d\d)\]/gm)].map((match) => match[1]!);
  const cited = new Set([
    ...cases.flatMap(({ musts }) => musts),
    ...(readJson('integer-check.json') as { musts: string[] }).musts,
  ]);

  test('gives every requirement an identifier of its own', () => {
    expect(new Set(defined).size).toBe(defined.length);
    // Blocks: list items with their continuation, table rows, paragraphs. Only one may use the word otherwise.
    const blocks = SPEC.split(/\n(?=- |\||\n)/).map((block) => block.trim());
    for (const block of blocks.filter((text) => /\bMUST\b/.test(text))) {
      const defines = block.startsWith('The capitalised words MUST,');
      expect(defines || /^- \[DICM-[A-Z]-\d\d\]/.test(block), block).toBe(true);
    }
  });

  test('has a fixture for every requirement, and fixtures cite nothing else', () => {
    expect([...cited].sort()).toEqual([...defined].sort());
  });

  test('lists every error code with its exit status, and each has a fixture', () => {
    const listed = new Map(
      [...SPEC.matchAll(/^\| `([a-z-]+)` \| \w+ \| (\d) \|/gm)].map((match) => [match[1]!, Number(match[2])]),
    );
    const refusals = cases.map(({ expect: { verify, ...whole } }) => verify ?? whole);
    const shown = new Map(refusals.filter(({ code }) => code).map(({ code, exit }) => [code!, exit!]));
    for (const [code, exit] of shown) expect(listed.get(code), code).toBe(exit);
    const sources = [...readSources(REPOSITORY)].filter(([path]) => /^src\/(container|bytes)\//.test(path));
    const thrown = sources.flatMap(([, source]) => [
      ...source.matchAll(/new (?:Format|Unsupported)Error\(\s*'([a-z-]+)'/g),
    ]);
    expect(thrown.length).toBeGreaterThan(20);
    for (const [, code] of thrown) expect([...listed.keys()]).toContain(code);
    // These two need a model: the codec's tests show them.
    expect([...listed.keys()].filter((code) => !shown.has(code)).sort()).toEqual([
      'integer-mismatch',
      'model-missing',
    ]);
  });
});
