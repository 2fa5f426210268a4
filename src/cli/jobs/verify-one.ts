import { type LayerName, layerNameOf } from '../../container/profiles.js';
import type { PrefixOptions, VerifiedLayer } from '../../index.js';
import { describeFailure } from '../exit-codes.js';
import { readDicmFile } from '../read-input.js';
import type { Reporter } from '../reporter.js';
import type { JobContext } from './job.js';

/** A .dicm file to verify. */
export interface VerifyJob extends PrefixOptions {
  /** Path of the .dicm file, or `-` for stdin. */
  input: string;
}

/** A file that is good, in the keys of `dicm.verify/1`. */
export interface VerifyResult {
  file: string;
  ok: true;
  /** Size of the file. */
  bytes: number;
  layers: (VerifiedLayer & { name: LayerName })[];
  /** The digest of the file, which holds; null where there is none and for a prefix. */
  digest: string | null;
}

/**
 * Decodes one .dicm file completely and compares its checksums.
 *
 * @throws DicmError for whatever is wrong with it
 */
export async function verifyOne({ input, prefix }: VerifyJob, context: JobContext): Promise<VerifyResult> {
  const { codec, signal, onProgress } = context;
  const file = await readDicmFile(context, input);
  const { layers, digest = null } = await codec.verify(file, { prefix, signal, onProgress });
  return {
    file: input,
    ok: true,
    bytes: file.length,
    layers: layers.map((layer) => ({ name: layerNameOf(layer.profile), ...layer })),
    digest,
  };
}

/** Says that a file is good: as JSON, or to the curious. What could not be proved is said to everybody. */
export function reportVerified(reporter: Reporter, result: VerifyResult): void {
  const { file, layers, digest } = result;
  if (reporter.options.json) reporter.json({ schema: 'dicm.verify/1', ...result });
  const proved = layers.filter((layer) => layer.proved).map(({ name }) => `${name} layer`);
  const held = digest === null ? '' : `; its digest holds: ${digest}`;
  reporter.explain(`${file}: good, proved: ${proved.join(', ')}${held}`);
  for (const { name, reason } of layers.filter((layer) => !layer.proved)) {
    reporter.warn(`${file}: the ${name} layer was not decoded: ${reason}`);
  }
}

/**
 * Says what is wrong with a file, which is a result like any other to programs.
 *
 * @returns Whether it did; in words, a failure is reported as that of any command.
 */
export function reportNotVerified(reporter: Reporter, file: string, error: unknown): boolean {
  if (!reporter.options.json) return false;
  const { code, message } = describeFailure(error);
  reporter.json({ schema: 'dicm.verify/1', file, ok: false, error: { code, message } });
  return true;
}
