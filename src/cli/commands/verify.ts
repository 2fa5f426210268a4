import type { Command } from 'commander';
import { type Context, type RunAction, withCodec } from '../context.js';
import { isDicmName } from '../expand-inputs.js';
import { addInputs, DICM_INPUTS, findInputs, type InputFlags } from '../input-options.js';
import { reportNotVerified, reportVerified, verifyOne } from '../jobs/verify-one.js';
import { addPrefixOption } from '../option-values.js';
import { runBatch } from '../run-batch.js';

interface VerifyFlags extends InputFlags {
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
    );
  addPrefixOption(addInputs(verify, DICM_INPUTS)).action((inputs: string[], _: unknown, command: Command) =>
    run((context) => verifyFiles(context, inputs, command.opts<VerifyFlags>())),
  );
}

async function verifyFiles(context: Context, patterns: string[], flags: VerifyFlags): Promise<number> {
  const { reporter } = context;
  const { prefix } = flags;
  const given = await findInputs(context, patterns, flags, isDicmName);
  return withCodec(context, (codec) =>
    runBatch(context, {
      given,
      inputs: given.inputs,
      verb: 'verifying',
      nameOf: ({ path }) => path,
      work: ({ path }, job) => verifyOne({ input: path, prefix }, { ...job, codec }),
      report: (result) => reportVerified(reporter, result),
      bytesOf: ({ bytes }) => ({ in: bytes }),
      reportFailure: ({ path }, error) => reportNotVerified(reporter, path, error),
    }),
  );
}
