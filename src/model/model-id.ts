import type { Platform } from '../platform/platform.js';
import type { RawTensor } from './safetensors.js';

/** Both halves of a model's identity, 64 hexadecimal digits each. */
export interface ModelIds {
  readonly decodeId: string;
  readonly renderId: string;
}

/**
 * Whether entropy decoding depends on a tensor: tables, hyper-synthesis, gains. Such a tensor is part of the decode
 * id, which must match between a file and a model.
 */
function isDecodeCritical(name: string): boolean {
  return /^(hs|entropy|gain)\./.test(name) && name !== 'gain.log2_inverse';
}

/** Whether analysis of decoded latents depends on a tensor: synthesis, tail and task heads. */
function isRenderTensor(name: string): boolean {
  return /^(gs|tail|heads)\./.test(name) || name === 'gain.log2_inverse';
}

/**
 * Computes a model's identity from its stored tensors: for each half SHA-256 over its tensors, sorted by name, as
 * name, 0, element type, 0, extents joined by commas, 0, bytes.
 */
export async function computeModelIds(
  tensors: ReadonlyMap<string, RawTensor>,
  sha256: Platform['sha256'],
): Promise<ModelIds> {
  return {
    decodeId: await sha256(contentOf(tensors, isDecodeCritical)),
    renderId: await sha256(contentOf(tensors, isRenderTensor)),
  };
}

function* contentOf(
  tensors: ReadonlyMap<string, RawTensor>,
  included: (name: string) => boolean,
): Generator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder();
  // By code point, as Python sorts; names are ASCII, where the default order of UTF-16 units is the same.
  for (const name of [...tensors.keys()].filter(included).sort()) {
    const { type, shape, bytes } = tensors.get(name)!;
    yield encoder.encode(`${name}\0${type}\0${shape.join(',')}\0`);
    yield bytes;
  }
}
