import { stat } from 'node:fs/promises';
import type { EncodedImage, EncodedView, EncodeOptions } from '../../index.js';
import { formatBytes, formatSize } from '../format.js';
import { readPicture } from '../read-input.js';
import type { Reporter } from '../reporter.js';
import { STANDARD } from '../terminal.js';
import { checkOutput, writeResult } from '../write-output.js';
import type { JobContext } from './job.js';

/** A photograph to encode. */
export interface EncodeJob
  extends Pick<
    EncodeOptions,
    | 'quality'
    | 'targetBpp'
    | 'targetBytes'
    | 'keep'
    | 'minScore'
    | 'effort'
    | 'maxSide'
    | 'metadata'
    | 'tolerateDamage'
    | 'digest'
    | 'layers'
    | 'viewQuality'
    | 'viewSide'
  > {
  /** Path of the photograph, or `-` for stdin. */
  input: string;
  /** Path of the .dicm file, or `-` for stdout. */
  output: string;
  /** Replace a file that is there already. */
  force: boolean;
}

/** What became of it, in the keys of `dicm.encode/1`. */
export interface EncodeResult extends Omit<EncodedImage, 'bytes' | 'model' | 'view'> {
  input: string;
  output: string;
  /** Size of the photograph's file. */
  inputBytes: number;
  /** Size of the file. */
  bytes: number;
  elapsedMs: number;
  /** Name of the model. */
  model: string;
  /** The layers in the file, where they were chosen. */
  layers?: EncodeJob['layers'];
  /** The view behind a machine layer, with the name of its model. */
  view?: Omit<EncodedView, 'model'> & { model: string };
}

/** Encodes one photograph and writes the file. */
export async function encodeOne(job: EncodeJob, context: JobContext): Promise<EncodeResult> {
  const { codec, stdout, signal, onProgress } = context;
  const { input, output, force, ...options } = job;
  const started = performance.now();
  if (output !== STANDARD) await checkOutput(output, force);
  const image = await readPicture(context, input);
  // One that does not exist gets its error from whoever opens it.
  const inputBytes = typeof image === 'string' ? await sizeOf(image) : image.length;
  const { bytes, model, view, ...encoded } = await codec.encode(image, { ...options, signal, onProgress });
  await writeResult(output, bytes, { stdout, force, signal });
  const elapsedMs = Math.round(performance.now() - started);
  return {
    ...encoded,
    ...{ input, output, inputBytes, bytes: bytes.length, elapsedMs, model: model.name },
    ...(options.layers !== undefined && { layers: options.layers }),
    ...(view && { view: { ...view, model: view.model.name } }),
  };
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

/** What became of a photograph, as JSON. */
export function encodeRecord(result: EncodeResult): { schema: string; [key: string]: unknown } {
  const { input, output, inputBytes, bytes, bpp, width, height, sourceWidth, sourceHeight, quality } = result;
  const { effort, backend, elapsedMs, model, targetBytes, targetReached, digest, notes } = result;
  const { keep, kept, analyses, layers, view } = result;
  return {
    schema: 'dicm.encode/1',
    ...{ input, output, inputBytes, bytes, bpp, width, height, sourceWidth, sourceHeight, quality },
    ...{ effort, backend, elapsedMs, model },
    ...(layers !== undefined && { layers }),
    ...(view !== undefined && { view }),
    ...(targetBytes === undefined ? {} : { targetBytes, targetReached }),
    ...(keep !== undefined && { keep, kept, analyses }),
    ...(digest !== undefined && { digest }),
    notes,
  };
}

/** Says what became of a photograph: as JSON, or in words. */
export function reportEncoded(reporter: Reporter, result: EncodeResult): void {
  const { input, output, bytes, bpp, width, height, quality, notes, sourceWidth, sourceHeight } = result;
  const { keep, kept, analyses, view } = result;
  if (reporter.options.json) reporter.json(encodeRecord(result));
  const fitted =
    width === sourceWidth && height === sourceHeight
      ? ''
      : `${formatSize(sourceWidth, sourceHeight)} fitted to `;
  reporter.say(
    `${input} -> ${output === STANDARD ? 'stdout' : output}  ${fitted}${formatSize(width, height)}  ` +
      `${formatBytes(bytes)}  ${bpp.toFixed(3)} bpp  quality ${quality}` +
      (view === undefined
        ? ''
        : `  view ${formatSize(view.width, view.height)}  ${formatBytes(view.bytes)}  quality ${view.quality}`) +
      (kept === true ? `  keeps ${keep!.join(', ')}` : ''),
  );
  if (kept !== undefined) reporter.explain(`${input}: the network was asked ${analyses} times`);
  for (const note of notes) reporter.explain(`${input}: ${note}`);
  if (result.targetReached === false) reporter.warn(`${input}: ${describeMiss(result)}`);
  if (kept === false) {
    reporter.warn(`${input}: even the file of quality ${quality} does not keep ${keep!.join(', ')}`);
  }
}

function describeMiss({ bytes, targetBytes = 0, quality, effort }: EncodeResult): string {
  if (bytes > targetBytes) {
    return `the smallest file, at quality 1, takes ${bytes} bytes, more than the target of ${targetBytes}`;
  }
  if (effort > 1) return `the refined file takes ${bytes} bytes of ${targetBytes}`;
  const reason = quality === 100 ? 'the largest file, at quality 100,' : 'the largest file within the target';
  return `${reason} takes ${bytes} bytes of ${targetBytes}`;
}
