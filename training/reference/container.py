"""Container: bytes to header, tiles and ancillary sections, and back (format-spec/v1/dicm-v1.md)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import numpy as np

from .errors import DicmError

SIGNATURE = bytes.fromhex("8e640d0a0a")
TILE = 0x81
SINGLE_TAGS = (0x02, 0x03)
TILE_EDGE = 512
PROFILES = ("semantic", "perceptual")
LIMITS = {
    "maxPixels": 2**28,
    "maxSourcePixels": 2**32,
    "maxTiles": 2**14,
    "maxFileBytes": 2**28,
    "maxAncillaryBytes": 2**24,
}


@dataclass(frozen=True)
class Header:
    """Everything the header states, sizes in pixels."""

    width: int
    height: int
    source_width: int
    source_height: int
    quality_position: int
    decode_id: bytes
    render_id: bytes
    orientation: int = 1
    profile: str = "semantic"
    version: tuple[int, int] = (1, 0)


@dataclass(frozen=True)
class TileSection:
    """One tile: range-coded payload and integer check."""

    payload: bytes
    check: int


@dataclass(frozen=True)
class DicmFile:
    """A file taken apart."""

    header: Header
    tiles: list[TileSection]
    ancillary: list[tuple[int, bytes]] = field(default_factory=list)


@dataclass(frozen=True)
class TileGrids:
    """Extents of one tile: pixels, latents, hyper-latents, each (rows, columns)."""

    pixels: tuple[int, int]
    latents: tuple[int, int]
    hyper: tuple[int, int]


def tile_grids(width: int, height: int) -> list[TileGrids]:
    """Grids of every tile in raster order."""
    grids = []
    for y in range(0, height, TILE_EDGE):
        for x in range(0, width, TILE_EDGE):
            h, w = min(TILE_EDGE, height - y), min(TILE_EDGE, width - x)
            hy, wy = -(-h // 16), -(-w // 16)
            grids.append(TileGrids((h, w), (hy, wy), (-(-hy // 4), -(-wy // 4))))
    return grids


def integer_check(z: np.ndarray, symbols: np.ndarray) -> int:
    """CRC of a tile's integers, 16 bits."""
    data = z.astype("<i4").tobytes() + symbols.astype("<i4").tobytes()
    return zlib.crc32(data) & 0xFFFF


class _Cursor:
    """Bytes between two offsets, read in order."""

    def __init__(self, data: bytes, position: int, end: int) -> None:
        self.data, self.position, self.end = data, position, end

    def take(self, count: int) -> bytes:
        if self.end - self.position < count:
            raise DicmError("truncated", f"{count} bytes are missing at byte {self.position}")
        self.position += count
        return self.data[self.position - count : self.position]

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def varint(self) -> int:
        value = 0
        for i in range(5):
            byte = self.number(1)
            value |= (byte & 127) << 7 * i
            if byte < 128:
                if i > 0 and byte == 0:
                    raise DicmError("not-canonical", "a varint has a needless byte")
                if value >= 2**32:
                    break
                return value
        raise DicmError("bad-varint", "a varint is above 2^32 - 1")


