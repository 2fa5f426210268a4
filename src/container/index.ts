/**
 * The `dicm/container` entry: .dicm bytes to structure and back. Loads no network, no executor and no image
 * library, and uses nothing of Node.
 */
export {
  DicmError,
  type ErrorClass,
  type ErrorCode,
  FormatError,
  type FormatEvidence,
  LimitError,
  UnsupportedError,
  UsageError,
} from '../errors.js';
export { TILE_EDGE, type Tile, type TileGrid, tileGrid } from '../geometry.js';
export { defaultLimits, type Limits } from '../limits.js';
export type {
  AncillarySection,
  DicmFile,
  DicmHeader,
  DicmInfo,
  Field,
  Layer,
  LayerHeader,
  LayerInfo,
  SectionInfo,
  TilePayload,
  TilePlace,
} from './dicm-file.js';
export { addDigest, checkDigest, type Sha256 } from './digest.js';
export { integerCheck } from './integer-check.js';
export { joinLayers } from './join-layers.js';
export { cutPrefix, type DicmPrefix, openPrefix } from './open-prefix.js';
export { type LayerName, layerNameOf, type Profile } from './profiles.js';
export { positionToQuality, qualityToPosition } from './quality.js';
export { readDicm } from './read-dicm.js';
export { readInfo } from './read-info.js';
export {
  TAG_DIGEST,
  TAG_EXIF,
  TAG_ICC,
  TAG_LAYER,
  TAG_PREFIX_CHECK,
  TAG_TILE,
  tagName,
} from './section-kinds.js';
export { stripLayer } from './strip-layer.js';
export { type ByteSource, indexTiles, readTile, type TileIndex } from './tile-index.js';
export { type DamageTrace, traceDamage } from './trace-damage.js';
export { VERSION_MAJOR, VERSION_MINOR } from './version.js';
export { writeDicm } from './write-dicm.js';
