import { delimiter } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findCodecs } from '../../../src/bench/codecs/find-codecs.js';
import type { PictureCodec } from '../../../src/bench/codecs/picture-codec.js';
import { drawnPicture } from '../drawn-picture.js';
import { fakePrograms, printBytes } from '../fake-programs.js';

// Two bytes of header and some of content behind each start code: VPS, SPS, PPS, then one intra picture.
const HEVC = [
  ...[0, 0, 0, 1, 32 << 1, 1, 9, 9],
  ...[0, 0, 0, 1, 33 << 1, 1, 9, 9, 9],
  ...[0, 0, 1, 34 << 1, 1, 9],
  ...[0, 0, 1, 19 << 1, 1, 7, 7, 7, 7, 7],
];
const VVC = [
  ...[0, 0, 0, 1, 0, 14 << 3, 9],
  ...[0, 0, 1, 0, 16 << 3, 9, 9],
  ...[0, 0, 1, 0, 8 << 3, 7, 7, 7],
];

/** 4 x 2 pixels of Y 100 and neutral chroma. */
const GREY_FRAME = [...Array(8).fill(100), ...Array(4).fill(128)];
const PIXMAP = [...Buffer.from('P6\n4 2\n255\n'), ...Array(24).fill(77)];

const everything = fakePrograms({
  x265: `${printBytes(HEVC)} > "$(option -o "$@")"; option --qp "$@" > "$(option -o "$@").qp"`,
  ffmpeg: `for last; do :; done; ${printBytes(GREY_FRAME)} > "$last"`,
  opj_compress: 'cat "$(option -i "$@")" > "$(option -o "$@")"',
  opj_decompress: 'cat "$(option -i "$@")" > "$(option -o "$@")"',
  cjxl: 'cat "$1" > "$2"',
  djxl: 'cat "$1" > "$2"',
  bpgenc: `${printBytes([66, 80, 71])} > "$(option -o "$@")"`,
  bpgdec: `${printBytes(PIXMAP)} > "$(option -o "$@")"`,
  vvencapp: `${printBytes(VVC)} > "$(option -o "$@")"`,
  vvdecapp: `${printBytes(GREY_FRAME)} > "$(option -o "$@")"`,
  EncoderAppStatic: `${printBytes(VVC)} > "$(option -b "$@")"`,
  DecoderApp: `${printBytes(GREY_FRAME)} > "$(option -o "$@")"`,
});
const searchPath = [everything, '/usr/bin', '/bin'].join(delimiter);

async function codec(id: string): Promise<PictureCodec> {
  const { found } = await findCodecs(searchPath, [id]);
  expect(found.map((one) => one.id)).toEqual([id]);
  return found[0]!;
}

const picture = drawnPicture(4, 2);

describe('sizes', () => {
  test('HEVC: the whole stream, and without VPS, SPS and PPS', async () => {
    const coded = await (await codec('hevc')).encode(picture, 30, {});
    expect(coded.bytes).toEqual(Uint8Array.from(HEVC));
    expect(coded.bytes.length).toBe(8 + 9 + 6 + 10);
    expect(coded.payloadBytes).toBe(10);
  });

  test.each(['vvc', 'vtm'])('%s: the whole stream, and without VPS and PPS', async (id) => {
    const coded = await (await codec(id)).encode(picture, 30, {});
    expect(coded.bytes.length).toBe(7 + 7 + 8);
    expect(coded.payloadBytes).toBe(8);
  });

  test('BPG, JPEG 2000, JPEG XL: the file as written, nothing else', async () => {
    const bpg = await (await codec('bpg')).encode(picture, 30, {});
    expect(bpg).toEqual({ bytes: Uint8Array.of(66, 80, 71) });
    for (const id of ['jpeg2000', 'jpegxl']) {
      const coded = await (await codec(id)).encode(picture, 30, {});
      expect(coded).toEqual({ bytes: expect.objectContaining({ length: 'P6\n4 2\n255\n'.length + 24 }) });
    }
  });
});

