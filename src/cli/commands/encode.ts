import { type Command, Option } from 'commander';
import { defaultMaxSide, defaultQuality, type MaxSide, type MetadataChoice } from '../../index.js';
import { announceBackend, type Context, type RunAction, withCodec } from '../context.js';
import {
  addExistingOptions,
  addUpdateOption,
  type ExistingFlags,
  reasonToSkip,
} from '../existing-outputs.js';
import { isPictureName } from '../expand-inputs.js';
import { addInputs, findInputs, type InputFlags } from '../input-options.js';
import { isMadeSo } from '../is-made-so.js';
import { encodeOne, reportEncoded } from '../jobs/encode-one.js';
import {
  numberBetween,
  positiveNumber,
  sideOrNone,
  wholeNumber,
  wholeNumberBetween,
} from '../option-values.js';
import { checkOutputKind } from '../output-kinds.js';
import { makeFolders, planOutputs } from '../plan-outputs.js';
import { runBatch } from '../run-batch.js';
import { STANDARD } from '../terminal.js';
import { checkStandardOutput } from '../write-output.js';

interface EncodeFlags extends InputFlags, ExistingFlags {
  output?: string;
  quality?: number;
  targetBpp?: number;
  targetBytes?: number;
  effort?: number;
  maxSide: MaxSide;
  metadata: MetadataChoice;
  tolerateDamage?: boolean;
  digest?: boolean;
  keepExtension?: boolean;
}

/** Adds `dicm encode`. */
export function addEncode(program: Command, run: RunAction) {
  const encode = program
    .command('encode')
    .summary('turn photographs into .dicm files')
    .description(
      'Turn photographs into .dicm files, each beside its photograph unless -o says otherwise.\n' +
        'INPUT is a file, a pattern, a directory with -r, or - for stdin.',
    );
  addInputs(encode, {
    argument: 'input',
    about: 'photographs, in any format the image library reads',
    files: 'photographs',
  });
  encode
    .option('-o, --output <path>', 'file, directory, or - for stdout')
    .addOption(
      new Option('-q, --quality <number>', `from 1, smallest, to 100, best (default: ${defaultQuality})`)
        .argParser(numberBetween(1, 100))
        .conflicts(['targetBpp', 'targetBytes']),
    )
    .addOption(
      new Option('--target-bpp <number>', 'largest file within this many bits per coded pixel')
        .argParser(positiveNumber)
        .conflicts(['targetBytes']),
    )
    .addOption(
      new Option('--target-bytes <count>', 'largest file within this many bytes').argParser(wholeNumber(1)),
    )
    .option(
      '--effort <1..9>',
      'search for better symbols: 1 none, each further one takes twice as long (default: 1)',
      wholeNumberBetween(1, 9),
    )
    .addOption(
      new Option('--max-side <pixels>', 'fit the longer side to this many pixels; none keeps every pixel')
        .argParser(sideOrNone)
        .default(defaultMaxSide),
    )
    .addOption(
      new Option('--metadata <what>', 'keep of the photograph; exif and all keep the place it was taken')
        .choices(['none', 'icc', 'exif', 'all'])
        .default('none'),
    )
    .option('--tolerate-damage', 'read what can be read of damaged photographs')
    .option('--digest', 'add a SHA-256 of all that the file holds, which verify compares; no signature')
    .option('--keep-extension', 'name a.jpg.dicm what comes of a.jpg, not a.dicm');
  addUpdateOption(addExistingOptions(encode)).action((inputs: string[], _: unknown, command: Command) =>
    run((context) => encodeFiles(context, inputs, command.opts<EncodeFlags>())),
  );
}

async function encodeFiles(context: Context, patterns: string[], flags: EncodeFlags): Promise<number> {
  const { terminal, reporter } = context;
  const { quality, targetBpp, targetBytes, effort, maxSide } = flags;
  const { metadata, tolerateDamage, digest, keepExtension } = flags;
  const given = await findInputs(context, patterns, flags, isPictureName);
  const planned = await planOutputs(given, flags.output, {
    extension: '.dicm',
    keepExtension,
    collisionHint: '--keep-extension keeps them apart',
  });
  for (const { output } of planned) checkOutputKind(output, 'a .dicm file', ['.dicm']);
  if (planned.some(({ output }) => output === STANDARD)) {
    checkStandardOutput(terminal.stdout, reporter.options.json, 'the .dicm file');
  }
  return withCodec(context, async (codec) => {
    // First of all, so that a missing model or executor is one error and not one for each file.
    const model = await codec.openModel();
    await announceBackend(context, codec);
    reporter.explain(`model ${model.name}, decode id ${model.decodeId}, render id ${model.renderId}`);
    await makeFolders(planned, flags.output);
    const rate = { quality, targetBpp, targetBytes };
    const force = flags.force === true || flags.update === true;
    const options = { ...rate, effort, maxSide, metadata, tolerateDamage, digest };
    return runBatch(context, {
      inputs: planned,
      given,
      verb: 'encoding',
      nameOf: ({ input }) => input.path,
      // Large pictures are coded one at a time: their memory adds up.
      ...(maxSide === 'none' && context.options.jobs === undefined && { jobs: 1 }),
      skip: ({ input, output }) =>
        reasonToSkip({ input: input.path, output }, flags, () =>
          isMadeSo(output, { model, options, limits: context.options.limit }),
        ),
      work: ({ input, output }, job) =>
        encodeOne({ ...options, force, input: input.path, output }, { ...job, codec }),
      report: (result) => reportEncoded(reporter, result),
      bytesOf: ({ inputBytes, bytes }) => ({ in: inputBytes, out: bytes }),
    });
  });
}
