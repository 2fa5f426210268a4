import { extname } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../../errors.js';
import { announceBackend, type Context, type RunAction, withCodec } from '../context.js';
import { expandInputs, isDicmName } from '../expand-inputs.js';
import { embedOne, reportEmbedding } from '../jobs/embed-one.js';
import { addPartOptions, type PartFlags } from '../option-values.js';
import { makeFolders, planOutputs } from '../plan-outputs.js';
import { runBatch } from '../run-batch.js';
import { STANDARD } from '../terminal.js';
import { checkStandardOutput } from '../write-output.js';

interface EmbedFlags extends PartFlags {
  output?: string;
  recursive?: boolean;
  force?: boolean;
}

/** Adds `dicm analyze embed`. */
export function addEmbed(analyze: Command, run: RunAction) {
  const embed = analyze
    .command('embed')
    .summary('a picture as a vector, for searches and classifiers')
    .description(
      'Write pictures as vectors: layer 4 of the network, pooled, in 32-bit floats.\n' +
        'Without -o each is a JSON object on a line of stdout.',
    )
    .argument('<file...>', '.dicm files, patterns, directories with -r, or - for stdin')
    .option('-o, --output <path>', 'file (.npy), directory, or - for stdout');
  addPartOptions(embed)
    .option('-r, --recursive', 'take the .dicm files in directories too')
    .option('-f, --force', 'overwrite files')
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) => embedFiles(context, inputs, command.opts<EmbedFlags>())),
    );
}

async function embedFiles(context: Context, patterns: string[], flags: EmbedFlags): Promise<number> {
  const { terminal, reporter } = context;
  const { output: option, force = false, recursive = false, region, prefix } = flags;
  const inputs = await expandInputs(patterns, { recursive, accept: isDicmName });
  const planned = option === undefined ? [] : await planOutputs(inputs, option, '.npy');
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
      inputs: inputs.map((input, i) => ({ input: input.path, output: planned[i]?.output })),
      verb: 'embedding',
      nameOf: ({ input }) => input,
      work: (paths, job) => embedOne({ ...paths, force, region, prefix }, { ...job, codec }),
      report: (result) => reportEmbedding(reporter, result),
    });
  });
}
