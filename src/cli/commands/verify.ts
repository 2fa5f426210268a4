import type { Command } from 'commander';
import { type Context, type RunAction, withCodec } from '../context.js';
import { expandInputs, isDicmName } from '../expand-inputs.js';
import { reportNotVerified, reportVerified, verifyOne } from '../jobs/verify-one.js';
import { addPrefixOption } from '../option-values.js';
import { runBatch } from '../run-batch.js';

interface VerifyFlags {
  recursive?: boolean;
  prefix?: boolean;
}

/** Adds `dicm verify`. */
export function addVerify(program: Command, run: RunAction) {
  const verify = program
    .command('verify')
    .summary('decode .dicm files completely and compare their checksums')
    .description(
      'Decode .dicm files completely, all layers, and compare their checksums, and the digest where there is one.\n' +
        'Says nothing about good files. Needs the model of a file, but no backend.',
    )
    .argument('<file...>', '.dicm files, patterns, directories with -r, or - for stdin')
    .option('-r, --recursive', 'take the .dicm files in directories too');
  addPrefixOption(verify).action((inputs: string[], _: unknown, command: Command) =>
    run((context) => verifyFiles(context, inputs, command.opts<VerifyFlags>())),
  );
}

async function verifyFiles(
  context: Context,
  patterns: string[],
  { recursive = false, prefix }: VerifyFlags,
): Promise<number> {
  const { reporter } = context;
  const inputs = await expandInputs(patterns, { recursive, accept: isDicmName });
  return withCodec(context, (codec) =>
    runBatch(context, {
      inputs,
      verb: 'verifying',
      nameOf: ({ path }) => path,
      work: ({ path }, job) => verifyOne({ input: path, prefix }, { ...job, codec }),
      report: (result) => reportVerified(reporter, result),
      reportFailure: ({ path }, error) => reportNotVerified(reporter, path, error),
    }),
  );
}
