import { withFiles } from './external-program.js';
import { readPixmap, writePixmap } from './portable-pixmap.js';
import type { ProgramCodec } from './program-codec.js';

const OPTIONS = ['-e', '7', '--num_threads=0'];

/** JPEG XL by libjxl: a bare codestream, which is what cjxl writes where there is no metadata. */
export const jpegXl: ProgramCodec = {
  id: 'jpegxl',
  name: 'JPEG XL (libjxl)',
  programs: [['cjxl'], ['djxl']],
  options: OPTIONS,
  build: (run) => ({
    settingName: 'distance',
    settings: [25, 18, 13, 9, 6, 3.5],
    range: { smallest: 25, largest: 0.1, isContinuous: true },
    encode: (picture, distance, hooks) =>
      withFiles(async ({ path, read, write }) => {
        const input = await write('in.ppm', writePixmap(picture));
        await run('cjxl', [input, path('out.jxl'), '-d', String(distance), ...OPTIONS], hooks);
        return { bytes: await read('out.jxl') };
      }),
    decode: (bytes, _, hooks) =>
      withFiles(async ({ path, read, write }) => {
        await run('djxl', [await write('in.jxl', bytes), path('out.ppm'), '--num_threads=0'], hooks);
        return readPixmap(await read('out.ppm'));
      }),
  }),
};
