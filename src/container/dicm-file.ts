/** What the coded integers rebuild: features for networks, or a picture for eyes. */
export type Profile = 'semantic' | 'perceptual';

/** The header of a .dicm file (format-spec/v1/dicm-v1.md, section 4). */
export interface DicmHeader {
  /** Major format version; a reader refuses a newer one. */
  versionMajor: number;
  /** Minor format version, 0 to 15; a reader opens a newer one. */
  versionMinor: number;
  /** What the file rebuilds. */
  profile: Profile;
  /** Width of the coded picture, in pixels, after orientation and fitting. */
  width: number;
  /** Height of the coded picture, in pixels, after orientation and fitting. */
  height: number;
  /** Width of the photograph the picture was made from, in pixels, after orientation. */
  sourceWidth: number;
  /** Height of the photograph the picture was made from, in pixels, after orientation. */
  sourceHeight: number;
  /** The Exif orientation, 1 to 8, that the encoder applied to the stored photograph. Informational. */
  orientation: number;
  /** Quality as an integer from 0 to 2047; see `positionToQuality`. */
  qualityPosition: number;
  /** First four bytes of the hash of what entropy decoding needs: 8 lower-case hexadecimal digits. */
  decodeId: string;
  /** First two bytes of the hash of what rendering needs: 4 lower-case hexadecimal digits. */
  renderId: string;
}

/** One independently coded tile. */
export interface TilePayload {
  /** The range-coded stream. */
  bytes: Uint8Array;
  /** Check of the decoded integers, 0 to 65535; see `integerCheck`. */
  check: number;
}

/** A section that a reader may skip: an ICC profile, Exif metadata, or something this version does not know. */
export interface AncillarySection {
  /** Tag byte; the critical bit is clear. */
  tag: number;
  /** Name of the tag: `icc`, `exif`, or `0x` and two digits. Ignored when writing. */
  name: string;
  /** Content, uninterpreted. */
  data: Uint8Array;
}

/** A .dicm file as structure. */
export interface DicmFile {
  header: DicmHeader;
  /** Tiles in raster order, as many as the tile grid of the header has. */
  tiles: TilePayload[];
  /** All ancillary sections in file order, known or not. */
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
  /** `tile`, `icc`, `exif`, or `0x` and two digits. */
  tag: string;
  /** Offset of the tag byte, in bytes. */
  offset: number;
  /** Size with tag and length, in bytes. */
  bytes: number;
}

/** Everything that can be said about a file without a model. */
export interface DicmInfo {
  header: DicmHeader;
  /** Size of the whole file. */
  fileBytes: number;
  /** Range-coded bytes. */
  payloadBytes: number;
  /** All other bytes, ancillary sections included. */
  overheadBytes: number;
  tileColumns: number;
  tileRows: number;
  /** Tagged sections in file order. */
  sections: SectionInfo[];
  /** Every field in file order: together they cover the file without gap or overlap. */
  fields: Field[];
}
