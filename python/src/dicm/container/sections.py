"""The tagged sections between header and checksum, and the tiles of further layers (sections 5 and 12.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..errors import FormatError, UnsupportedError
from ..geometry import TileGrid
from .byte_slice import ByteSlice
from .header import VERSION_MINOR, LayerHeader, read_layer_header

TILE_CHECK_BYTES = 2
"""Bytes of the integer check that ends the content of a tile."""

MAX_ANCILLARY_SECTIONS = 255
"""Largest number of ancillary sections in a file, layers and prefix check included."""

TAG_TILE = 0x81
TAG_PREFIX_CHECK = 0x04
TAG_LAYER = 0x05
TAG_DIGEST = 0x06

_CRITICAL_BIT = 0x80
_RESERVED_BIT = 0x40


@dataclass(frozen=True, slots=True)
class SectionKind:
    """What is known about the sections of one tag.

    Attributes:
        tag: The tag byte.
        name: Name in listings and errors.
        since: Minor version that gave the tag its meaning: in a file of an older one it has none.
        repeats: Whether a file may have more than one.
        data_bytes: Size of the content in bytes, where it is fixed.
        metadata: Whether the content counts as metadata, which has a limit of its own.
        last: Whether nothing may follow it.
    """

    tag: int
    name: str
    since: int = 0
    repeats: bool = False
    data_bytes: int | None = None
    metadata: bool = True
    last: bool = False


_KINDS = (
    SectionKind(TAG_TILE, "tile", repeats=True, metadata=False),
    SectionKind(0x02, "icc"),
    SectionKind(0x03, "exif"),
    SectionKind(TAG_PREFIX_CHECK, "prefix-check", since=1, data_bytes=4, metadata=False),
    SectionKind(TAG_LAYER, "layer", since=1, repeats=True, metadata=False),
    SectionKind(TAG_DIGEST, "digest", since=1, data_bytes=32, last=True),
)


@dataclass(frozen=True, slots=True)
class SectionPlace:
    """Where a section lies: offsets of its tag and of its content, and the content's size, in bytes."""

    tag: int
    offset: int
    data_offset: int
    data_bytes: int

    @property
    def end(self) -> int:
        """First offset after the section."""
        return self.data_offset + self.data_bytes


@dataclass(frozen=True, slots=True)
class TilePlace:
    """Where the content of a tile lies: its range-coded stream, then its integer check of two bytes."""

    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class LayerLayout:
    """A further layer taken apart: its section, what it states, and where its tiles lie."""

    section: SectionPlace
    header: LayerHeader
    tiles: tuple[TilePlace, ...]


def find_kind(tag: int, version_minor: int) -> SectionKind | None:
    """What a tag means in a file of a minor version; None where it is not assigned."""
    return next((kind for kind in _KINDS if kind.tag == tag and kind.since <= version_minor), None)


def tag_name(tag: int, version_minor: int) -> str:
    """Name of a tag byte in a file of a minor version: ``tile``, ``icc``, ...; ``0x`` and two digits without one."""
    kind = find_kind(tag, version_minor)
    return f"0x{tag:02x}" if kind is None else kind.name


def is_critical(tag: int) -> bool:
    """Whether a reader that does not know the tag must refuse the file."""
    return bool(tag & _CRITICAL_BIT)


def read_section_place(data: ByteSlice) -> SectionPlace:
    """Reads tag and length of the next section and steps over its content.

    Raises:
        FormatError: ``truncated``, ``bad-tag``, ``not-canonical``, ``bad-varint``, ``bad-length``.
        UnsupportedError: ``reserved-bits``.
    """
    offset = data.position
    tag = data.read_uint(1)
    if tag & ~_CRITICAL_BIT == 0:
        raise FormatError("bad-tag", f"Tag 0x{tag:02x} is never used", offset=offset, section=data.section)
    if tag & _RESERVED_BIT:
        raise UnsupportedError(
            "reserved-bits",
            f"The tag 0x{tag:02x} at byte {offset} sets a bit that is reserved: a newer dicm is needed",
        )
    size = data.read_varint()
    if size > data.remaining:
        raise FormatError(
            "bad-length",
            f"A section of {size} bytes is declared where {data.remaining} are left",
            offset=offset,
            section=f"{data.section}, {tag_name(tag, VERSION_MINOR)}",
        )
    place = SectionPlace(tag, offset, data.position, size)
    data.position += size
    return place


def read_layer(
    data: bytes,
    section: SectionPlace,
    first: LayerHeader,
    name: str,
    check_header: Callable[[LayerHeader], None],
) -> LayerLayout | None:
    """Reads the section of a further layer; None for a kind that this version does not know.

    Args:
        data: The whole file.
        section: Where the section lies.
        first: Header of the first layer.
        name: Name of the layer in errors.
        check_header: Called with the header before the tiles are read, to compare it with limits.

    Raises:
        FormatError: ``bad-length`` when header, lengths and tiles do not fill the section, and as the header.
    """
    content = ByteSlice(data, name, section.data_offset, section.end)
    try:
        header = read_layer_header(content, first)
        if header is None:
            return None
        check_header(header)
        sizes = _read_tile_sizes(content, TileGrid(header.width, header.height).count)
        if sum(sizes) != content.remaining:
            raise FormatError(
                "bad-length",
                f"The {len(sizes)} tiles of a layer of {header.width} x {header.height} pixels take {sum(sizes)} bytes "
                f"where the section has {content.remaining}",
                offset=content.position,
                section=name,
            )
    except FormatError as error:
        if error.code != "truncated":
            raise
        # The file goes on: it is the section that is too short for what it is.
        message = "The section is too short for its layer"
        raise FormatError("bad-length", message, offset=section.offset, section=name) from None
    tiles = []
    offset = content.position
    for size in sizes:
        tiles.append(TilePlace(offset, size))
        offset += size
    return LayerLayout(section, header, tuple(tiles))


def _read_tile_sizes(content: ByteSlice, count: int) -> list[int]:
    # Grown as lengths turn up, never allocated from the count, which is only declared.
    sizes: list[int] = []
    for index in range(count):
        offset = content.position
        size = content.read_varint()
        if size < TILE_CHECK_BYTES:
            message = f"Tile {index} has no room for its integer check"
            raise FormatError("bad-length", message, offset=offset, section=content.section)
        sizes.append(size)
    return sizes
