import type { Command } from 'commander';
import { type DicmInfo, listInstalledModels, readInfo, shortestQuality } from '../../index.js';
import { type Context, jobsOf, type RunAction } from '../context.js';
import { expandInputs, type Input, isDicmName } from '../expand-inputs.js';
import { formatBytes, formatSize, formatTable } from '../format.js';
import { readDicmFile } from '../read-dicm-file.js';
import { runInputs } from '../run-inputs.js';
import { addInspectBitstream } from './inspect-bitstream.js';

/** Adds `dicm inspect` and `dicm inspect bitstream`. */
export function addInspect(program: Command, run: RunAction) {
  const inspect = program
    .command('inspect')
    .summary('say what the headers of .dicm files tell')
    .description('Say what the headers of .dicm files tell. Loads no model and runs no network.')
    .argument('<file...>', '.dicm files, patterns, directories with -r, or - for stdin')
    .option('-r, --recursive', 'take the .dicm files in directories too')
    .action((inputs: string[], _: unknown, command: Command) =>
      run((context) => inspectFiles(context, inputs, command.opts<{ recursive?: boolean }>())),
    );
  addInspectBitstream(inspect, run);
}

async function inspectFiles(
  context: Context,
  patterns: string[],
  { recursive = false }: { recursive?: boolean },
): Promise<number> {
  const { reporter, options } = context;
  const inputs = await expandInputs(patterns, { recursive, accept: isDicmName });
  const names = await modelNames();
  const inspectOne = async ({ path }: Input) => {
    const info = readInfo(await readDicmFile(context, path), options.limit);
    const summary = summarise(path, info, names.get(info.header.decodeId) ?? null);
    return () => {
      if (reporter.options.json) reporter.json({ schema: 'dicm.inspect/1', ...summary });
      else reporter.text(describe(summary));
    };
  };
  return runInputs(context, inputs, inspectOne, { jobs: jobsOf(context), nameOf: ({ path }) => path });
}

/** Names of the installed models by decode id. A header can be read without any, so none is an error here. */
export async function modelNames(): Promise<Map<string, string>> {
  const models = await listInstalledModels().catch(() => []);
  return new Map(models.map(({ decodeId, name }) => [decodeId, name]));
}

/** What the header of a file tells, in the keys of `dicm.inspect/1`. */
export function summarise(file: string, info: DicmInfo, modelName: string | null) {
  const { header, fileBytes, payloadBytes, overheadBytes, sections } = info;
  const { width, height, sourceWidth, sourceHeight, profile, decodeId, renderId } = header;
  return {
    file,
    bytes: fileBytes,
    payloadBytes,
    overheadBytes,
    bpp: (8 * fileBytes) / (width * height),
    width,
    height,
    sourceWidth,
    sourceHeight,
    quality: shortestQuality(header.qualityPosition),
    profile,
    version: `${header.versionMajor}.${header.versionMinor}`,
    model: { name: modelName, decodeId, renderId },
    tiles: info.tileColumns * info.tileRows,
    sections,
    orientation: header.orientation,
  };
}

function describe(summary: ReturnType<typeof summarise>): string {
  const { bytes, payloadBytes, overheadBytes, width, height, sourceWidth, sourceHeight, model } = summary;
  const rows = [
    ['  size', `${formatSize(width, height)} pixels, from ${formatSize(sourceWidth, sourceHeight)}`],
    [
      '  bytes',
      `${formatBytes(bytes)}, ${formatBytes(payloadBytes)} of them payload, ${overheadBytes} B around it`,
    ],
    ['  rate', `${summary.bpp.toFixed(3)} bpp, quality ${summary.quality}`],
    ['  profile', `${summary.profile}, format ${summary.version}`],
    ['  model', `${model.name ?? 'not installed'}, decode id ${model.decodeId}, render id ${model.renderId}`],
    ['  tiles', String(summary.tiles)],
  ];
  const others = summary.sections.filter(({ tag }) => tag !== 'tile');
  for (const { tag, bytes: size } of others) rows.push([`  ${tag}`, formatBytes(size)]);
  return `${summary.file}\n${formatTable(rows)}`;
}