describe('pictures come back', () => {
  test.each(['hevc', 'vvc', 'vtm'])('%s: from planes', async (id) => {
    const decoded = await (await codec(id)).decode(Uint8Array.of(1), picture, {});
    expect(decoded).toEqual({ width: 4, height: 2, data: new Uint8Array(24).fill(100) });
  });

  test('bpg: from a pixmap', async () => {
    const decoded = await (await codec('bpg')).decode(Uint8Array.of(1), picture, {});
    expect(decoded).toEqual({ width: 4, height: 2, data: new Uint8Array(24).fill(77) });
  });

  test.each(['jpeg2000', 'jpegxl'])('%s: unchanged through programs that copy', async (id) => {
    const one = await codec(id);
    const { bytes } = await one.encode(picture, 3, {});
    expect(await one.decode(bytes, picture, {})).toEqual(picture);
  });
});

describe('what is missing', () => {
  test('is named with the programs that were looked for', async () => {
    const { found, missing } = await findCodecs('/nonexistent');
    expect(found.map(({ id }) => id)).toEqual(['jpeg', 'webp', 'avif']);
    expect(missing.map(({ id }) => id)).toEqual(['jpeg2000', 'hevc', 'bpg', 'jpegxl', 'vvc', 'vtm']);
    expect(missing[0]!.reason).toBe('no opj_compress, no opj_decompress on the PATH');
    expect(missing[1]!.reason).toBe('no x265 or ffmpeg, no ffmpeg on the PATH');
  });

  test('half a codec is missing too', async () => {
    const { missing } = await findCodecs(fakePrograms({ cjxl: '' }), ['jpegxl']);
    expect(missing).toEqual([{ id: 'jpegxl', name: 'JPEG XL (libjxl)', reason: 'no djxl on the PATH' }]);
  });

  test('ffmpeg alone is enough for HEVC', async () => {
    const writes = `for last; do :; done; ${printBytes(HEVC)} > "$last"`;
    const ffmpeg = `case "$*" in *-encoders) echo " V....D libx265"; exit;; esac; ${writes}`;
    const folder = fakePrograms({ ffmpeg });
    const { found } = await findCodecs(folder, ['hevc']);
    expect(found[0]!.version).toContain('ffmpeg 1.2.3');
    expect((await found[0]!.encode(picture, 30, {})).payloadBytes).toBe(10);
  });
});

test('ffmpeg without libx265 is not', async () => {
  const { missing } = await findCodecs(fakePrograms({ ffmpeg: 'echo " V....D libx264"' }), ['hevc']);
  expect(missing[0]!.reason).toBe('no x265 on the PATH, and ffmpeg has no libx265');
});

describe('a program that fails', () => {
  test('is named with its last words', async () => {
    const folder = fakePrograms({ bpgenc: 'echo first; echo "QP out of range" >&2; exit 3', bpgdec: '' });
    const { found } = await findCodecs(folder, ['bpg']);
    await expect(found[0]!.encode(picture, 99, {})).rejects.toMatchObject({
      code: 'program-failed',
      message: 'bpgenc: exit code 3: QP out of range',
    });
  });

  test('stops when the run is stopped', async () => {
    const folder = fakePrograms({ bpgenc: 'exec sleep 60', bpgdec: '' });
    const { found } = await findCodecs([folder, '/usr/bin', '/bin'].join(delimiter), ['bpg']);
    const controller = new AbortController();
    const encoding = found[0]!.encode(picture, 40, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await expect(encoding).rejects.toThrow('enough');
  });

  test('a decoder that writes too little is an error', async () => {
    const folder = fakePrograms({ vvencapp: '', vvdecapp: `${printBytes([1, 2])} > "$(option -o "$@")"` });
    const { found } = await findCodecs(folder, ['vvc']);
    await expect(found[0]!.decode(Uint8Array.of(1), picture, {})).rejects.toMatchObject({
      code: 'program-failed',
    });
  });
});
