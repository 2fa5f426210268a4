import {
  type BackendName,
  type DecodedPicture,
  DicmError,
  type PictureArea,
  type RegionOptions,
  UsageError,
  type WrittenFormat,
  writePicture,
} from '../../index.js';
import { formatBytes, formatSize } from '../format.js';
import { readDicmFile } from '../read-input.js';
import type { Reporter } from '../reporter.js';
import { STANDARD } from '../terminal.js';
import { checkOutput, writeResult } from '../write-output.js';
import type { JobContext } from './job.js';

/** A .dicm file whose picture is rebuilt. */
export interface RebuildJob extends RegionOptions {
  /** Path of the .dicm file, or `-` for stdin. */
  input: string;
  /** Path of the picture, or `-` for stdout. */
  output: string;
  /** Replace a file that is there already. */
  force: boolean;
  format: WrittenFormat;
  /** As large as it is coded, or as its source. */
  size: 'coded' | 'source';
}

/** What became of it, in the keys of `dicm.picture/1`. */
export interface RebuildResult {
  file: string;
  output: string;
  format: WrittenFormat;
  /** Size of the .dicm file. */
  inputBytes: number;
  /** Size of the output. */
  bytes: number;
  /** Of the picture that was written, in pixels. */
  width: number;
  height: number;
  /** With a region: what it shows, in coded pixels. */
  area?: PictureArea;
  /** Name of the model. */
  model: string;
  backend: BackendName;
  elapsedMs: number;
  /** What was decided on the way, in words. */
  notes: string[];
}

/** Rebuilds the picture of one .dicm file and writes it. */
export async function rebuildOne(job: RebuildJob, context: JobContext): Promise<RebuildResult> {
  const { stdout, signal } = context;
  const { input, output, force, format, size, region } = job;
  const started = performance.now();
  if (output !== STANDARD) await checkOutput(output, force);
  const file = await readDicmFile(context, input);
  const picture = await decode(context, input, file, region);
  const { bytes: content, width, height, notes } = await writePicture(picture, { format, size });
  const bytes = await writeResult(output, content, { stdout, force, signal });
  const { area, model, backend } = picture;
  return {
    ...{ file: input, output, format, inputBytes: file.length, bytes, width, height },
    ...(region && { area }),
    ...{ model: model.name, backend, elapsedMs: Math.round(performance.now() - started) },
    notes: [...picture.notes, ...notes],
  };
}

/** @throws UsageError `no-picture` for a file without a view layer, with what to do */
async function decode(
  { codec, signal, onProgress }: JobContext,
  input: string,
  file: Uint8Array,
  region: PictureArea | undefined,
): Promise<DecodedPicture> {
  try {
    return await codec.decodePicture(file, { region, signal, onProgress });
  } catch (error) {
    if (!(error instanceof DicmError) || error.code !== 'missing-layer') throw error;
    throw new UsageError(
      'no-picture',
      `${input} has no view layer, and features are no picture: encode the photograph with --view or --view-only, or write ` +
        'the features to a .npy or a .safetensors file',
    );
  }
}

/** Says what became of a .dicm file: as JSON, or in words. */
export function reportRebuilt(reporter: Reporter, result: RebuildResult): void {
  const { file, output, width, height, bytes, notes } = result;
  if (reporter.options.json) reporter.json({ schema: 'dicm.picture/1', ...result });
  const target = output === STANDARD ? 'stdout' : output;
  reporter.say(`${file} -> ${target}  ${formatSize(width, height)}  ${formatBytes(bytes)}`);
  for (const note of notes) reporter.explain(`${file}: ${note}`);
}
