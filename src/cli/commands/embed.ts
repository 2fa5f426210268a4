import { extname } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../../errors.js';
import { announceBackend, type Context, type RunAction, withCodec } from '../context.js';
import { addExistingOptions, type ExistingFlags, reasonToSkip } from '../existing-outputs.js';
import { isDicmName } from '../expand-inputs.js';
import { addInputs, DICM_INPUTS, findInputs, type InputFlags } from '../input-options.js';
import { embedOne, reportEmbedding } from '../jobs/embed-one.js';
import { addPartOptions, type PartFlags } from '../option-values.js';
import { makeFolders, planOutputs } from '../plan-outputs.js';
import { runBatch } from '../run-batch.js';
import { STANDARD } from '../terminal.js';
import { checkStandardOutput } from '../write-output.js';

interface EmbedFlags extends PartFlags, InputFlags, ExistingFlags {
  output?: string;
}

/** Adds `dicm analyze embed`. */
export function addEmbed(analyze: Command, run: RunAction) {
  const embed = analyze
    .command('embed')
    .summary('a picture as a vector, for searches and classifiers')
    .description(
      'Write pictures as vectors: layer 4 of the network, pooled, in 32-bit floats.\n' +
        'Without -o each is a JSON object on a line of stdout.',
    );
  addInputs(embed, DICM_INPUTS).option('-o, --output <path>', 'file (.npy), directory, or - for stdout');
  addExistingOptions(addPartOptions(embed)).action((inputs: string[], _: unknown, command: Command) =>
    run((context) => embedFiles(context, inputs, command.opts<EmbedFlags>())),
  );
}

async function embedFiles(context: Context, patterns: string[], flags: EmbedFlags): Promise<number> {
  const { terminal, reporter } = context;
  const { output: option, force = false, region, prefix } = flags;
  const given = await findInputs(context, patterns, flags, isDicmName);
  const planned = option === undefined ? [] : await planOutputs(given, option, { extension: '.npy' });
  for (const { output } of planned) {
    if (output === STANDARD) checkStandardOutput(terminal.stdout, reporter.options.json, 'the array');
    else if (extname(output).toLowerCase() !== '.npy') {
      throw new UsageError(
        'embedding-not-npy',
        `${output}: vectors are .npy files; give it a name ending in .npy`,
      );
    }
  }
  return withCodec(context, async (codec) => {
    await announceBackend(context, codec);
    await makeFolders(planned, option);
    return runBatch(context, {
      given,
      inputs: given.inputs.map((input, i) => ({ input: input.path, output: planned[i]?.output })),
      verb: 'embedding',
      nameOf: ({ input }) => input,
      skip: (paths) => reasonToSkip(paths, flags),
      work: (paths, job) => embedOne({ ...paths, force, region, prefix }, { ...job, codec }),
      report: (result) => reportEmbedding(reporter, result),
      bytesOf: ({ inputBytes, bytes }) => ({ in: inputBytes, out: bytes }),
    });
  });
}
