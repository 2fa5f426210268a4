"""Container: bytes to header, layers and ancillary sections, and back (format-spec/v1/dicm-v1.md)."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field, replace

import numpy as np

from .errors import DicmError

SIGNATURE = bytes.fromhex("8e640d0a0a")
TILE = 0x81
PREFIX_CHECK = 0x04
LAYER = 0x05
DIGEST = 0x06
SINGLE_TAGS = (0x02, 0x03, PREFIX_CHECK, DIGEST)
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
class Layer:
    """A further layer, and how many ancillary sections stand before it."""

    profile: str
    width: int
    height: int
    quality_position: int
    decode_id: bytes
    render_id: bytes
    tiles: list[TileSection]
    ancillary_before: int = 0


@dataclass(frozen=True)
class DicmFile:
    """A file taken apart. Layers that are not understood are ancillary sections."""

    header: Header
    tiles: list[TileSection]
    ancillary: list[tuple[int, bytes]] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    prefix_check: bool = False


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
    _check_start(data, limit)
    if len(data) < 10 or zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "big"):
        raise _damage(data)
    file = _read_body(data, len(data) - 4, limit)
    if file.prefix_check and not (file.ancillary or file.layers):
        raise DicmError("not-canonical", "nothing follows the prefix check")
    return file


def check_digest(data: bytes, limits: dict[str, int] | None = None) -> str | None:
    """The digest of a file, which holds, in hexadecimal; None for a file that has none."""
    file = read_dicm(data, limits)
    if file.header.version < (1, 1) or not file.ancillary or file.ancillary[-1][0] != DIGEST:
        return None
    content = file.ancillary[-1][1]
    if hashlib.sha256(data[:-38]).digest() != content:
        raise DicmError("digest-mismatch", "the digest does not hold")
    return content.hex()


def open_prefix(data: bytes, limits: dict[str, int] | None = None) -> tuple[DicmFile, int]:
    """First layer of a file that may end after it, and the size of its prefix; a file without a check is read whole."""
    limit = LIMITS | (limits or {})
    _check_start(data, limit)
    intact = len(data) >= 10 and zlib.crc32(data[:-4]) == int.from_bytes(data[-4:], "big")
    try:
        end = _find_prefix(data)
    except DicmError as error:
        if not intact:
            raise
        read_dicm(data, limits)
        raise AssertionError("a whole file has a prefix check that does not hold") from error
    if end is not None:
        return _read_body(data, end, limit), end
    file = read_dicm(data, limits)
    return DicmFile(file.header, file.tiles), len(data)


def _check_start(data: bytes, limit: dict[str, int]) -> None:
    if data[:5] != SIGNATURE:
        cut = len(data) < 5 and SIGNATURE.startswith(data)
        raise DicmError("truncated" if cut else "bad-signature", "no signature")
    _check_limit(limit, "maxFileBytes", len(data))
    if len(data) < 6:
        raise DicmError("truncated", "the file ends after its signature")
    if data[5] >> 4 > 1:
        raise DicmError("newer-version", f"version {data[5] >> 4}.{data[5] & 15}, this reader knows 1.1")


def _find_prefix(data: bytes) -> int | None:
    """End of the prefix, or None where nothing says that the file has one."""
    try:
        cursor = _Cursor(data, 6, len(data))
        header = _read_header(cursor, (data[5] >> 4, data[5] & 15))
        if header.version < (1, 1):
            return None
        for _ in range(_tile_count(header.width, header.height)):
            if cursor.number(1) != TILE:
                return None
            cursor.take(cursor.varint())
        start = cursor.position
        if cursor.take(2) != bytes([PREFIX_CHECK, 4]):
            return None
        check = cursor.number(4)
    except DicmError as error:
        if error.code != "truncated":
            return None
        raise DicmError("truncated", "the bytes end before the first layer and its check") from error
    if check != zlib.crc32(data[:start]):
        raise DicmError("prefix-mismatch", "the first layer is damaged")
    return cursor.position


def _read_body(data: bytes, end: int, limit: dict[str, int]) -> DicmFile:
    if data[5] >> 4 == 0:
        raise DicmError("bad-version", "major version 0 does not exist")
    cursor = _Cursor(data, 6, end)
    header = _read_header(cursor, (data[5] >> 4, data[5] & 15))
    _check_limit(limit, "maxPixels", header.width * header.height)
    _check_limit(limit, "maxSourcePixels", header.source_width * header.source_height)
    count = _tile_count(header.width, header.height)
    _check_limit(limit, "maxTiles", count)
    return _read_sections(cursor, header, count, limit)


def _tile_count(width: int, height: int) -> int:
    return -(-width // TILE_EDGE) * -(-height // TILE_EDGE)


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
    width, height = _read_coded_size(cursor, bool(flags >> 7 & 1))
    source = (width, height)
    if form:
        source = (cursor.number(2 * form), cursor.number(2 * form))
        if 0 in source:
            raise DicmError("zero-size", "the source has a side of 0")
        if source == (width, height) or (form == 2 and max(source) <= 65535):
            raise DicmError("not-canonical", "a needless or needlessly long source size")
    orientation = (flags >> 10 & 7) + 1
    return Header(width, height, *source, flags >> 13, decode_id, render_id, orientation, PROFILES[profile], version)


def _read_coded_size(cursor: _Cursor, long: bool) -> tuple[int, int]:
    if not long:
        packed = cursor.number(3)
        return (packed >> 12) + 1, (packed & 4095) + 1
    width, height = cursor.number(4), cursor.number(4)
    if width == 0 or height == 0:
        raise DicmError("zero-size", "the coded picture has a side of 0")
    if max(width, height) <= 4096:
        raise DicmError("not-canonical", "the long form of a small coded size")
    return width, height


def _read_sections(cursor: _Cursor, header: Header, count: int, limit: dict[str, int]) -> DicmFile:
    tiles: list[TileSection] = []
    ancillary: list[tuple[int, bytes]] = []
    layers: list[Layer] = []
    seen: list[int] = []
    metadata, all_tiles = 0, count
    layered = header.version >= (1, 1)
    while cursor.position < cursor.end:
        start = cursor.position
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
        if len(seen) == 255:
            raise DicmError("too-many-sections", "more than 255 ancillary sections")
        known = layered or tag not in (PREFIX_CHECK, LAYER, DIGEST)
        if known and tag in SINGLE_TAGS and tag in seen:
            raise DicmError("duplicate-section", f"tag {tag:02x} twice")
        if layered and DIGEST in seen:
            raise DicmError("misplaced-section", "a section behind the digest")
        content = cursor.take(length)
        if known and tag == DIGEST and length != 32:
            raise DicmError("bad-length", "a digest has 32 bytes")
        seen.append(tag)
        if known and tag == PREFIX_CHECK:
            _check_prefix(cursor.data[:start], content, first=len(seen) == 1)
            continue
        if known and tag == LAYER:
            if PREFIX_CHECK not in seen:
                raise DicmError("missing-prefix-check", "a layer without a prefix check before it")
            before = layers[-1].profile if layers else header.profile
            layer = _read_layer(content, header, before, limit, all_tiles)
            if layer is None:
                ancillary.append((tag, content))
            else:
                all_tiles += len(layer.tiles)
                layers.append(replace(layer, ancillary_before=len(ancillary)))
            continue
        metadata += length
        _check_limit(limit, "maxAncillaryBytes", metadata)
        ancillary.append((tag, content))
    if len(tiles) < count:
        raise DicmError("missing-tile", f"{len(tiles)} of {count} tiles")
    return DicmFile(header, tiles, ancillary, layers, layered and PREFIX_CHECK in seen)


def _check_prefix(before: bytes, content: bytes, first: bool) -> None:
    if len(content) != 4:
        raise DicmError("bad-length", "a prefix check has four bytes")
    if not first:
        raise DicmError("misplaced-section", "a prefix check stands right after the last tile")
    if int.from_bytes(content, "big") != zlib.crc32(before):
        raise DicmError("prefix-mismatch", "the prefix check does not hold")


def _read_layer(content: bytes, first: Header, before: str, limit: dict[str, int], tiles_before: int) -> Layer | None:
    """A layer, or None for one that this version does not know."""
    cursor = _Cursor(content, 0, len(content))
    try:
        flags = cursor.number(2)
        profile, form = flags >> 3 & 3, flags >> 1 & 3
        if flags & 1 or form == 3 or profile >= len(PROFILES):
            return None
        ids = cursor.take(4), cursor.take(2)
        size = _read_coded_size(cursor, form == 2) if form else (first.width, first.height)
        if form and size == (first.width, first.height):
            raise DicmError("not-canonical", "a needless size of a layer")
        if profile <= PROFILES.index(before):
            same = PROFILES[profile] == before
            raise DicmError("duplicate-section" if same else "layer-order", f"{PROFILES[profile]} after {before}")
        _check_limit(limit, "maxPixels", size[0] * size[1])
        _check_limit(limit, "maxTiles", tiles_before + _tile_count(*size))
        lengths = [cursor.varint() for _ in range(_tile_count(*size))]
        if min(lengths) < 2 or sum(lengths) != len(content) - cursor.position:
            raise DicmError("bad-length", "the tiles of a layer do not fill it")
        tiles = [TileSection(cursor.take(length - 2), cursor.number(2)) for length in lengths]
    except DicmError as error:
        if error.code == "truncated":
            raise DicmError("bad-length", "a section too short for its layer") from error
        raise
    return Layer(PROFILES[profile], *size, flags >> 5, *ids, tiles)


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
            if cursor.number(1) not in (TILE, LAYER, *SINGLE_TAGS):
                break
            cursor.take(cursor.varint())
    except DicmError as error:
        if error.code == "truncated":
            return error
    return DicmError("crc-mismatch", "the file checksum does not hold")


def write_dicm(file: DicmFile) -> bytes:
    """Put a file together, with the version its header states."""
    h = file.header
    source = (h.source_width, h.source_height)
    form = 0 if source == (h.width, h.height) else 1 if max(source) <= 65535 else 2
    flags = h.quality_position << 13 | h.orientation - 1 << 10 | PROFILES.index(h.profile) << 8
    flags |= (max(h.width, h.height) > 4096) << 7 | form << 5
    version = bytes([h.version[0] << 4 | h.version[1]])
    out = bytearray(SIGNATURE) + version + flags.to_bytes(3, "big") + h.decode_id + h.render_id
    out += _coded_size(h.width, h.height)
    for side in source if form else ():
        out += side.to_bytes(2 * form, "big")
    for tile in file.tiles:
        out += _section(TILE, _tile(tile))
    if file.prefix_check:
        out += _section(PREFIX_CHECK, zlib.crc32(out).to_bytes(4, "big"))
    others = [_section(tag, content) for tag, content in file.ancillary]
    for layer in reversed(file.layers):
        others.insert(layer.ancillary_before, _section(LAYER, _layer(layer, h)))
    out += b"".join(others)
    return bytes(out) + zlib.crc32(out).to_bytes(4, "big")


def _layer(layer: Layer, first: Header) -> bytes:
    same = (layer.width, layer.height) == (first.width, first.height)
    form = 0 if same else 2 if max(layer.width, layer.height) > 4096 else 1
    flags = layer.quality_position << 5 | PROFILES.index(layer.profile) << 3 | form << 1
    size = b"" if same else _coded_size(layer.width, layer.height)
    tiles = [_tile(tile) for tile in layer.tiles]
    lengths = b"".join(_varint(len(tile)) for tile in tiles)
    return flags.to_bytes(2, "big") + layer.decode_id + layer.render_id + size + lengths + b"".join(tiles)


def _coded_size(width: int, height: int) -> bytes:
    if max(width, height) > 4096:
        return width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return (width - 1 << 12 | height - 1).to_bytes(3, "big")


def _tile(tile: TileSection) -> bytes:
    return tile.payload + tile.check.to_bytes(2, "big")


def _section(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
