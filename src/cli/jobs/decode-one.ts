import type { BackendName, PictureArea } from '../../index.js';
import { type ArrayInfo, littleEndianBytes, npyHead, safetensorsHead } from '../array-files.js';
import { formatBytes } from '../format.js';
import { readDicmFile } from '../read-input.js';
import type { Reporter } from '../reporter.js';
import { STANDARD } from '../terminal.js';
import { type Content, checkOutput, writeResult } from '../write-output.js';
import type { JobContext } from './job.js';
import { type FeatureChoice, openFeatures } from './open-features.js';

/** Kinds of files that hold the arrays of one input. */
export type ArrayFormat = 'npy' | 'safetensors';

/** A .dicm file to decode. */
export interface DecodeJob extends FeatureChoice {
  /** Path of the .dicm file, or `-` for stdin. */
  input: string;
  /** Path of the arrays, or `-` for stdout. */
  output: string;
  /** Replace a file that is there already. */
  force: boolean;
  /** `latents` are two arrays, which only safetensors can hold. */
  what: 'features' | 'latents';
  format: ArrayFormat;
}

/** What became of it, in the keys of `dicm.decode/1`. */
export interface DecodeResult {
  file: string;
  output: string;
  format: ArrayFormat;
  /** Size of the .dicm file. */
  inputBytes: number;
  /** Size of the output. */
  bytes: number;
  arrays: ArrayInfo[];
  /** With a region: what the features are features of, in coded pixels. */
  area?: PictureArea;
  /** The executor that ran; null where none had to. */
  backend: BackendName | null;
  elapsedMs: number;
}

/** Arrays on their way into a file. */
interface Decoded extends Pick<DecodeResult, 'arrays' | 'area' | 'backend'> {
  content: Content;
}

/** Decodes one .dicm file and writes its features or latents. */
export async function decodeOne(job: DecodeJob, context: JobContext): Promise<DecodeResult> {
  const { stdout, signal } = context;
  const { input, output, force, what, format } = job;
  const started = performance.now();
  if (output !== STANDARD) await checkOutput(output, force);
  const file = await readDicmFile(context, input);
  const { content, ...decoded } =
    what === 'latents' ? await decodeLatents(context, file, job) : await decodeFeatures(context, file, job);
  const bytes = await writeResult(output, content, { stdout, force, signal });
  const elapsedMs = Math.round(performance.now() - started);
  return { file: input, output, format, inputBytes: file.length, bytes, ...decoded, elapsedMs };
}

/** Says what became of a .dicm file: as JSON, or in words. */
export function reportDecoded(
  reporter: Reporter,
  result: Omit<DecodeResult, 'format'> & { format: string },
): void {
  const { file, output, bytes, arrays } = result;
  if (reporter.options.json) reporter.json({ schema: 'dicm.decode/1', ...result });
  const shapes = arrays.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join('  ');
  reporter.say(`${file} -> ${output === STANDARD ? 'stdout' : output}  ${shapes}  ${formatBytes(bytes)}`);
}

async function decodeFeatures(context: JobContext, file: Uint8Array, job: DecodeJob): Promise<Decoded> {
  const { array, pieces, header, model, backend, area } = await openFeatures(context, file, job);
  const metadata = {
    width: String(header.width),
    height: String(header.height),
    sourceWidth: String(header.sourceWidth),
    sourceHeight: String(header.sourceHeight),
    model: model.name,
    renderId: model.renderId,
    ...(area && { area: `${area.x},${area.y},${area.width},${area.height}` }),
  };
  const content = async function* () {
    yield job.format === 'npy' ? npyHead(array) : safetensorsHead([array], metadata);
    yield* pieces;
  };
  return { arrays: [array], ...(area && { area }), backend, content: content() };
}

async function decodeLatents(
  { codec, signal, onProgress }: JobContext,
  file: Uint8Array,
  { prefix }: DecodeJob,
): Promise<Decoded> {
  const { y, z, header, model } = await codec.decodeLatents(file, { prefix, signal, onProgress });
  const arrays: ArrayInfo[] = [
    { name: 'y_hat', type: 'float32', shape: [y.height, y.width, y.channels] },
    { name: 'z_hat', type: 'int32', shape: [z.height, z.width, z.channels] },
  ];
  const metadata = {
    width: String(header.width),
    height: String(header.height),
    model: model.name,
    decodeId: model.decodeId,
  };
  const pieces = async function* () {
    yield safetensorsHead(arrays, metadata);
    yield littleEndianBytes(y.data);
    yield littleEndianBytes(z.data);
  };
  return { arrays, content: pieces(), backend: null };
}
