import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { loadPicture } from '../../../src/platform/node/pictures/load-picture.js';
import { type TiffParts, writeTiff } from './tiff.js';

const CASES = resolve(import.meta.dirname, '../../../fixtures/cases');
const whole = { maxSide: 'none' } as const;

/** A picture of one row. */
function row(
  parts: Partial<TiffParts> & Pick<TiffParts, 'photometric' | 'bits' | 'samples'>,
  piece: Uint8Array,
) {
  const width = piece.length / (parts.samples * (parts.bits / 8));
  return writeTiff({ width, height: 1, pieces: [piece], ...parts });
}

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const extraSamples = (...values: number[]) => [{ tag: 338, type: 'short' as const, values }];

async function load(bytes: Uint8Array | string) {
  const { data, notes } = await loadPicture(bytes, whole);
  return { data: [...data], notes };
}

async function refusal(bytes: Uint8Array | string): Promise<string> {
  const error = await loadPicture(bytes, whole).then(
    () => undefined,
    (reason: unknown) => reason as Error,
  );
  expect(error).toMatchObject({ name: 'ImageError', code: 'unsupported-image', exitCode: 3 });
  return error!.message;
}

describe('TIFF in floating point', () => {
  const note = 'floating-point samples taken as 0 for black to 1 for white';

  test('grey from 0 to 1', async () => {
    const { data, notes } = await load(join(CASES, 'float-0-to-1.tif'));
    expect(data.filter((_, i) => i % 3 === 0)).toEqual([0, 128, 191, 255]);
    expect(notes).toEqual([note]);
  });

  test('colours on the same scale as grey', async () => {
    const bytes = row(
      { photometric: 2, bits: 32, samples: 3, format: 3 },
      floats(0, 0.5, 1, 0.25, 0.75, 0.1),
    );
    expect(await load(bytes)).toEqual({ data: [0, 128, 255, 64, 191, 26], notes: [note] });
  });

  test('on white where it is transparent', async () => {
    const parts = { photometric: 2, bits: 32, samples: 4, format: 3 };
    const bytes = row({ ...parts, extra: extraSamples(2) }, floats(0, 0, 0, 0.5, 1, 0, 0, 1));
    expect(await load(bytes)).toMatchObject({ data: [128, 128, 128, 255, 0, 0] });
    // The same sample without a meaning.
    const { data, notes } = await load(
      row({ ...parts, extra: extraSamples(0) }, floats(0, 0, 0, 0.5, 1, 0, 0, 1)),
    );
    expect(data).toEqual([0, 0, 0, 255, 0, 0]);
    expect(notes).toContainEqual(expect.stringContaining('left out'));
  });

  test('is fitted like any other', async () => {
    const width = 400;
    const piece = floats(...Array.from({ length: width * 4 }, (_, i) => (i % width) / (width - 1)));
    const bytes = writeTiff({
      ...{ width, height: 4, photometric: 1, bits: 32, samples: 1, format: 3, pieces: [piece] },
    });
    const { data, width: fitted } = await loadPicture(bytes, { maxSide: 100 });
    expect(fitted).toBe(100);
    expect(Math.abs(data[50 * 3]! - 128)).toBeLessThanOrEqual(2);
  });

  test.each([
    ['0 to 255', floats(0, 128, 255), /from 0 to 255, where 0 is black and 1 is white/],
    ['heights', floats(100, 850.5, 3100), /from 100 to 3100/],
    ['below black', floats(-0.5, 0, 0.5), /from -0.5 to 0.5/],
    ['no numbers', floats(0, Number.NaN, 1), /no numbers/],
  ])('on another scale is refused: %s', async (_, piece, reason) => {
    expect(await refusal(row({ photometric: 1, bits: 32, samples: 1, format: 3 }, piece))).toMatch(reason);
  });

  test('of 64 bits is refused with what to do', async () => {
    const piece = new Uint8Array(Float64Array.from([0, 1]).buffer);
    expect(await refusal(row({ photometric: 1, bits: 64, samples: 1, format: 3 }, piece))).toMatch(
      /floating-point samples of 64 bits.*convert it to 8 or 16/,
    );
  });
});

