import { shortestQuality } from '../codec/shortest-quality.js';
import { type DicmInfo, readInfo } from '../container/index.js';
import { listInstalledModels } from '../session/inventory.js';
import { type Context, jobsOf } from './context.js';
import { expandInputs, type Input, isDicmName } from './expand-inputs.js';
import { formatBytes, formatSize, formatTable } from './format.js';
import { readDicmFile } from './read-dicm-file.js';
import { runInputs } from './run-inputs.js';

/**
 * Says what the headers of .dicm files tell; no model is loaded and no network run.
 *
 * @returns The exit code.
 */
export async function inspectFiles(
  context: Context,
  patterns: string[],
  { recursive = false }: { recursive?: boolean },
): Promise<number> {
  const { reporter, options } = context;
  const inputs = await expandInputs(patterns, { recursive, accept: isDicmName });
  // The manifests are read while the files are.
  const listing = modelNames();
  const inspectOne = async ({ path }: Input) => {
    const info = readInfo(await readDicmFile(context, path), options.limit);
    const summary = summarise(path, info, (await listing).get(info.header.decodeId) ?? null);
    return () => {
      if (reporter.options.json) reporter.json({ schema: 'dicm.inspect/1', ...summary });
      else reporter.text(describe(summary));
    };
  };
  return runInputs(context, inputs, inspectOne, { jobs: jobsOf(context), nameOf: ({ path }) => path });
}

/** Names of the installed models by decode id. A header can be read without any, so none is an error here. */
async function modelNames(): Promise<Map<string, string>> {
  const models = await listInstalledModels().catch(() => []);
  return new Map(models.map(({ decodeId, name }) => [decodeId, name]));
}

/** What the header of a file tells, in the keys of `dicm.inspect/1`. */
function summarise(file: string, info: DicmInfo, modelName: string | null) {
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
