import { wrapPixels } from '../../platform/node/pictures/classic-codecs.js';
import { withFiles } from './external-program.js';
import { readPixmap } from './portable-pixmap.js';
import type { ProgramCodec } from './program-codec.js';

/** BPG: HEVC intra in a container of few bytes, with its parameters shortened; 4:2:0 unless told otherwise. */
export const bpg: ProgramCodec = {
  id: 'bpg',
  name: 'BPG',
  programs: [['bpgenc'], ['bpgdec']],
  versionArgs: ['-h'],
  options: [],
  build: (run) => ({
    settingName: 'QP',
    settings: [51, 47, 43, 38, 33, 28],
    range: { smallest: 51, largest: 0 },
    encode: (picture, qp, hooks) =>
      withFiles(async ({ path, read, write }) => {
        const input = await write('in.png', await wrapPixels(picture));
        await run('bpgenc', ['-q', String(qp), '-o', path('out.bpg'), input], hooks);
        return { bytes: await read('out.bpg') };
      }),
    decode: (bytes, _, hooks) =>
      withFiles(async ({ path, read, write }) => {
        await run('bpgdec', ['-o', path('out.ppm'), await write('in.bpg', bytes)], hooks);
        return readPixmap(await read('out.ppm'));
      }),
  }),
};