describe('integers of a TIFF that no value of which is known to be white', () => {
  test.each([
    ['signed 8 bits', { bits: 8, format: 2 }, /signed samples of 8 bits/],
    ['signed 16 bits', { bits: 16, format: 2 }, /signed samples of 16 bits/],
    ['32 bits', { bits: 32, format: 1 }, /samples of 32 bits/],
    ['complex numbers', { bits: 64, format: 6 }, /complex/],
  ])('%s', async (_, parts, reason) => {
    const piece = new Uint8Array((4 * parts.bits) / 8).fill(60);
    expect(await refusal(row({ photometric: 1, samples: 1, ...parts }, piece))).toMatch(reason);
  });

  test('16 unsigned bits are as they were', async () => {
    const piece = new Uint8Array(Uint16Array.from([0, 0x4040, 0x8080, 0xffff]).buffer);
    const { data, notes } = await load(row({ photometric: 1, bits: 16, samples: 1 }, piece));
    expect(data.filter((_, i) => i % 3 === 0)).toEqual([0, 64, 128, 255]);
    expect(notes).toEqual([]);
  });
});

describe('a sample more than the colours need', () => {
  const pixels = Uint8Array.from([255, 0, 0, 0, 10, 20, 30, 128, 1, 2, 3, 255]);
  const rgb = { photometric: 2, bits: 8, samples: 4 };

  test('without a meaning is left out, and says so', async () => {
    // Pillow reads the same colours: mode RGB, raw mode RGBX.
    for (const extra of [extraSamples(0), []]) {
      expect(await load(row({ ...rgb, extra }, pixels))).toEqual({
        data: [255, 0, 0, 10, 20, 30, 1, 2, 3],
        notes: ['the last of 4 samples a pixel is not said to be alpha and was left out'],
      });
    }
  });

  test('does not weigh colours when the picture is fitted', async () => {
    const width = 64;
    const piece = Uint8Array.from(Array.from({ length: width * 8 }, () => [200, 100, 50, 0]).flat());
    const bytes = writeTiff({ ...rgb, width, height: 8, pieces: [piece], extra: extraSamples(0) });
    const { data } = await loadPicture(bytes, { maxSide: 16 });
    expect([...data.subarray(0, 6)]).toEqual([200, 100, 50, 200, 100, 50]);
  });

  test('that is alpha makes the picture stand on white', async () => {
    const { data, notes } = await load(row({ ...rgb, extra: extraSamples(2) }, pixels));
    expect(data.slice(0, 3)).toEqual([255, 255, 255]);
    expect(data.slice(6)).toEqual([1, 2, 3]);
    expect(notes).toEqual(['transparency flattened on white']);
    // Colours that are multiplied by alpha already: half of white over white.
    const halfWhite = Uint8Array.from([128, 128, 128, 128]);
    expect((await load(row({ ...rgb, extra: extraSamples(1) }, halfWhite))).data).toEqual([255, 255, 255]);
  });

  test('beside grey', async () => {
    const grey = { photometric: 1, bits: 8, samples: 2, extra: extraSamples(0) };
    expect((await load(row(grey, Uint8Array.from([10, 0, 200, 77])))).data).toEqual([
      10, 10, 10, 200, 200, 200,
    ]);
  });

  test('several of them are refused', async () => {
    const piece = new Uint8Array(10).fill(50);
    expect(await refusal(row({ ...rgb, samples: 5, extra: extraSamples(0, 0) }, piece))).toMatch(
      /5 samples a pixel, more than the colours and one alpha; keep only those/,
    );
    expect(
      await refusal(row({ photometric: 1, bits: 8, samples: 5, extra: extraSamples(0, 0, 0, 0) }, piece)),
    ).toMatch(/5 samples a pixel, more than grey/);
  });
});

