import type { Profile } from './profiles.js';

/** What is stated about every layer: for the first one in the header, for a further one in its section. */
export interface LayerHeader {
  /** What the layer rebuilds. */
  profile: Profile;
  /** Width of the layer's coded picture, in pixels, after orientation and fitting. */
  width: number;
  /** Height of the layer's coded picture, in pixels, after orientation and fitting. */
  height: number;
  /** Quality as an integer from 0 to 2047; see `positionToQuality`. */
  qualityPosition: number;
  /** First four bytes of the hash of what entropy decoding needs: 8 lower-case hexadecimal digits. */
  decodeId: string;
  /** First two bytes of the hash of what rendering needs: 4 lower-case hexadecimal digits. */
  renderId: string;
}

/**
 * The header of a .dicm file (format-spec/v1/dicm-v1.md, section 4): what concerns the whole file, and the header of
 * its first layer.
 */
export interface DicmHeader extends LayerHeader {
  /** Major format version; a reader refuses a newer one. */
  versionMajor: number;
  /** Minor format version, 0 to 15; a reader opens a newer one. */
  versionMinor: number;
  /** Width of the photograph the picture was made from, in pixels, after orientation. */
  sourceWidth: number;
  /** Height of the photograph the picture was made from, in pixels, after orientation. */
  sourceHeight: number;
  /** The Exif orientation, 1 to 8, that the encoder applied to the stored photograph. Informational. */
  orientation: number;
}

/** One independently coded tile. */
export interface TilePayload {
  /** The range-coded stream. */
  bytes: Uint8Array;
  /** Check of the decoded integers, 0 to 65535; see `integerCheck`. */
  check: number;
}

/** A further layer of a file: another coding of the same photograph (format-spec/v1/dicm-v1.md, section 12). */
export interface Layer extends LayerHeader {
  /** Tiles in raster order, as many as the tile grid of the layer's own size has. */
  tiles: TilePayload[];
  /** How many of the file's ancillary sections stand before the layer; none unless given. */
  ancillaryBefore?: number;
}

/**
 * A section that a reader may skip: an ICC profile, Exif metadata, or something this version does not know, such as
 * a layer of a profile to come.
 */
export interface AncillarySection {
  /** Tag byte; the critical bit is clear. */
  tag: number;
  /** Name of the tag: `icc`, `exif`, `layer`, `digest`, or `0x` and two digits. Ignored when writing. */
  name: string;
  /** Content, uninterpreted. */
  data: Uint8Array;
}

/** A .dicm file as structure. */
export interface DicmFile {
  header: DicmHeader;
  /** Tiles of the first layer in raster order, as many as the tile grid of the header has. */
  tiles: TilePayload[];
  /** Further layers in file order; left out when there are none. */
  layers?: Layer[];
  /** Whether a check of everything up to it follows the tiles; unless given, it does when there are layers. */
  prefixCheck?: boolean;
  /** All other ancillary sections in file order, known or not. */
  ancillary: AncillarySection[];
}

/** One field of a file, for a bitstream listing. */
export interface Field {
  name: string;
  /** Offset from the start of the file, in bytes. */
  offset: number;
  /** Size in bytes. */
  bytes: number;
  /** The value in words. */
  value: string;
}

/** One tagged section of a file: tag byte, length and content. */
export interface SectionInfo {
  /** `tile`, `icc`, `exif`, `prefix-check`, `layer`, `digest`, or `0x` and two digits. */
  tag: string;
  /** Offset of the tag byte, in bytes. */
  offset: number;
  /** Size with tag and length, in bytes. */
  bytes: number;
}

/** Where the content of a tile lies: its range-coded stream, then its integer check of two bytes. */
export interface TilePlace {
  /** Offset of the stream, in bytes. */
  offset: number;
  /** Size with the integer check, in bytes. */
  bytes: number;
}

/** One layer of a file: what it states, and where it lies. */
export interface LayerInfo extends LayerHeader {
  tileColumns: number;
  tileRows: number;
  /** Offset of its first section, in bytes. */
  offset: number;
  /** Size of its sections in bytes; what the header of the file states about the first layer is not among them. */
  bytes: number;
  /** Range-coded bytes among them. */
  payloadBytes: number;
  /** Where its tiles lie, in raster order. */
  tiles: TilePlace[];
}

/** Everything that can be said about a file without a model. */
export interface DicmInfo {
  header: DicmHeader;
  /** Size of the whole file. */
  fileBytes: number;
  /** Range-coded bytes of all layers. */
  payloadBytes: number;
  /** All other bytes, ancillary sections included. */
  overheadBytes: number;
  /** Tile columns of the first layer. */
  tileColumns: number;
  /** Tile rows of the first layer. */
  tileRows: number;
  /** All layers, the first one included. */
  layers: LayerInfo[];
  /** How many first bytes are enough for the first layer (see `openPrefix`); undefined without a prefix check. */
  prefixBytes: number | undefined;
  /** The digest as it stands in the file, 64 hexadecimal digits, not compared (see `checkDigest`); undefined without. */
  digest: string | undefined;
  /** Tagged sections in file order. */
  sections: SectionInfo[];
  /** Every field in file order: together they cover the file without gap or overlap. */
  fields: Field[];
}
