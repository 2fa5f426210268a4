import type { Command } from 'commander';
import { type ModelIdentity, UsageError } from '../../index.js';
import { announceBackend, type Context, type RunAction, withCodec } from '../context.js';
import {
  addEncodeOptions,
  addViewOptions,
  type CodingFlags,
  layeredOptions,
  type ViewFlags,
} from '../encode-options.js';
import {
  addExistingOptions,
  addUpdateOption,
  type ExistingFlags,
  reasonToSkip,
} from '../existing-outputs.js';
import { EXIT } from '../exit-codes.js';
import { isPictureName } from '../expand-inputs.js';
import { addInputs, findInputs, type InputFlags } from '../input-options.js';
import { isMadeSo } from '../is-made-so.js';
import { type EncodeResult, encodeOne, reportEncoded } from '../jobs/encode-one.js';
import { checkOutputKind } from '../output-kinds.js';
import { makeFolders, planOutputs } from '../plan-outputs.js';
import { runBatch } from '../run-batch.js';
import { STANDARD } from '../terminal.js';
import { checkStandardOutput } from '../write-output.js';

interface EncodeFlags extends InputFlags, ExistingFlags, CodingFlags, ViewFlags {
  output?: string;
  keepExtension?: boolean;
  strict?: boolean;
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
  addViewOptions(addEncodeOptions(encode.option('-o, --output <path>', 'file, directory, or - for stdout')))
    .option('--strict', 'exit with 1 where --keep could not be kept; the files are written')
    .option('--keep-extension', 'name a.jpg.dicm what comes of a.jpg, not a.dicm');
  addUpdateOption(addExistingOptions(encode)).action((inputs: string[], _: unknown, command: Command) =>
    run((context) => encodeFiles(context, inputs, command.opts<EncodeFlags>())),
  );
}

async function encodeFiles(context: Context, patterns: string[], flags: EncodeFlags): Promise<number> {
  const { terminal, reporter } = context;
  const { keepExtension, strict = false } = flags;
  const options = layeredOptions(flags);
  const { layers = ['machine'] } = options;
  if (strict && options.keep === undefined) {
    throw new UsageError('option-needs-other', '--strict is for what --keep says; give that too');
  }
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
    const models: ModelIdentity[] = [];
    for (const layer of layers) models.push(await codec.openModel({ layer }));
    await announceBackend(context, codec);
    for (const { name, decodeId, renderId } of models) {
      reporter.explain(`model ${name}, decode id ${decodeId}, render id ${renderId}`);
    }
    await makeFolders(planned, flags.output);
    const force = flags.force === true || flags.update === true;
    const isLarge = options.viewSide === 'none' || (layers.includes('machine') && options.maxSide === 'none');
    let isLost = false;
    const exitCode = await runBatch<(typeof planned)[number], EncodeResult>(context, {
      inputs: planned,
      given,
      verb: 'encoding',
      nameOf: ({ input }) => input.path,
      // Large pictures are coded one at a time: their memory adds up.
      ...(isLarge && context.options.jobs === undefined && { jobs: 1 }),
      skip: ({ input, output }) =>
        reasonToSkip({ input: input.path, output }, flags, () =>
          isMadeSo(output, { models, options, limits: context.options.limit }),
        ),
      work: ({ input, output }, job) =>
        encodeOne({ ...options, force, input: input.path, output }, { ...job, codec }),
      report: (result) => {
        isLost ||= result.kept === false;
        reportEncoded(reporter, result);
      },
      bytesOf: ({ inputBytes, bytes }) => ({ in: inputBytes, out: bytes }),
    });
    return strict && isLost && exitCode === EXIT.ok ? EXIT.someFailed : exitCode;
  });
}
