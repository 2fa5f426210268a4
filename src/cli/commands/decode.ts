import { extname } from 'node:path';
import { type Command, Option } from 'commander';
import { UsageError } from '../../index.js';
import { announceBackend, type Context, type RunAction, withCodec } from '../context.js';
import { addExistingOptions, type ExistingFlags, reasonToSkip } from '../existing-outputs.js';
import { isDicmName } from '../expand-inputs.js';
import { addInputs, DICM_INPUTS, findInputs, type InputFlags } from '../input-options.js';
import { type ArrayFormat, type DecodeJob, decodeOne, reportDecoded } from '../jobs/decode-one.js';
import { addPartOptions, type PartFlags } from '../option-values.js';
import { checkOutputKind } from '../output-kinds.js';
import { makeFolders, planOutputs } from '../plan-outputs.js';
import { runBatch } from '../run-batch.js';
import { STANDARD } from '../terminal.js';
import { checkStandardOutput } from '../write-output.js';

interface DecodeFlags extends PartFlags, InputFlags, ExistingFlags {
  layer: NonNullable<DecodeJob['layer']>;
  dtype: NonNullable<DecodeJob['dtype']>;
  output?: string;
  latents?: boolean;
}

/** Adds `dicm decode`. */
export function addDecode(program: Command, run: RunAction) {
  const decode = program
    .command('decode')
    .summary('write the features in .dicm files as arrays')
    .description(
      'Write the features in .dicm files as arrays, [height, width, channels]: f3, one position for 4 x 4\n' +
        'coded pixels, or a layer of the network behind it, at stride 8, 16 or 32, or the last one pooled\n' +
        'to a vector. No pixels are rebuilt.',
    );
  addInputs(decode, DICM_INPUTS)
    .option('-o, --output <path>', 'file (.npy or .safetensors), directory, or - for stdout')
    .addOption(
      new Option('--layer <name>', 'whose features')
        .choices(['f3', 'layer2', 'layer3', 'layer4', 'pooled'])
        .default('f3'),
    )
    .addOption(
      new Option('--dtype <type>', 'numbers of the features')
        .choices(['float32', 'float16'])
        .default('float32'),
    )
    .addOption(
      new Option('--latents', 'the latents y_hat and z_hat instead of features, as .safetensors').conflicts([
        'region',
        'layer',
        'dtype',
      ]),
    );
  addExistingOptions(addPartOptions(decode)).action((inputs: string[], _: unknown, command: Command) =>
    run((context) => decodeFiles(context, inputs, command.opts<DecodeFlags>())),
  );
}

async function decodeFiles(context: Context, patterns: string[], flags: DecodeFlags): Promise<number> {
  const { terminal, reporter } = context;
  const { force = false, latents = false, region, prefix, layer, dtype } = flags;
  const given = await findInputs(context, patterns, flags, isDicmName);
  const format = chooseFormat(flags.output, latents);
  const planned = await planOutputs(given, flags.output, { extension: `.${format}` });
  const formats = latents ? ['.safetensors'] : ['.npy', '.safetensors'];
  for (const { output } of planned) checkOutputKind(output, 'an array', formats);
  if (planned.some(({ output }) => output === STANDARD)) {
    checkStandardOutput(terminal.stdout, reporter.options.json, 'the array');
  }
  return withCodec(context, async (codec) => {
    if (!latents) await announceBackend(context, codec);
    await makeFolders(planned, flags.output);
    const what = latents ? 'latents' : 'features';
    const options = { force, format, what, layer, dtype, region, prefix } as const;
    return runBatch(context, {
      inputs: planned,
      given,
      verb: 'decoding',
      nameOf: ({ input }) => input.path,
      skip: ({ input, output }) => reasonToSkip({ input: input.path, output }, flags),
      work: ({ input, output }, job) =>
        decodeOne({ ...options, input: input.path, output }, { ...job, codec }),
      report: (result) => reportDecoded(reporter, result),
      bytesOf: ({ inputBytes, bytes }) => ({ in: inputBytes, out: bytes }),
    });
  });
}

function chooseFormat(output: string | undefined, latents: boolean): ArrayFormat {
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