def read_dicm(data: bytes, limits: dict[str, int] | None = None) -> DicmFile:
    """Take a file apart, with every check of the specification."""
    limit = LIMITS | (limits or {})
    if data[:5] != SIGNATURE:
        cut = len(data) < 5 and SIGNATURE.startswith(data)
        raise DicmError("truncated" if cut else "bad-signature", "no signature")
    _check_limit(limit, "maxFileBytes", len(data))
    if len(data) < 6:
        raise DicmError("truncated", "the file ends after its signature")
    if data[5] >> 4 > 1:
        raise DicmError("newer-version", f"version {data[5] >> 4}.{data[5] & 15}, this reader knows 1.0")
    if len(data) < 10 or zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "big"):
        raise _damage(data)
    if data[5] >> 4 == 0:
        raise DicmError("bad-version", "major version 0 does not exist")
    cursor = _Cursor(data, 6, len(data) - 4)
    header = _read_header(cursor, (data[5] >> 4, data[5] & 15))
    _check_limit(limit, "maxPixels", header.width * header.height)
    _check_limit(limit, "maxSourcePixels", header.source_width * header.source_height)
    count = -(-header.width // TILE_EDGE) * -(-header.height // TILE_EDGE)
    _check_limit(limit, "maxTiles", count)
    return _read_sections(cursor, header, count, limit)


def _check_limit(limits: dict[str, int], name: str, actual: int) -> None:
    if actual > limits[name]:
        raise DicmError("limit-exceeded", f"{actual} is above {name} = {limits[name]}")


def _read_header(cursor: _Cursor, version: tuple[int, int]) -> Header:
    flags = cursor.number(3)
    form = flags >> 5 & 3
    if flags >> 2 & 7 or form == 3:
        raise DicmError("reserved-bits", f"flags {flags:06x}")
    profile = flags >> 8 & 3
    if profile >= len(PROFILES):
        raise DicmError("unknown-profile", f"profile {profile}")
    decode_id, render_id = cursor.take(4), cursor.take(2)
    if flags >> 7 & 1:
        width, height = cursor.number(4), cursor.number(4)
    else:
        packed = cursor.number(3)
        width, height = (packed >> 12) + 1, (packed & 4095) + 1
    if width == 0 or height == 0:
        raise DicmError("zero-size", "the coded picture has a side of 0")
    if flags >> 7 & 1 and max(width, height) <= 4096:
        raise DicmError("not-canonical", "the long form of a small coded size")
    source = (width, height)
    if form:
        source = (cursor.number(2 * form), cursor.number(2 * form))
        if 0 in source:
            raise DicmError("zero-size", "the source has a side of 0")
        if source == (width, height) or (form == 2 and max(source) <= 65535):
            raise DicmError("not-canonical", "a needless or needlessly long source size")
    orientation = (flags >> 10 & 7) + 1
    return Header(width, height, *source, flags >> 13, decode_id, render_id, orientation, PROFILES[profile], version)


def _read_sections(cursor: _Cursor, header: Header, count: int, limit: dict[str, int]) -> DicmFile:
    tiles: list[TileSection] = []
    ancillary: list[tuple[int, bytes]] = []
    while cursor.position < cursor.end:
        tag = cursor.number(1)
        if tag & 0x40:
            raise DicmError("reserved-bits", f"tag {tag:02x}")
        if tag & 0x3F == 0:
            raise DicmError("bad-tag", f"tag {tag:02x}")
        if tag & 0x80 and tag != TILE:
            raise DicmError("unknown-section", f"tag {tag:02x}")
        if tag != TILE and len(tiles) < count:
            raise DicmError("missing-tile", f"tag {tag:02x} where tile {len(tiles)} should be")
        if tag == TILE and len(tiles) == count:
            raise DicmError("surplus-tile", f"the picture has {count} tiles")
        length = cursor.varint()
        if length > cursor.end - cursor.position:
            raise DicmError("bad-length", f"{length} bytes are not there")
        if tag == TILE:
            if length < 2:
                raise DicmError("bad-length", "a tile has at least two bytes")
            tiles.append(TileSection(cursor.take(length - 2), cursor.number(2)))
            continue
        if len(ancillary) == 255:
            raise DicmError("too-many-sections", "more than 255 ancillary sections")
        if tag in SINGLE_TAGS and any(known == tag for known, _ in ancillary):
            raise DicmError("duplicate-section", f"tag {tag:02x} twice")
        ancillary.append((tag, cursor.take(length)))
        _check_limit(limit, "maxAncillaryBytes", sum(len(content) for _, content in ancillary))
    if len(tiles) < count:
        raise DicmError("missing-tile", f"{len(tiles)} of {count} tiles")
    return DicmFile(header, tiles, ancillary)


def _damage(data: bytes) -> DicmError:
    """Name the damage of a file whose checksum does not hold."""
    crc = 0
    for end in range(len(data) - 4):
        if end >= 22 and crc == int.from_bytes(data[end : end + 4], "big"):
            return DicmError("trailing-bytes", f"bytes follow a whole file of {end + 4}")
        crc = zlib.crc32(data[end : end + 1], crc)
    try:
        # Taken at its word, does the file end inside a field?
        cursor = _Cursor(data, 6, len(data))
        _read_header(cursor, (1, 0))
        while cursor.position + 4 < cursor.end:
            if cursor.number(1) not in (TILE, *SINGLE_TAGS):
                break
            cursor.take(cursor.varint())
    except DicmError as error:
        if error.code == "truncated":
            return error
    return DicmError("crc-mismatch", "the file checksum does not hold")


def write_dicm(file: DicmFile) -> bytes:
    """Put a file together, with the version its header states."""
    h = file.header
    long_size = max(h.width, h.height) > 4096
    source = (h.source_width, h.source_height)
    form = 0 if source == (h.width, h.height) else 1 if max(source) <= 65535 else 2
    flags = h.quality_position << 13 | h.orientation - 1 << 10 | PROFILES.index(h.profile) << 8
    flags |= long_size << 7 | form << 5
    version = bytes([h.version[0] << 4 | h.version[1]])
    out = bytearray(SIGNATURE) + version + flags.to_bytes(3, "big") + h.decode_id + h.render_id
    if long_size:
        out += h.width.to_bytes(4, "big") + h.height.to_bytes(4, "big")
    else:
        out += (h.width - 1 << 12 | h.height - 1).to_bytes(3, "big")
    for side in source if form else ():
        out += side.to_bytes(2 * form, "big")
    sections = [(TILE, tile.payload + tile.check.to_bytes(2, "big")) for tile in file.tiles]
    for tag, content in sections + file.ancillary:
        out += bytes([tag]) + _varint(len(content)) + content
    return bytes(out) + zlib.crc32(out).to_bytes(4, "big")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
