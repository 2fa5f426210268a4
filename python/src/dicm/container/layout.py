"""Everything about a file that can be checked without a model, in the order the format prescribes (section 8)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ..errors import FormatError, UnsupportedError
from ..geometry import TileGrid
from ..limits import Limits
from .byte_slice import ByteSlice
from .checksum import (
    FILE_CHECKSUM_BYTES,
    check_file_checksum,
    find_prefix_end,
    has_file_checksum,
    holds_prefix_check,
)
from .header import (
    PROFILES,
    VERSION_MAJOR,
    VERSION_OFFSET,
    Header,
    LayerHeader,
    check_version,
    read_header,
)
from .sections import (
    MAX_ANCILLARY_SECTIONS,
    TAG_LAYER,
    TAG_PREFIX_CHECK,
    TAG_TILE,
    TILE_CHECK_BYTES,
    LayerLayout,
    SectionKind,
    SectionPlace,
    find_kind,
    is_critical,
    read_layer,
    read_section_place,
    tag_name,
)
from .signature import SIGNATURE, check_signature

ProvedBy = Literal["prefix-check", "file-checksum"]
"""What proved the bytes of a layout: the check behind the first layer, or the checksum of the whole file."""


@dataclass(slots=True)
class Layout:
    """A file whose structure has been checked: where everything lies.

    Attributes:
        header: Header of the file.
        tiles: Tile sections of the first layer in raster order.
        prefix_check: The check of everything before it, when there is one.
        layers: Further layers in file order, but for those of a kind that this version does not know.
        ancillary: All other ancillary sections in file order.
        sections: Every section in file order.
    """

    header: Header
    tiles: list[SectionPlace] = field(default_factory=list)
    prefix_check: SectionPlace | None = None
    layers: list[LayerLayout] = field(default_factory=list)
    ancillary: list[SectionPlace] = field(default_factory=list)
    sections: list[SectionPlace] = field(default_factory=list)


def read_layout(data: bytes, limits: Limits) -> Layout:
    """Checks a whole file: signature, version, checksum, header, limits, sections.

    Raises:
        FormatError, UnsupportedError, LimitError: As listed in section 10 of the format.
    """
    _check_start(data, limits)
    check_file_checksum(data)
    layout = _read_body(data, len(data) - FILE_CHECKSUM_BYTES, limits)
    check = layout.prefix_check
    if check is not None and layout.sections[-1] is check:
        message = "The check of the first layer proves what the file checksum does"
        raise FormatError("not-canonical", message, offset=check.offset, section="prefix-check")
    return layout


def read_prefix_layout(data: bytes, limits: Limits) -> tuple[Layout, int, ProvedBy]:
    """Checks the first layer of a file of which the rest may be missing or damaged (section 12.3).

    Returns:
        The layout, how many first bytes are enough for it, and what proved it. Of a file that has no check of its
        first layer the whole is read.
    """
    _check_start(data, limits)
    if len(data) > VERSION_OFFSET:
        major = data[VERSION_OFFSET] >> 4
        intact = major > VERSION_MAJOR and has_file_checksum(data)
        check_version(major, data[VERSION_OFFSET] & 15, intact)
    end = find_prefix_end(data)
    if isinstance(end, int):
        return _read_body(data, end, limits), end, "prefix-check"
    if end is not None and not has_file_checksum(data):
        raise end
    return read_layout(data, limits), len(data), "file-checksum"


def _check_start(data: bytes, limits: Limits) -> None:
    check_signature(data)
    limits.check("max_file_bytes", len(data), "The file size in bytes")


def _read_body(data: bytes, end: int, limits: Limits) -> Layout:
    """Checks header and sections of bytes up to ``end`` that a checksum has proved."""
    body = ByteSlice(data, "header", len(SIGNATURE), end)
    header = read_header(body)
    tile_count = _check_layer_limits(header, 0, limits)
    limits.check(
        "max_source_pixels",
        header.source_width * header.source_height,
        f"The number of source pixels, {header.source_width} x {header.source_height},",
    )
    body.section = "sections"
    return _read_sections(body, Layout(header), tile_count, limits)


def _check_layer_limits(header: LayerHeader, before: int, limits: Limits) -> int:
    """Compares a layer with the limits; ``before`` and the result are the tiles of all layers so far."""
    width, height = header.width, header.height
    what = f"The number of coded pixels, {width} x {height},"
    limits.check("max_pixels", width * height, what)
    grid = TileGrid(width, height)
    lead = f"{before} before and " if before else ""
    what = f"The number of tiles, {lead}{grid.columns} x {grid.rows},"
    limits.check("max_tiles", before + grid.count, what)
    return before + grid.count


def _read_sections(body: ByteSlice, layout: Layout, tile_count: int, limits: Limits) -> Layout:
    minor = layout.header.version_minor
    metadata_bytes = 0
    all_tiles = tile_count
    while body.remaining > 0:
        place = read_section_place(body)
        kind = find_kind(place.tag, minor)
        if place.tag == TAG_TILE:
            _check_tile(place, len(layout.tiles), tile_count)
            layout.tiles.append(place)
            layout.sections.append(place)
            continue
        if is_critical(place.tag):
            raise UnsupportedError(
                "unknown-section",
                f"The section {tag_name(place.tag, minor)} at byte {place.offset} is needed to decode the file, "
                "and this program does not know it",
            )
        if len(layout.tiles) < tile_count:
            break
        if kind is None or kind.metadata:
            metadata_bytes += place.data_bytes
        what = "The size of the ancillary sections in bytes"
        limits.check("max_ancillary_bytes", metadata_bytes, what)
        _check_ancillary(place, kind, layout)
        layout.sections.append(place)
        if kind is not None and kind.tag == TAG_PREFIX_CHECK:
            _check_prefix_value(body.data, place)
            layout.prefix_check = place
            continue
        layer = None
        if kind is not None and kind.tag == TAG_LAYER:
            layer, all_tiles = _read_layer(body.data, place, layout, all_tiles, limits)
        if layer is None:
            layout.ancillary.append(place)
        else:
            layout.layers.append(layer)
    if len(layout.tiles) < tile_count:
        missing = len(layout.tiles)
        message = f"Tile {missing} of 0 to {tile_count - 1} is missing here"
        section = f"tile {missing}"
        raise FormatError("missing-tile", message, offset=body.position, section=section)
    return layout


def _read_layer(
    data: bytes, place: SectionPlace, layout: Layout, all_tiles: int, limits: Limits
) -> tuple[LayerLayout | None, int]:
    """Reads a further layer, whose section is the last so far; its tiles are added to those of all layers."""
    tiles = all_tiles
    name = _layer_name(layout)

    def check_header(header: LayerHeader) -> None:
        nonlocal tiles
        _check_layer_order(header, place, layout, name)
        tiles = _check_layer_limits(header, all_tiles, limits)

    return read_layer(data, place, layout.header, name, check_header), tiles


def _check_tile(place: SectionPlace, index: int, tile_count: int) -> None:
    section = f"tile {index}"
    if index >= tile_count:
        message = f"The picture has no tile {index}"
        raise FormatError("surplus-tile", message, offset=place.offset, section=section)
    if place.data_bytes < TILE_CHECK_BYTES:
        message = "The tile has no room for its integer check"
        raise FormatError("bad-length", message, offset=place.offset, section=section)


def _check_ancillary(place: SectionPlace, kind: SectionKind | None, layout: Layout) -> None:
    """Checks what can be said about an ancillary section from its place and size."""
    minor = layout.header.version_minor
    sections, tile_count = layout.sections, len(layout.tiles)
    name = tag_name(place.tag, minor)

    def refusal(code: str, message: str) -> FormatError:
        return FormatError(code, message, offset=place.offset, section=name)

    others = sections[tile_count:]
    if kind is not None and not kind.repeats and any(other.tag == place.tag for other in others):
        raise refusal("duplicate-section", "The section may occur only once")
    if len(others) == MAX_ANCILLARY_SECTIONS:
        raise refusal("too-many-sections", f"More than {MAX_ANCILLARY_SECTIONS} ancillary sections")
    last = find_kind(sections[-1].tag, minor) if sections else None
    if last is not None and last.last:
        message = f"Nothing may follow the {last.name}, which is of all that a file holds"
        raise refusal("misplaced-section", message)
    if kind is None:
        return
    if kind.data_bytes is not None and place.data_bytes != kind.data_bytes:
        message = f"The section has {kind.data_bytes} bytes, not {place.data_bytes}"
        raise refusal("bad-length", message)
    if kind.tag == TAG_PREFIX_CHECK and others:
        raise refusal("misplaced-section", "It stands right after the last tile or nowhere")
    if kind.tag == TAG_LAYER and layout.prefix_check is None:
        message = "A layer follows, and nothing proves the first layer without it"
        raise refusal("missing-prefix-check", message)


def _check_prefix_value(data: bytes, place: SectionPlace) -> None:
    if holds_prefix_check(data, place.offset, place.data_offset):
        return
    # The file's own checksum holds here: whoever wrote it changed the first layer and not its check.
    raise FormatError(
        "prefix-mismatch",
        "The file is whole, but the check of its first layer does not hold: what wrote it did not know this check",
        offset=place.data_offset,
        section="prefix-check",
    )


def _check_layer_order(header: LayerHeader, place: SectionPlace, layout: Layout, name: str) -> None:
    """Profiles come in the order of their numbers: the machine layer is the first, and no profile comes twice."""
    before = layout.layers[-1].header if layout.layers else layout.header
    if PROFILES.index(header.profile) > PROFILES.index(before.profile):
        return
    if header.profile == before.profile:
        message = f"A second {header.profile} layer"
        raise FormatError("duplicate-section", message, offset=place.offset, section=name)
    message = f"A {header.profile} layer after a {before.profile} one"
    raise FormatError("layer-order", message, offset=place.offset, section=name)


def _layer_name(layout: Layout) -> str:
    """Name of the last section as a layer: the first layer, whose tiles have sections of their own, is number 0."""
    return f"layer {sum(place.tag == TAG_LAYER for place in layout.sections)}"
