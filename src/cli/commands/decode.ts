import { extname } from 'node:path';
import type { Command } from 'commander';
import { type Codec, UsageError } from '../../index.js';
import { type ArrayInfo, littleEndianBytes, npyHead, safetensorsHead } from '../array-files.js';
import { announceBackend, type Context, jobsOf, type RunAction, withCodec } from '../context.js';
import { expandInputs, isDicmName } from '../expand-inputs.js';
import { formatBytes } from '../format.js';
import { makeFolders, type PlannedOutput, planOutputs } from '../plan-outputs.js';
import { openProgress } from '../progress.js';
import { readDicmFile } from '../read-dicm-file.js';
import { runInputs } from '../run-inputs.js';
import { checkStandardOutput, STANDARD, writeStandardOutput } from '../standard-streams.js';
import { type Content, checkOutput, writeOutput } from '../write-output.js';

interface DecodeFlags {
  output?: string;
  latents?: boolean;
  recursive?: boolean;
  force?: boolean;
}

type Format = 'npy' | 'safetensors';

/** What a file was decoded to. */
interface Decoded {
  arrays: ArrayInfo[];
  content: Content;
  backend: string | null;
}

/** Adds `dicm decode`. */
export function addDecode(program: Command, run: RunAction) {
  program
    .command('decode')
    .summary('write the features in .dicm files as arrays')
    .description(
      'Write the features in .dicm files as arrays: f3, [height, width, channels], one position for\n' +
        '4 x 4 coded pixels. No pixels are rebuilt.',
    )
    .argument('<file...>', '.dicm files, patterns, directories with -r, or - for stdin')
    .option('-o, --output <path>', 'file (.npy or .safetensors), directory, or - for stdout')
    .option('--latents', 'the latents y_hat and z_hat instead of features, as .safetensors')
    .option('-r, --recursive', 'take the .dicm files in directories too')
    .option('-f, --force', 'overwrite files')
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) => decodeFiles(context, inputs, command.opts<DecodeFlags>())),
    );
}

async function decodeFiles(context: Context, patterns: string[], flags: DecodeFlags): Promise<number> {
  const { terminal, reporter } = context;
  const { force = false, latents = false, recursive = false } = flags;
  const inputs = await expandInputs(patterns, { recursive, accept: isDicmName });
  const format = chooseFormat(flags.output, latents);
  const planned = await planOutputs(inputs, flags.output, `.${format}`);
  if (planned.some(({ output }) => output === STANDARD)) checkStandardOutput(context, 'the array');
  return withCodec(context, async (codec) => {
    const backend = latents ? null : await announceBackend(context, codec);
    await makeFolders(planned, flags.output);
    const progress = await openProgress(context, 'decoding', inputs.length);
    const decodeOne = async ({ input, output }: PlannedOutput, signal: AbortSignal) => {
      const started = performance.now();
      if (output !== STANDARD) await checkOutput(output, force);
      const file = await readDicmFile(context, input.path);
      const hooks = {
        signal,
        onProgress: (done: number, total: number) => progress.tiles(input.path, done, total),
      };
      const decoded = latents
        ? await decodeLatents(codec, file, hooks)
        : await decodeFeatures(codec, file, format, hooks);
      const bytes =
        output === STANDARD
          ? await writeStandardOutput(terminal, decoded.content)
          : await writeOutput(output, decoded.content, { force, signal });
      const elapsedMs = Math.round(performance.now() - started);
      return () => {
        if (reporter.options.json) {
          reporter.json({
            schema: 'dicm.decode/1',
            file: input.path,
            output,
            format,
            bytes,
            arrays: decoded.arrays,
            backend,
            elapsedMs,
          });
        }
        const shapes = decoded.arrays.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join('  ');
        const target = output === STANDARD ? 'stdout' : output;
        reporter.say(`${input.path} -> ${target}  ${shapes}  ${formatBytes(bytes)}`);
      };
    };
    try {
      return await runInputs(context, planned, decodeOne, {
        jobs: jobsOf(context),
        nameOf: ({ input }) => input.path,
        onDone: progress.fileDone,
      });
    } finally {
      progress.stop();
    }
  });
}

type Hooks = Parameters<Codec['streamFeatures']>[1];

async function decodeFeatures(
  codec: Codec,
  file: Uint8Array,
  format: Format,
  hooks: Hooks,
): Promise<Decoded> {
  const { height, width, channels, rows, header, model, backend } = await codec.streamFeatures(file, hooks);
  const info: ArrayInfo = { name: 'f3', type: 'float32', shape: [height, width, channels] };
  const metadata = {
    width: String(header.width),
    height: String(header.height),
    sourceWidth: String(header.sourceWidth),
    sourceHeight: String(header.sourceHeight),
    model: model.name,
    renderId: model.renderId,
  };
  const pieces = async function* () {
    yield format === 'npy' ? npyHead(info) : safetensorsHead([info], metadata);
    for await (const piece of rows) yield littleEndianBytes(piece);
  };
  return { arrays: [info], content: pieces(), backend };
}

async function decodeLatents(codec: Codec, file: Uint8Array, hooks: Hooks): Promise<Decoded> {
  const { y, z, header, model } = await codec.decodeLatents(file, hooks);
  const arrays: ArrayInfo[] = [
    { name: 'y_hat', type: 'float32', shape: [y.height, y.width, y.channels] },
    { name: 'z_hat', type: 'int32', shape: [z.height, z.width, z.channels] },
  ];
  const metadata = {
    width: String(header.width),
    height: String(header.height),
    model: model.name,
    decodeId: model.decodeId,
  };
  const pieces = async function* () {
    yield safetensorsHead(arrays, metadata);
    yield littleEndianBytes(y.data);
    yield littleEndianBytes(z.data);
  };
  return { arrays, content: pieces(), backend: null };
}

function chooseFormat(output: string | undefined, latents: boolean): Format {
  const extension = output === undefined ? '' : extname(output).toLowerCase();
  if (latents) {
    if (extension === '.npy') {
      throw new UsageError(
        'latents-need-safetensors',
        'latents are two arrays: write them to a .safetensors file',
      );
    }
    return 'safetensors';
  }
  if (/^\.(png|jpe?g|webp|avif|tiff?)$/.test(extension)) {
    throw new UsageError(
      'no-picture',
      `${output}: features are no picture; write them to a .npy or a .safetensors file`,
    );
  }
  return extension === '.safetensors' ? 'safetensors' : 'npy';
}
