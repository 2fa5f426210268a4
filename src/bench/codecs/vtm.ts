import { withFiles } from './external-program.js';
import { bytesWithoutParameterSets } from './nal-units.js';
import type { ProgramCodec } from './program-codec.js';
import { fromYuv420, toYuv420 } from './yuv420.js';

/** VVC intra, 4:2:0, by the reference software: minutes where VVenC takes seconds. */
export const vtm: ProgramCodec = {
  id: 'vtm',
  name: 'VVC intra (VTM)',
  programs: [
    ['EncoderApp', 'EncoderAppStatic'],
    ['DecoderApp', 'DecoderAppStatic'],
  ],
  versionArgs: ['--help'],
  options: ['encoder_intra_vtm.cfg'],
  build: (run) => ({
    settingName: 'QP',
    settings: [51, 47, 42, 37, 32, 27],
    range: { smallest: 63, largest: 0 },
    payloadName: 'VVC intra (VTM), without parameter sets',
    encode: (picture, qp, hooks) =>
      withFiles(async ({ path, read, write }) => {
        const { width, height, data } = toYuv420(picture);
        const config = process.env.DICM_VTM_CONFIG ?? 'encoder_intra_vtm.cfg';
        const source = ['-c', config, '-i', await write('in.yuv', data), '-wdt', width, '-hgt', height];
        const depth = ['--InputBitDepth=8', '--InputChromaFormat=420', '--ConformanceWindowMode=1'];
        const coding = ['-fr', 1, '-f', 1, '-q', qp, '-b', path('out.vvc'), '-o', path('rec.yuv')];
        await run('EncoderApp', [...source, ...depth, ...coding].map(String), hooks);
        const bytes = await read('out.vvc');
        return { bytes, payloadBytes: bytesWithoutParameterSets(bytes, 'vvc') };
      }),
    decode: (bytes, size, hooks) =>
      withFiles(async ({ path, read, write }) => {
        await run(
          'DecoderApp',
          ['-b', await write('in.vvc', bytes), '-o', path('out.yuv'), '-d', '8'],
          hooks,
        );
        return fromYuv420(await read('out.yuv'), size);
      }),
  }),
};
