import type { Platform } from '../platform/platform.js';
import type { TensorUse } from '../tensor.js';
import { type ModelRules, useOf } from './model-rules.js';
import type { RawTensor } from './safetensors.js';

/** What the render id covers: everything that analysis of decoded latents depends on. */
const RENDER_USES: readonly (TensorUse | undefined)[] = ['synthesis', 'tail', 'heads'];

/**
 * Computes the decode id of a model, or of an earlier decode path in it, from the stored tensors that entropy decoding
 * depends on: tables, hyper-synthesis, gains. It must match between a file and a model.
 *
 * @param prefix - of the decode path; it is no part of the names that the id covers
 * @returns 64 hexadecimal digits
 */
export function computeDecodeId(
  tensors: ReadonlyMap<string, RawTensor>,
  rules: ModelRules,
  sha256: Platform['sha256'],
  prefix = '',
): Promise<string> {
  return sha256(contentOf(tensors, prefix, (name) => useOf(rules, name) === 'entropy'));
}

/**
 * Computes the render id of a model from the stored tensors that analysis of decoded latents depends on: synthesis,
 * tail, heads.
 *
 * @returns 64 hexadecimal digits
 */
export function computeRenderId(
  tensors: ReadonlyMap<string, RawTensor>,
  rules: ModelRules,
  sha256: Platform['sha256'],
): Promise<string> {
  return sha256(contentOf(tensors, '', (name) => RENDER_USES.includes(useOf(rules, name))));
}

/** What an id is the SHA-256 of: tensors sorted by name, as name, 0, element type, 0, extents joined by commas, 0, bytes. */
function* contentOf(
  tensors: ReadonlyMap<string, RawTensor>,
  prefix: string,
  included: (name: string) => boolean,
): Generator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder();
  const names = [...tensors.keys()].filter((name) => name.startsWith(prefix));
  const inner = names.map((name) => name.slice(prefix.length)).filter(included);
  // By code point, as Python sorts; names are ASCII, where the default order of UTF-16 units is the same.
  for (const name of inner.sort()) {
    const { type, shape, bytes } = tensors.get(prefix + name)!;
    yield encoder.encode(`${name}\0${type}\0${shape.join(',')}\0`);
    yield bytes;
  }
}
