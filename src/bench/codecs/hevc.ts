import { withFiles } from './external-program.js';
import { bytesWithoutParameterSets } from './nal-units.js';
import type { ProgramCodec } from './program-codec.js';
import { evenSize, fromYuv420, toYuv420 } from './yuv420.js';

/**
 * One intra picture with the same QP everywhere, as reference encoders are run for comparisons; without the wavefronts
 * and the description of the encoder, which cost bytes. `keyint` is needed by the main intra tools only.
 */
const OPTIONS = {
  keyint: '1',
  ipratio: '1',
  'aq-mode': '0',
  wpp: '0',
  'frame-threads': '1',
  pools: 'none',
  info: '0',
} as const;

const PRESET = 'slow';

/** HEVC intra, 4:2:0, 8 bits: x265, or ffmpeg's libx265; decoded by ffmpeg. */
export const hevc: ProgramCodec = {
  id: 'hevc',
  name: 'HEVC intra (x265)',
  programs: [['x265', 'ffmpeg'], ['ffmpeg']],
  options: [PRESET, JSON.stringify(OPTIONS)],
  probe: {
    program: 'ffmpeg',
    args: ['-hide_banner', '-encoders'],
    says: /libx265/,
    otherwise: 'no x265 on the PATH, and ffmpeg has no libx265',
  },
  build: (run, found) => ({
    settingName: 'QP',
    settings: [51, 48, 45, 42, 38, 33],
    range: { smallest: 51, largest: 0 },
    payloadName: 'HEVC intra, without parameter sets',
    encode: (picture, qp, hooks) =>
      withFiles(async ({ path, read, write }) => {
        const { width, height, data } = toYuv420(picture);
        const input = await write('in.yuv', data);
        const options = { ...OPTIONS, qp: String(qp), ctu: Math.min(width, height) < 64 ? '16' : '64' };
        const args = found.has('x265')
          ? x265Arguments(input, `${width}x${height}`, options, path('out.hevc'))
          : ffmpegArguments(input, `${width}x${height}`, options, path('out.hevc'));
        await run('x265', args, hooks);
        const bytes = await read('out.hevc');
        return { bytes, payloadBytes: bytesWithoutParameterSets(bytes, 'hevc') };
      }),
    decode: (bytes, size, hooks) =>
      withFiles(async ({ path, read, write }) => {
        const input = ['-f', 'hevc', '-i', await write('in.hevc', bytes)];
        const output = ['-pix_fmt', 'yuv420p', '-f', 'rawvideo', path('out.yuv')];
        await run('ffmpeg', ['-v', 'error', '-threads', '1', ...input, ...output], hooks);
        const { width, height } = evenSize(size);
        return fromYuv420((await read('out.yuv')).subarray(0, width * height * 1.5), size);
      }),
  }),
};

function x265Arguments(input: string, size: string, options: Record<string, string>, output: string) {
  const flags = Object.entries(options).flatMap(([name, value]) =>
    value === '0' && (name === 'wpp' || name === 'info') ? [`--no-${name}`] : [`--${name}`, value],
  );
  return ['--input', input, '--input-res', size, '--fps', '1', '--preset', PRESET, ...flags, '-o', output];
}

function ffmpegArguments(input: string, size: string, options: Record<string, string>, output: string) {
  const source = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', size, '-r', '1', '-i', input];
  const parameters = Object.entries(options).map(([name, value]) => `${name}=${value}`);
  const coding = ['-c:v', 'libx265', '-preset', PRESET, '-x265-params', parameters.join(':')];
  return ['-v', 'error', ...source, '-frames:v', '1', ...coding, '-f', 'hevc', output];
}
