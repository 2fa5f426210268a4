import { extname } from 'node:path';
import type { PictureArea, WrittenFormat } from '../../index.js';
import { announceBackend, type Context, withCodec } from '../context.js';
import { type ExistingFlags, reasonToSkip } from '../existing-outputs.js';
import type { Inputs } from '../expand-inputs.js';
import { rebuildOne, reportRebuilt } from '../jobs/rebuild-one.js';
import { checkOutputKind } from '../output-kinds.js';
import { makeFolders, planOutputs } from '../plan-outputs.js';
import { runBatch } from '../run-batch.js';
import { STANDARD } from '../terminal.js';
import { checkStandardOutput } from '../write-output.js';

/** How `dicm decode` was called for pictures. */
export interface PictureFlags extends ExistingFlags {
  format: WrittenFormat;
  size: 'coded' | 'source';
  region: PictureArea | undefined;
  output: string | undefined;
}

/** What the names of each format may end in. */
const EXTENSIONS: Readonly<Record<WrittenFormat, readonly string[]>> = {
  png: ['.png'],
  jpg: ['.jpg', '.jpeg'],
  webp: ['.webp'],
  avif: ['.avif'],
  tiff: ['.tiff', '.tif'],
};

/** Formats that `--format` takes. */
export const PICTURE_FORMATS = Object.keys(EXTENSIONS) as WrittenFormat[];

/** The format of a picture that a path names; undefined where it names none. */
export function pictureFormatOf(path: string): WrittenFormat | undefined {
  const extension = extname(path).toLowerCase();
  return PICTURE_FORMATS.find((format) => EXTENSIONS[format].includes(extension));
}

/** Rebuilds the pictures of files. */
export async function decodePictures(context: Context, given: Inputs, flags: PictureFlags): Promise<number> {
  const { terminal, reporter } = context;
  const { format, size, region, force = false, output } = flags;
  const planned = await planOutputs(given, output, { extension: `.${format}` });
  for (const { output } of planned) checkOutputKind(output, `a ${format}`, EXTENSIONS[format]);
  if (planned.some(({ output }) => output === STANDARD)) {
    checkStandardOutput(terminal.stdout, reporter.options.json, 'the picture');
  }
  return withCodec(context, async (codec) => {
    await announceBackend(context, codec);
    await makeFolders(planned, output);
    return runBatch(context, {
      inputs: planned,
      given,
      verb: 'decoding',
      nameOf: ({ input }) => input.path,
      skip: ({ input, output }) => reasonToSkip({ input: input.path, output }, flags),
      work: ({ input, output }, job) =>
        rebuildOne({ force, format, size, region, input: input.path, output }, { ...job, codec }),
      report: (result) => reportRebuilt(reporter, result),
      bytesOf: ({ inputBytes, bytes }) => ({ in: inputBytes, out: bytes }),
    });
  });
}
