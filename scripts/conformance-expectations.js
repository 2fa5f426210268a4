// What the conformance cases say about their files, and small changes of bytes.
import { BASE, payload, VIEW } from './conformance-bytes.js';

/** @import { ErrorClass, ErrorCode } from '../src/errors.js' */
/** @import { HeaderFields, LayerFields } from './conformance-bytes.js' */
/** @typedef {[tag: number, data: number[]]} Ancillary */

/**
 * A file, what it shows, and what a reader must say.
 *
 * @typedef {object} ConformanceCase
 * @property {string} path
 * @property {string[]} musts Ids of the requirements it is about.
 * @property {string} what
 * @property {number[]} bytes
 * @property {Record<string, any>} expect
 */

const PROFILES = ['semantic', 'perceptual'];

/**
 * What a reader must find in a valid file, stated from the same values the file was built from.
 *
 * @param {Partial<HeaderFields>} changes
 * @param {number[]} tiles Payload bytes of each.
 * @param {Ancillary[]} ancillary
 */
export function found(changes, tiles, ancillary = []) {
  const h = { ...BASE, ...changes };
  const [sourceWidth, sourceHeight] = h.source ?? [h.width, h.height];
  return {
    header: {
      versionMajor: h.version >> 4,
      versionMinor: h.version & 15,
      profile: PROFILES[h.profile],
      width: h.width,
      height: h.height,
      sourceWidth,
      sourceHeight,
      orientation: h.orientation,
      qualityPosition: h.quality,
      decodeId: h.decodeId,
      renderId: h.renderId,
    },
    tiles: foundTiles(tiles, 0xbeef),
    ancillary: ancillary.map(([tag, data]) => ({ tag, data: Buffer.from(data).toString('hex') })),
  };
}

/**
 * What a reader must find in a layer.
 *
 * @param {Partial<LayerFields>} changes
 */
export function foundLayer(changes = {}) {
  const { profile, width, height, quality, decodeId, renderId, tiles, check } = { ...VIEW, ...changes };
  return {
    profile: PROFILES[profile],
    width,
    height,
    qualityPosition: quality,
    decodeId,
    renderId,
    tiles: foundTiles(tiles, check),
  };
}

/**
 * @param {number[]} tiles
 * @param {number} check
 */
function foundTiles(tiles, check) {
  return tiles.map((count) => ({ payload: Buffer.from(payload(count)).toString('hex'), check }));
}

/**
 * Makes cases of one folder that are refused with one class of errors.
 *
 * @template {ErrorClass} Class
 * @param {string} folder
 * @param {Class} error
 * @param {number} exit
 * @returns {(name: string, musts: string[], code: ErrorCode<Class>, what: string, bytes: number[], more?: object) => ConformanceCase}
 */
export function refused(folder, error, exit) {
  return (name, musts, code, what, bytes, more = {}) => ({
    path: `${folder}/${name}.dicm`,
    musts,
    what,
    bytes,
    expect: { error, code, exit, ...more },
  });
}

/**
 * The byte at an offset that there is.
 *
 * @param {number[]} bytes
 * @param {number} offset
 */
export function at(bytes, offset) {
  return bytes[offset] ?? 0;
}

/**
 * The bytes with one replaced.
 *
 * @param {number[]} bytes
 * @param {number} offset
 * @param {number} value
 */
export function changed(bytes, offset, value) {
  return bytes.map((byte, i) => (i === offset ? value : byte));
}
