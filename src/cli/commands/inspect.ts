import type { Command } from 'commander';
import { shortestQuality } from '../../codec/shortest-quality.js';
import type { DicmInfo, LayerInfo } from '../../container/dicm-file.js';
import { layerNameOf } from '../../container/profiles.js';
import { readInfo } from '../../container/read-info.js';
import { listInstalledModels } from '../../platform/node/inventory.js';
import { printable } from '../../printable.js';
import type { Context, RunAction } from '../context.js';
import { isDicmName } from '../expand-inputs.js';
import { formatBytes, formatSize, formatTable } from '../format.js';
import { addInputs, DICM_INPUTS, findInputs, type InputFlags } from '../input-options.js';
import { readDicmFile } from '../read-input.js';
import { runBatch } from '../run-batch.js';

/**
 * Adds `dicm inspect`.
 *
 * @returns The command, for the commands below it.
 */
export function addInspect(program: Command, run: RunAction): Command {
  const inspect = program
    .command('inspect')
    .summary('say what the headers of .dicm files tell')
    .description('Say what the headers of .dicm files tell. Loads no model and runs no network.');
  return addInputs(inspect, DICM_INPUTS).action((inputs: string[], _: unknown, command: Command) =>
    run((context) => inspectFiles(context, inputs, command.opts<InputFlags>())),
  );
}

/**
 * Says what the headers of .dicm files tell; no model is loaded and no network run.
 *
 * @returns The exit code.
 */
export async function inspectFiles(context: Context, patterns: string[], flags: InputFlags): Promise<number> {
  const { reporter, options } = context;
  const given = await findInputs(context, patterns, flags, isDicmName);
  // The manifests are read while the files are.
  const listing = modelNames();
  return runBatch(context, {
    given,
    inputs: given.inputs,
    nameOf: ({ path }) => path,
    work: async ({ path }, streams) => {
      const info = readInfo(await readDicmFile(streams, path), options.limit);
      return summarise(path, info, await listing);
    },
    bytesOf: ({ bytes }) => ({ in: bytes }),
    report: (summary) => {
      if (reporter.options.json) reporter.json({ schema: 'dicm.inspect/1', ...summary });
      else reporter.text(describe(summary));
    },
  });
}

/** Names of the installed models by decode id. A header can be read without any, so none is an error here. */
async function modelNames(): Promise<Map<string, string>> {
  const models = await listInstalledModels().catch(() => []);
  const reads = models.flatMap(({ name, decodeId, earlierDecodeIds }) =>
    [decodeId, ...earlierDecodeIds].map((id) => [id, name] as const),
  );
  // Of two models that read a file the first is the one that will.
  return new Map(reads.reverse());
}

/** What the header of a file tells, in the keys of `dicm.inspect/1`. */
function summarise(file: string, info: DicmInfo, models: ReadonlyMap<string, string>) {
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
    model: { name: models.get(decodeId) ?? null, decodeId, renderId },
    tiles: info.tileColumns * info.tileRows,
    sections,
    orientation: header.orientation,
    layers: info.layers.map((layer) => summariseLayer(layer, models)),
    prefixBytes: info.prefixBytes ?? null,
    digest: info.digest ?? null,
  };
}

function summariseLayer(layer: LayerInfo, models: ReadonlyMap<string, string>) {
  const { profile, width, height, qualityPosition, decodeId, renderId, offset, bytes, payloadBytes } = layer;
  return {
    name: layerNameOf(profile),
    profile,
    width,
    height,
    quality: shortestQuality(qualityPosition),
    model: { name: models.get(decodeId) ?? null, decodeId, renderId },
    tiles: layer.tileColumns * layer.tileRows,
    offset,
    bytes,
    payloadBytes,
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
  if (summary.prefixBytes !== null) {
    rows.push(['  prefix', `${formatBytes(summary.prefixBytes)} are enough for the first layer`]);
  }
  // Of a single layer all has been said.
  if (summary.layers.length > 1) {
    for (const layer of summary.layers) rows.push([`  ${layer.name} layer`, describeLayer(layer)]);
  }
  // Tiles, prefix check, digest and layers have been told of, but for layers that this version does not know.
  const known = new Set(summary.layers.map(({ offset }) => offset));
  const others = summary.sections.filter(
    ({ tag, offset }) => !['tile', 'prefix-check', 'digest'].includes(tag) && !known.has(offset),
  );
  for (const { tag, bytes: size } of others) rows.push([`  ${tag}`, formatBytes(size)]);
  if (summary.digest !== null) rows.push(['  digest', `SHA-256 ${summary.digest}, compared by verify`]);
  return `${printable(summary.file)}\n${formatTable(rows)}`;
}

function describeLayer({
  width,
  height,
  quality,
  model,
  tiles,
  bytes,
}: ReturnType<typeof summariseLayer>): string {
  const size = `${formatBytes(bytes)}, ${formatSize(width, height)} pixels in ${tiles} ${tiles === 1 ? 'tile' : 'tiles'}`;
  return `${size}, quality ${quality}, model ${model.name ?? 'not installed'}, decode id ${model.decodeId}`;
}