describe('other colours', () => {
  test('CMYK without a profile says that its colours are guessed', async () => {
    const image = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#c86432' } })
      .toColourspace('cmyk')
      .jpeg()
      .toBuffer();
    const { notes } = await load(new Uint8Array(image));
    expect(notes).toEqual([expect.stringContaining('CMYK without a colour profile')]);
  });

  test('YCbCr that is not coded as JPEG, 8-bit L*a*b* and unknown kinds are refused', async () => {
    const piece = new Uint8Array(6).fill(50);
    expect(await refusal(row({ photometric: 6, bits: 8, samples: 3 }, piece))).toContain('YCbCr');
    expect(await refusal(row({ photometric: 8, bits: 8, samples: 3 }, piece))).toContain('L*a*b*');
    expect(await refusal(row({ photometric: 9, bits: 8, samples: 3 }, piece))).toContain(
      'PhotometricInterpretation 9',
    );
  });

  test('a palette, one bit a pixel, white first', async () => {
    const ramp = Array.from({ length: 256 }, (_, i) => i * 257);
    const colours = [...ramp, ...ramp.map((value) => 65535 - value), ...ramp.map(() => 0)];
    const palette = {
      photometric: 3,
      bits: 8,
      samples: 1,
      extra: [{ tag: 320, type: 'short' as const, values: colours }],
    };
    expect(await load(row(palette, Uint8Array.from([0, 64, 255])))).toEqual({
      data: [0, 255, 0, 64, 191, 0, 255, 0, 0],
      notes: [],
    });
    const bits = { width: 4, height: 1, bits: 1, samples: 1, pieces: [Uint8Array.from([0b0011_0000])] };
    const first = async (photometric: number) =>
      (await load(writeTiff({ ...bits, photometric }))).data.filter((_, i) => i % 3 === 0);
    expect(await first(1)).toEqual([0, 0, 255, 255]);
    expect(await first(0)).toEqual([255, 255, 0, 0]);
    expect(
      (await load(row({ photometric: 0, bits: 8, samples: 1 }, Uint8Array.from([0, 200])))).data,
    ).toEqual([255, 255, 255, 55, 55, 55]);
  });
});

describe('colours that are given as numbers', () => {
  /** A PNG with a chunk before its data. Checksums of chunks that are not critical do not matter here. */
  async function pngWith(type: string, content: number[]): Promise<Uint8Array> {
    const png = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#808080' } })
      .png()
      .toBuffer();
    const chunk = Buffer.alloc(12 + content.length);
    chunk.writeUInt32BE(content.length);
    chunk.write(type, 4, 'latin1');
    chunk.set(content, 8);
    return Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]);
  }
  const u32 = (...values: number[]) =>
    values.flatMap((value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);

  test.each([
    ['PQ', [9, 16, 0, 1], [/PQ/, /BT.2020/]],
    ['HLG', [9, 18, 0, 1], [/HLG/, /BT.2020/]],
    ['Display P3', [12, 13, 0, 1], [/Display P3/]],
    ['sRGB', [1, 13, 0, 1], []],
  ])('cICP of a PNG: %s', async (_, content, expected) => {
    const { notes } = await load(await pngWith('cICP', content));
    expect(notes).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });

  test('gamma and primaries of a PNG, but not those of sRGB', async () => {
    expect((await load(await pngWith('gAMA', u32(100_000)))).notes).toEqual([
      expect.stringContaining('gamma 1.000'),
    ]);
    expect((await load(await pngWith('gAMA', u32(45_455)))).notes).toEqual([]);
    const p3 = [31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000];
    expect((await load(await pngWith('cHRM', u32(...p3)))).notes).toEqual([
      expect.stringContaining('primaries'),
    ]);
    const srgb = [31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000];
    expect((await load(await pngWith('cHRM', u32(...srgb)))).notes).toEqual([]);
  });

  test.each([
    [16, /high dynamic range \(PQ\)/],
    [18, /high dynamic range \(HLG\)/],
    [13, undefined],
  ])('nclx of an AVIF with the transfer function %i', async (transfer, expected) => {
    const bytes = await readFile(join(CASES, 'srgb-nclx.avif'));
    bytes.writeUInt16BE(transfer, bytes.indexOf('nclx') + 6);
    const { notes } = await load(bytes);
    expect(notes).toEqual(expected === undefined ? [] : [expect.stringMatching(expected)]);
  });
});
