"""What can be said about a file without a model."""

from __future__ import annotations

from dataclasses import dataclass

from ..geometry import TileGrid
from .header import Header, LayerHeader
from .layout import Layout, ProvedBy
from .sections import TAG_DIGEST, TILE_CHECK_BYTES, TilePlace, find_kind, tag_name


@dataclass(frozen=True, slots=True)
class TilePayload:
    """One independently coded tile: the range-coded stream and the check of its decoded integers, 0 to 65535."""

    data: memoryview
    check: int


@dataclass(frozen=True, slots=True)
class SectionInfo:
    """One tagged section: its name, the offset of its tag, and its size with tag and length, in bytes."""

    tag: str
    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class LayerInfo(LayerHeader):
    """One layer of a file: what it states, and where it lies.

    Attributes:
        tile_columns: Columns of its tile grid.
        tile_rows: Rows of its tile grid.
        payload_bytes: Its range-coded bytes.
        tiles: Where its tiles lie, in raster order.
    """

    tile_columns: int
    tile_rows: int
    payload_bytes: int
    tiles: tuple[TilePlace, ...]


@dataclass(frozen=True, slots=True)
class FileInfo:
    """Everything that can be said about a file without a model. Sizes and offsets are in bytes.

    Attributes:
        header: Header of the file and of its first layer.
        file_bytes: Size of the whole file, or of as much of it as was given.
        payload_bytes: Range-coded bytes of all layers.
        overhead_bytes: All other bytes, ancillary sections included.
        layers: All layers, the first one included; of a prefix only the first.
        prefix_bytes: How many first bytes are enough for the first layer; None without a check of it.
        proved_by: ``file-checksum``, or ``prefix-check`` where only the prefix was read.
        digest: The digest as it stands in the file, 64 hexadecimal digits, not compared; None without one.
        sections: Tagged sections in file order.
    """

    header: Header
    file_bytes: int
    payload_bytes: int
    overhead_bytes: int
    layers: tuple[LayerInfo, ...]
    prefix_bytes: int | None
    proved_by: ProvedBy
    digest: str | None
    sections: tuple[SectionInfo, ...]

    @property
    def width(self) -> int:
        """Width of the first layer's coded picture, in pixels."""
        return self.header.width

    @property
    def height(self) -> int:
        """Height of the first layer's coded picture, in pixels."""
        return self.header.height

    @property
    def source_size(self) -> tuple[int, int]:
        """Width and height of the photograph, in pixels."""
        return self.header.source_width, self.header.source_height

    @property
    def quality(self) -> float:
        """Quality of the first layer on the scale from 1 to 100."""
        return self.header.quality


def describe(data: bytes, layout: Layout, proved_by: ProvedBy) -> FileInfo:
    """Describes a file whose structure has been checked."""
    minor = layout.header.version_minor
    first = tuple(TilePlace(place.data_offset, place.data_bytes) for place in layout.tiles)
    layers = (
        _describe_layer(layout.header, first),
        *(_describe_layer(layer.header, layer.tiles) for layer in layout.layers),
    )
    payload_bytes = sum(layer.payload_bytes for layer in layers)
    check = layout.prefix_check
    digest = digest_place(layout)
    return FileInfo(
        header=layout.header,
        file_bytes=len(data),
        payload_bytes=payload_bytes,
        overhead_bytes=len(data) - payload_bytes,
        layers=layers,
        prefix_bytes=None if check is None else check.end,
        proved_by=proved_by,
        digest=None if digest is None else data[digest[1] : digest[2]].hex(),
        sections=tuple(
            SectionInfo(tag_name(place.tag, minor), place.offset, place.end - place.offset) for place in layout.sections
        ),
    )


def digest_place(layout: Layout) -> tuple[int, int, int] | None:
    """Where a digest lies: offsets of its section, of its content, and after it; None for a file without one."""
    kind = find_kind(TAG_DIGEST, layout.header.version_minor)
    for place in layout.ancillary:
        if kind is not None and place.tag == kind.tag:
            return place.offset, place.data_offset, place.end
    return None


def tile_payload(data: bytes, place: TilePlace) -> TilePayload:
    """A tile as a view on the file."""
    end = place.offset + place.size_bytes
    check = end - TILE_CHECK_BYTES
    return TilePayload(memoryview(data)[place.offset : check], int.from_bytes(data[check:end], "big"))


def _describe_layer(header: LayerHeader, tiles: tuple[TilePlace, ...]) -> LayerInfo:
    grid = TileGrid(header.width, header.height)
    return LayerInfo(
        profile=header.profile,
        width=header.width,
        height=header.height,
        quality_position=header.quality_position,
        decode_id=header.decode_id,
        render_id=header.render_id,
        tile_columns=grid.columns,
        tile_rows=grid.rows,
        payload_bytes=sum(tile.size_bytes - TILE_CHECK_BYTES for tile in tiles),
        tiles=tiles,
    )
