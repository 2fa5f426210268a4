import { type Command, Option } from 'commander';
import { defaultMaxSide, defaultQuality, type EncodedImage, type MaxSide } from '../../index.js';
import { announceBackend, type Context, jobsOf, type RunAction, withCodec } from '../context.js';
import { expandInputs, isPictureName } from '../expand-inputs.js';
import { formatBytes, formatSize } from '../format.js';
import { numberBetween, positiveNumber, sideOrNone, wholeNumber } from '../parse-numbers.js';
import { makeFolders, type PlannedOutput, planOutputs } from '../plan-outputs.js';
import { openProgress } from '../progress.js';
import { readSpecialFile } from '../read-special-file.js';
import { runInputs } from '../run-inputs.js';
import {
  checkStandardOutput,
  readStandardInput,
  STANDARD,
  writeStandardOutput,
} from '../standard-streams.js';
import { checkOutput, writeOutput } from '../write-output.js';

interface EncodeFlags {
  output?: string;
  quality?: number;
  targetBpp?: number;
  targetBytes?: number;
  maxSide: MaxSide;
  recursive?: boolean;
  force?: boolean;
}

/** Adds `dicm encode`. */
export function addEncode(program: Command, run: RunAction) {
  program
    .command('encode')
    .summary('turn photographs into .dicm files')
    .description(
      'Turn photographs into .dicm files, each beside its photograph unless -o says otherwise.\n' +
        'INPUT is a file, a pattern, a directory with -r, or - for stdin.',
    )
    .argument('<input...>', 'photographs, in any format the image library reads')
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
    .addOption(
      new Option('--max-side <pixels>', 'fit the longer side to this many pixels; none keeps every pixel')
        .argParser(sideOrNone)
        .default(defaultMaxSide),
    )
    .option('-r, --recursive', 'take the photographs in directories too')
    .option('-f, --force', 'overwrite files')
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) => encodeFiles(context, inputs, command.opts<EncodeFlags>())),
    );
}

async function encodeFiles(context: Context, patterns: string[], flags: EncodeFlags): Promise<number> {
  const { terminal, reporter } = context;
  const { force = false, recursive = false } = flags;
  const inputs = await expandInputs(patterns, { recursive, accept: isPictureName });
  const planned = await planOutputs(inputs, flags.output, '.dicm');
  if (planned.some(({ output }) => output === STANDARD)) checkStandardOutput(context, 'the .dicm file');
  return withCodec(context, async (codec) => {
    // First of all, so that a missing model or executor is one error and not one for each file.
    const model = await codec.openModel();
    const backend = await announceBackend(context, codec);
    reporter.explain(`model ${model.name}, decode id ${model.decodeId}, render id ${model.renderId}`);
    await makeFolders(planned, flags.output);
    const progress = await openProgress(context, 'encoding', inputs.length);
    const encodeOne = async ({ input, output }: PlannedOutput, signal: AbortSignal) => {
      const started = performance.now();
      if (output !== STANDARD) await checkOutput(output, force);
      const image =
        input.path === STANDARD
          ? await readStandardInput(context, 'maxArrayBytes')
          : ((await readSpecialFile(context, input.path, 'maxArrayBytes')) ?? input.path);
      const encoded = await codec.encode(image, {
        quality: flags.quality,
        targetBpp: flags.targetBpp,
        targetBytes: flags.targetBytes,
        maxSide: flags.maxSide,
        signal,
        onProgress: (done, total) => progress.tiles(input.path, done, total),
      });
      if (output === STANDARD) await writeStandardOutput(terminal, encoded.bytes);
      else await writeOutput(output, encoded.bytes, { force, signal });
      const elapsedMs = Math.round(performance.now() - started);
      return () => reportEncoded(context, input.path, output, encoded, backend, elapsedMs);
    };
    try {
      return await runInputs(context, planned, encodeOne, {
        // Large pictures are coded one at a time: their memory adds up.
        jobs: flags.maxSide === 'none' && context.options.jobs === undefined ? 1 : jobsOf(context),
        nameOf: ({ input }) => input.path,
        onDone: progress.fileDone,
      });
    } finally {
      progress.stop();
    }
  });
}

function reportEncoded(
  { reporter }: Context,
  input: string,
  output: string,
  encoded: EncodedImage,
  backend: string,
  elapsedMs: number,
): void {
  const { bytes, bpp, width, height, sourceWidth, sourceHeight, quality } = encoded;
  const { targetBytes, targetReached, notes } = encoded;
  if (reporter.options.json) {
    reporter.json({
      schema: 'dicm.encode/1',
      input,
      output,
      bytes: bytes.length,
      bpp,
      width,
      height,
      sourceWidth,
      sourceHeight,
      quality,
      backend,
      elapsedMs,
      model: encoded.model.name,
      ...(targetBytes === undefined ? {} : { targetBytes, targetReached }),
      notes,
    });
  }
  reporter.say(
    `${input} -> ${output === STANDARD ? 'stdout' : output}  ${formatSize(width, height)}  ` +
      `${formatBytes(bytes.length)}  ${bpp.toFixed(3)} bpp  quality ${quality}`,
  );
  for (const note of notes) reporter.explain(`${input}: ${note}`);
  if (targetReached === false)
    reporter.warn(`${input}: ${describeMiss(bytes.length, targetBytes!, quality)}`);
}

function describeMiss(sizeBytes: number, targetBytes: number, quality: number): string {
  if (sizeBytes > targetBytes) {
    return `the smallest file, at quality 1, takes ${sizeBytes} bytes, more than the target of ${targetBytes}`;
  }
  const reason = quality === 100 ? 'the largest file, at quality 100,' : 'the largest file within the target';
  return `${reason} takes ${sizeBytes} bytes of ${targetBytes}`;
}
