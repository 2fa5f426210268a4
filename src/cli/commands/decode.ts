import { extname } from 'node:path';
import { type Command, Option } from 'commander';
import { UsageError, type WrittenFormat } from '../../index.js';
import { announceBackend, type Context, type RunAction, withCodec } from '../context.js';
import { addExistingOptions, type ExistingFlags, reasonToSkip } from '../existing-outputs.js';
import { isDicmName } from '../expand-inputs.js';
import { addInputs, DICM_INPUTS, findInputs, type InputFlags } from '../input-options.js';
import { type ArrayFormat, type DecodeJob, decodeOne, reportDecoded } from '../jobs/decode-one.js';
import { addPartOptions, countOrAll, type PartFlags } from '../option-values.js';
import { checkOutputKind } from '../output-kinds.js';
import { makeFolders, planOutputs } from '../plan-outputs.js';
import { runBatch } from '../run-batch.js';
import type { ShardFormat } from '../shards/plan-shards.js';
import { STANDARD } from '../terminal.js';
import { checkStandardOutput } from '../write-output.js';
import { decodePictures, PICTURE_FORMATS, pictureFormatOf } from './decode-pictures.js';
import { decodeIntoShards } from './decode-shards.js';

interface DecodeFlags extends PartFlags, InputFlags, ExistingFlags {
  layer: NonNullable<DecodeJob['layer']>;
  dtype: NonNullable<DecodeJob['dtype']>;
  output?: string;
  format?: ArrayFormat | ShardFormat | WrittenFormat;
  size?: 'coded' | 'source';
  shard?: number;
  latents?: boolean;
}

/** Adds `dicm decode`. */
export function addDecode(program: Command, run: RunAction) {
  const decode = program
    .command('decode')
    .summary('write the features in .dicm files as arrays, or rebuild their pictures')
    .description(
      'Write the features in .dicm files as arrays, [height, width, channels]: f3, one position for 4 x 4\n' +
        'coded pixels, or a layer of the network behind it, at stride 8, 16 or 32, or the last one pooled\n' +
        'to a vector. Into a picture (-o photo.png, or --format png) goes what the view layer holds.',
    );
  addInputs(decode, DICM_INPUTS)
    .option(
      '-o, --output <path>',
      'file (.npy, .safetensors or, of shards, .npz; .png, .jpg, .webp, .avif, .tiff), directory, or - for stdout',
    )
    .addOption(
      new Option(
        '--format <kind>',
        'of the files (default: what -o ends in, or else npy, of shards safetensors)',
      ).choices(['npy', 'safetensors', 'npz', ...PICTURE_FORMATS]),
    )
    .addOption(
      new Option(
        '--size <what>',
        'of a picture: as it is coded, or scaled to its source (default: coded)',
      ).choices(['coded', 'source']),
    )
    .addOption(
      new Option(
        '--shard <count|all>',
        'the features of so many inputs in one file: features-00000.safetensors and so on in -o, or that file',
      )
        .argParser(countOrAll)
        .conflicts(['latents', 'skipExisting']),
    )
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
    run((context) => decodeFiles(context, inputs, command)),
  );
}

async function decodeFiles(context: Context, patterns: string[], command: Command): Promise<number> {
  const { terminal, reporter } = context;
  const flags = command.opts<DecodeFlags>();
  const { force = false, latents = false, region, prefix, layer, dtype, shard, output, size } = flags;
  const picture = pictureFormat(flags);
  if (picture !== undefined) {
    checkNothingOfArrays(command);
    const given = await findInputs(context, patterns, flags, isDicmName);
    const options = { ...flags, format: picture, size: size ?? 'coded', region, output };
    return decodePictures(context, given, options);
  }
  if (size !== undefined) {
    throw new UsageError('option-needs-other', '--size is of a picture: give -o FILE.png, or --format png');
  }
  const format = chooseFormat(flags);
  const given = await findInputs(context, patterns, flags, isDicmName);
  if (shard !== undefined && format !== 'npy') {
    const options = { layer, dtype, region, prefix, force };
    return decodeIntoShards(context, given, { ...options, shard, format, output });
  }
  if (format === 'npz') {
    throw new UsageError(
      'option-needs-other',
      'a .npz file is for several inputs: give --shard, or --shard all',
    );
  }
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

/**
 * The format of the pictures that are asked for, if they are.
 *
 * @throws UsageError `format-mismatch`
 */
function pictureFormat({ output, format }: DecodeFlags): WrittenFormat | undefined {
  const named = output === undefined ? undefined : pictureFormatOf(output);
  const chosen = PICTURE_FORMATS.find((one) => one === format);
  if (named !== undefined && format !== undefined && named !== chosen) {
    throw new UsageError('format-mismatch', `--format ${format} does not go into ${output}`);
  }
  return chosen ?? named;
}

/** @throws UsageError `format-mismatch` */
function checkNothingOfArrays(command: Command): void {
  const given = ['layer', 'dtype', 'latents', 'shard', 'prefix'].find(
    (name) => command.getOptionValueSource(name) === 'cli',
  );
  if (given !== undefined) {
    throw new UsageError('format-mismatch', `--${given} is for arrays of features, not for a picture`);
  }
}

/** @throws UsageError `latents-need-safetensors`, `format-mismatch` */
function chooseFormat({ output, format, latents, shard }: DecodeFlags): ArrayFormat | ShardFormat {
  const extension = output === undefined ? '' : extname(output).toLowerCase();
  if (latents && (extension === '.npy' || format === 'npy')) {
    throw new UsageError(
      'latents-need-safetensors',
      'latents are two arrays: write them to a .safetensors file',
    );
  }
  const named = /^\.(npy|safetensors|npz)$/.exec(extension)?.[1] as ArrayFormat | ShardFormat | undefined;
  const chosen =
    (format as ArrayFormat | ShardFormat | undefined) ??
    named ??
    (latents || shard !== undefined ? 'safetensors' : 'npy');
  if (named !== undefined && named !== chosen) {
    throw new UsageError('format-mismatch', `--format ${chosen} does not go into ${output}`);
  }
  if (shard !== undefined && chosen === 'npy') {
    throw new UsageError('format-mismatch', 'a shard is a .safetensors or a .npz file: .npy holds one array');
  }
  return chosen;
}
