import { withFiles } from './external-program.js';
import { readPixmap, writePixmap } from './portable-pixmap.js';
import type { ProgramCodec } from './program-codec.js';

/** Irreversible 9/7 wavelet; the default comment that names the program, 37 bytes, is left out. */
const OPTIONS = ['-I', '-C', ' '];

/** JPEG 2000 by OpenJPEG: the raw codestream without the .jp2 box structure, which is the smaller form. */
export const jpeg2000: ProgramCodec = {
  id: 'jpeg2000',
  name: 'JPEG 2000 (OpenJPEG)',
  programs: [['opj_compress'], ['opj_decompress']],
  versionArgs: ['-h'],
  options: OPTIONS,
  build: (run) => ({
    settingName: 'ratio',
    settings: [400, 270, 180, 110, 65, 32],
    range: { smallest: 2400, largest: 2, isContinuous: true },
    encode: (picture, ratio, hooks) =>
      withFiles(async ({ path, read, write }) => {
        const input = await write('in.ppm', writePixmap(picture));
        const args = ['-i', input, '-o', path('out.j2k'), '-r', String(ratio), ...OPTIONS];
        // Each level of the wavelet halves the picture; the default of 5 levels does not fit small ones.
        const levels = Math.min(6, Math.floor(Math.log2(Math.min(picture.width, picture.height))) + 1);
        await run('opj_compress', [...args, '-n', String(levels)], hooks);
        return { bytes: await read('out.j2k') };
      }),
    decode: (bytes, _, hooks) =>
      withFiles(async ({ path, read, write }) => {
        await run('opj_decompress', ['-i', await write('in.j2k', bytes), '-o', path('out.ppm')], hooks);
        return readPixmap(await read('out.ppm'));
      }),
  }),
};
