import type { Layer } from '../../src/container/dicm-file.js';
import { openPrefix } from '../../src/container/open-prefix.js';
import { readDicm } from '../../src/container/read-dicm.js';
import { writeDicm } from '../../src/container/write-dicm.js';

/** A file of several layers, and its first bytes. */
export interface LayeredFile {
  whole: Uint8Array;
  /** As many first bytes as prove the first layer. */
  prefix: Uint8Array;
  /** The whole file, damaged behind the first layer. */
  damaged: Uint8Array;
}

/**
 * Adds a further layer to a file. Unless changed, it has the integers of the first one under the other profile, as no
 * model makes it: what it holds is never looked at by those who read the first.
 */
export function addLayer(bytes: Uint8Array, changes: Partial<Layer> = {}): LayeredFile {
  const file = readDicm(bytes);
  const { width, height, qualityPosition, decodeId, renderId } = file.header;
  const states = { width, height, qualityPosition, decodeId, renderId };
  const layer: Layer = { profile: 'perceptual', ...states, tiles: file.tiles, ...changes };
  const header = { ...file.header, versionMinor: 1 };
  const whole = writeDicm({ ...file, header, layers: [layer] });
  const damaged = whole.slice();
  damaged[whole.length - 8]! ^= 1;
  return { whole, damaged, prefix: whole.slice(0, openPrefix(whole).prefixBytes) };
}
