import { withFiles } from './external-program.js';
import { bytesWithoutParameterSets } from './nal-units.js';
import type { ProgramCodec } from './program-codec.js';
import { fromYuv420, toYuv420 } from './yuv420.js';

/** One intra picture, the same QP everywhere (no perceptual adaptation), on one thread. */
const OPTIONS = ['--preset', 'medium', '--qpa', '0', '--intraperiod', '1', '--threads', '1'];

/** VVC intra, 4:2:0: Fraunhofer's VVenC and VVdeC. */
export const vvc: ProgramCodec = {
  id: 'vvc',
  name: 'VVC intra (VVenC)',
  programs: [['vvencapp'], ['vvdecapp']],
  options: OPTIONS,
  build: (run) => ({
    settingName: 'QP',
    settings: [55, 50, 45, 40, 35, 30],
    range: { smallest: 63, largest: 0 },
    payloadName: 'VVC intra (VVenC), without parameter sets',
    encode: (picture, qp, hooks) =>
      withFiles(async ({ path, read, write }) => {
        const { width, height, data } = toYuv420(picture);
        const source = ['-i', await write('in.yuv', data), '-s', `${width}x${height}`, '-r', '1', '-f', '1'];
        const format = ['-c', 'yuv420', '-q', String(qp), '-o', path('out.266')];
        await run('vvencapp', [...source, ...format, ...OPTIONS], hooks);
        const bytes = await read('out.266');
        return { bytes, payloadBytes: bytesWithoutParameterSets(bytes, 'vvc') };
      }),
    decode: (bytes, size, hooks) =>
      withFiles(async ({ path, read, write }) => {
        // The encoder works in 10 bits; back to 8 for the file.
        const args = ['-b', await write('in.266', bytes), '-o', path('out.yuv'), '-d', '8', '-t', '1'];
        await run('vvdecapp', args, hooks);
        return fromYuv420(await read('out.yuv'), size);
      }),
  }),
};
