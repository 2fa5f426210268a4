import type { Command } from 'commander';
import { type BitReport, type DicmInfo, drawHeatmap, readInfo } from '../../index.js';
import { printable } from '../../printable.js';
import { type Context, type RunAction, withCodec } from '../context.js';
import { describeFailure, EXIT } from '../exit-codes.js';
import { expandInputs, isDicmName } from '../expand-inputs.js';
import { formatTable } from '../format.js';
import { checkOutputKind } from '../output-kinds.js';
import { readDicmFile } from '../read-input.js';
import { runBatch } from '../run-batch.js';
import { checkOutput, writeOutput } from '../write-output.js';

interface BitstreamFlags {
  heatmap?: string;
  force?: boolean;
}

/** Channels a line of the table of bits. */
const CHANNELS_A_LINE = 8;

/** Adds `dicm inspect bitstream`. */
export function addInspectBitstream(inspect: Command, run: RunAction) {
  inspect
    .command('bitstream')
    .summary('list every field of a .dicm file, and where its bits went')
    .description(
      'List every field of a .dicm file with its offset, size and value, and the bits of each channel.\n' +
        'The bits need the model of the file; the fields do not.',
    )
    .argument('<file>', '.dicm file, or - for stdin')
    .option('--heatmap <png>', 'draw where in the picture the bits went')
    .option('-f, --force', 'overwrite the heatmap')
    .action((file: string, _: unknown, command: Command) =>
      run((context) => inspectBitstream(context, file, command.opts<BitstreamFlags>())),
    );
}

async function inspectBitstream(context: Context, pattern: string, flags: BitstreamFlags): Promise<number> {
  const { reporter, options, signal } = context;
  const { heatmap, force = false } = flags;
  if (heatmap !== undefined) checkOutputKind(heatmap, 'a PNG picture', ['.png']);
  const given = await expandInputs([pattern], { recursive: false, accept: isDicmName });
  return runBatch(context, {
    given,
    inputs: given.inputs,
    nameOf: ({ path }) => path,
    work: async ({ path }, streams) => {
      if (heatmap !== undefined) await checkOutput(heatmap, force);
      const file = await readDicmFile(streams, path);
      const info = readInfo(file, options.limit);
      const bits = await measure(context, file, heatmap !== undefined, signal);
      if (heatmap !== undefined && bits !== undefined) {
        const png = await drawHeatmap(bits.positionBits, bits.height, bits.width);
        await writeOutput(heatmap, png, { force, signal });
      }
      return { path, info, bits };
    },
    report: ({ path, info, bits }) => {
      if (reporter.options.json) reporter.json(toJson(path, info, bits, heatmap));
      else reporter.text(describe(path, info, bits));
      if (heatmap !== undefined) reporter.say(`${path} -> ${heatmap}`);
    },
  });
}

/** Without its model a file still has fields; only a heatmap cannot do without. */
async function measure(
  context: Context,
  file: Uint8Array,
  needed: boolean,
  signal: AbortSignal,
): Promise<BitReport | undefined> {
  try {
    return await withCodec(context, (codec) => codec.measureBits(file, { signal }));
  } catch (error) {
    const { exitCode, message } = describeFailure(error);
    if (needed || exitCode !== EXIT.backend) throw error;
    context.reporter.warn(`bits are not shown: ${message}`);
    return undefined;
  }
}

function toJson(path: string, info: DicmInfo, bits: BitReport | undefined, heatmap: string | undefined) {
  const round = (values: Float64Array) => Array.from(values, (value) => Number(value.toFixed(2)));
  return {
    schema: 'dicm.bitstream/1',
    file: path,
    bytes: info.fileBytes,
    checksum: 'ok',
    fields: info.fields,
    sections: info.sections,
    bits:
      bits === undefined
        ? null
        : { latentChannels: round(bits.latentChannelBits), hyperChannels: round(bits.hyperChannelBits) },
    heatmap: heatmap ?? null,
  };
}

function describe(path: string, info: DicmInfo, bits: BitReport | undefined): string {
  const fields = [
    ['offset', 'bytes', 'field', 'value'],
    ...info.fields.map(({ offset, bytes, name, value }) => [String(offset), String(bytes), name, value]),
  ];
  const parts = [printable(path), formatTable(fields, [0, 1])];
  if (bits !== undefined) {
    parts.push(
      describeChannels('hyper-latent', bits.hyperChannelBits),
      describeChannels('latent', bits.latentChannelBits),
    );
  }
  return parts.join('\n\n');
}

function describeChannels(name: string, bits: Float64Array): string {
  const total = bits.reduce((sum, value) => sum + value, 0);
  const rows: string[][] = [];
  for (let from = 0; from < bits.length; from += CHANNELS_A_LINE) {
    const cells = Array.from(bits.subarray(from, from + CHANNELS_A_LINE), (value) => value.toFixed(1));
    while (cells.length < CHANNELS_A_LINE) cells.push('');
    rows.push([`${from}`, ...cells]);
  }
  const columns = Array.from({ length: CHANNELS_A_LINE + 1 }, (_, column) => column);
  return `bits of the ${bits.length} ${name} channels, ${total.toFixed(1)} in all\n${formatTable(rows, columns)}`;
}
