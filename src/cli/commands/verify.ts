import type { Command } from 'commander';
import { type Context, jobsOf, type RunAction, withCodec } from '../context.js';
import { describeFailure } from '../exit-codes.js';
import { expandInputs, type Input, isDicmName } from '../expand-inputs.js';
import { openProgress } from '../progress.js';
import { readDicmFile } from '../read-dicm-file.js';
import { runInputs } from '../run-inputs.js';

/** Adds `dicm verify`. */
export function addVerify(program: Command, run: RunAction) {
  program
    .command('verify')
    .summary('decode .dicm files completely and compare their checksums')
    .description(
      'Decode .dicm files completely and compare both checksums. Says nothing about good files.\n' +
        'Needs the model of a file, but no backend.',
    )
    .argument('<file...>', '.dicm files, patterns, directories with -r, or - for stdin')
    .option('-r, --recursive', 'take the .dicm files in directories too')
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) => verifyFiles(context, inputs, command.opts<{ recursive?: boolean }>())),
    );
}

async function verifyFiles(
  context: Context,
  patterns: string[],
  { recursive = false }: { recursive?: boolean },
): Promise<number> {
  const { reporter } = context;
  const inputs = await expandInputs(patterns, { recursive, accept: isDicmName });
  return withCodec(context, async (codec) => {
    const progress = await openProgress(context, 'verifying', inputs.length);
    const verifyOne = async ({ path }: Input, signal: AbortSignal) => {
      await codec.verify(await readDicmFile(context, path), {
        signal,
        onProgress: (done, total) => progress.tiles(path, done, total),
      });
      return () => {
        if (reporter.options.json) report(context, { file: path, ok: true });
        reporter.explain(`${path}: good`);
      };
    };
    try {
      return await runInputs(context, inputs, verifyOne, {
        jobs: jobsOf(context),
        nameOf: ({ path }) => path,
        onDone: progress.fileDone,
        onFailure: ({ path }, error) => {
          if (!reporter.options.json) return false;
          const { code, message } = describeFailure(error);
          report(context, { file: path, ok: false, error: { code, message } });
          return true;
        },
      });
    } finally {
      progress.stop();
    }
  });
}

function report(
  { reporter }: Context,
  result: { file: string; ok: boolean; error?: { code: string; message: string } },
): void {
  reporter.json({ schema: 'dicm.verify/1', ...result });
}
