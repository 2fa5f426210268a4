import type {
  BackendName,
  FeatureLayer,
  FeatureStream,
  PictureArea,
  PrefixOptions,
  RegionOptions,
} from '../../index.js';
import { type ArrayInfo, littleEndianBytes, npyHead, safetensorsHead } from '../array-files.js';
import { formatBytes } from '../format.js';
import { toHalf } from '../half.js';
import { readDicmFile } from '../read-input.js';
import type { Reporter } from '../reporter.js';
import { STANDARD } from '../terminal.js';
import { type Content, checkOutput, writeResult } from '../write-output.js';
import type { JobContext } from './job.js';

/** Kinds of files that hold arrays. */
export type ArrayFormat = 'npy' | 'safetensors';

/** A .dicm file to decode. */
export interface DecodeJob extends RegionOptions, PrefixOptions {
  /** Path of the .dicm file, or `-` for stdin. */
  input: string;
  /** Path of the arrays, or `-` for stdout. */
  output: string;
  /** Replace a file that is there already. */
  force: boolean;
  /** `latents` are two arrays, which only safetensors can hold. */
  what: 'features' | 'latents';
  format: ArrayFormat;
  /** Of features: whose, f3 unless given, and in which numbers they are written, float32 unless given. */
  layer?: FeatureLayer | 'pooled';
  dtype?: 'float32' | 'float16';
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
export function reportDecoded(reporter: Reporter, result: DecodeResult): void {
  const { file, output, bytes, arrays } = result;
  if (reporter.options.json) reporter.json({ schema: 'dicm.decode/1', ...result });
  const shapes = arrays.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join('  ');
  reporter.say(`${file} -> ${output === STANDARD ? 'stdout' : output}  ${shapes}  ${formatBytes(bytes)}`);
}

async function decodeFeatures(
  { codec, signal, onProgress }: JobContext,
  file: Uint8Array,
  { format, layer = 'f3', dtype = 'float32', region, prefix }: DecodeJob,
): Promise<Decoded> {
  const options = { region, prefix, signal, onProgress };
  const stream =
    layer === 'pooled'
      ? await pooledStream(codec, file, options)
      : await codec.streamFeatures(file, { layer, ...options });
  const { rows, header, model, backend, area } = stream;
  const info: ArrayInfo = { name: layer, type: dtype, shape: shapeOf(stream) };
  const metadata = {
    width: String(header.width),
    height: String(header.height),
    sourceWidth: String(header.sourceWidth),
    sourceHeight: String(header.sourceHeight),
    model: model.name,
    renderId: model.renderId,
    ...(region && area && { area: `${area.x},${area.y},${area.width},${area.height}` }),
  };
  const pieces = async function* () {
    yield format === 'npy' ? npyHead(info) : safetensorsHead([info], metadata);
    for await (const piece of rows) yield littleEndianBytes(dtype === 'float16' ? toHalf(piece) : piece);
  };
  return { arrays: [info], ...(region && area && { area }), backend, content: pieces() };
}

/** A vector as a stream of one piece; of no area, since it is a mean. */
type Pooled = Pick<FeatureStream, 'header' | 'model' | 'backend' | 'rows' | 'channels'> & {
  area?: undefined;
};

/** Layer 4, pooled. */
async function pooledStream(
  codec: JobContext['codec'],
  file: Uint8Array,
  options: Parameters<JobContext['codec']['embed']>[1],
): Promise<Pooled> {
  const { embedding, header, model, backend } = await codec.embed(file, options);
  const rows = (async function* () {
    yield embedding;
  })();
  return { header, model, backend, rows, channels: embedding.length };
}

function shapeOf(stream: FeatureStream | Pooled): number[] {
  return 'height' in stream ? [stream.height, stream.width, stream.channels] : [stream.channels];
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
