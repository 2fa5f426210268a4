"""The checksum of a whole file and the check of its first layer, and what a wrong one means (sections 7, 8, 12.2)."""

from __future__ import annotations

from zlib import crc32

from ..errors import DicmError, FormatError
from ..geometry import TileGrid
from .byte_slice import ByteSlice
from .header import VERSION_OFFSET, check_version, read_header
from .sections import TAG_PREFIX_CHECK, TAG_TILE, find_kind, read_section_place
from .signature import SIGNATURE

FILE_CHECKSUM_BYTES = 4
"""Bytes of the CRC-32 at the end of a file."""


def has_file_checksum(data: bytes) -> bool:
    """Whether the bytes end in the checksum of all bytes before."""
    end = len(data) - FILE_CHECKSUM_BYTES
    # The version byte is covered by the checksum, so it cannot be part of it.
    if end <= VERSION_OFFSET:
        return False
    return crc32(memoryview(data)[:end]) == int.from_bytes(data[end:], "big")


def check_file_checksum(data: bytes) -> None:
    """Checks version and checksum of a file whose signature is right.

    Raises:
        FormatError: ``truncated``, ``trailing-bytes`` or ``crc-mismatch`` for a damaged file, ``bad-version``.
        UnsupportedError: ``newer-version``.
    """
    if len(data) <= VERSION_OFFSET:
        message = "The file ends after its signature"
        raise FormatError("truncated", message, offset=len(SIGNATURE), section="version")
    intact = has_file_checksum(data)
    check_version(data[VERSION_OFFSET] >> 4, data[VERSION_OFFSET] & 15, intact)
    if not intact:
        raise _find_cut_or_tail(data) or _mismatch(data)


def find_prefix_end(data: bytes) -> int | FormatError | None:
    """Looks for the check of the first layer, directly behind its last tile, and compares it.

    Nothing is believed before it holds, so this only walks over sections, in time linear in the bytes.

    Returns:
        The end of the proved bytes; an error that says why they are none; None for a file without such a check, or
        bytes that make no sense.
    """
    walk = ByteSlice(data, "header", len(SIGNATURE))
    section = "header"
    try:
        header = read_header(walk)
        kind = find_kind(TAG_PREFIX_CHECK, header.version_minor)
        if kind is None:
            return None
        for tile in range(TileGrid(header.width, header.height).count):
            section = f"tile {tile}"
            if read_section_place(walk).tag != TAG_TILE:
                return None
        section = kind.name
        place = read_section_place(walk)
    except DicmError as error:
        if error.code not in ("truncated", "bad-length"):
            return None
        message = "The bytes end before the first layer and its check do"
        return FormatError("truncated", message, offset=len(data), section=section)
    if place.tag != kind.tag or place.data_bytes != kind.data_bytes:
        return None
    if holds_prefix_check(data, place.offset, place.data_offset):
        return walk.position
    message = "The first layer is damaged: its check does not hold"
    return FormatError("prefix-mismatch", message, offset=place.offset, section=section)


def holds_prefix_check(data: bytes, offset: int, data_offset: int) -> bool:
    """Whether the CRC-32 at ``data_offset`` is that of all bytes before ``offset``."""
    stored = int.from_bytes(data[data_offset : data_offset + 4], "big")
    return stored == crc32(memoryview(data)[:offset])


def _find_cut_or_tail(data: bytes) -> FormatError | None:
    """Whether a file whose checksum does not hold was cut short or goes on too long; None for other damage."""
    walk = ByteSlice(data, "header", len(SIGNATURE))
    try:
        header = read_header(walk)
    except DicmError as error:
        return error if isinstance(error, FormatError) and error.code == "truncated" else None
    tile_count = TileGrid(header.width, header.height).count
    tiles = 0
    view = memoryview(data)
    crc = crc32(view[: walk.position])
    while True:
        start = walk.position
        if tiles == tile_count and walk.remaining > FILE_CHECKSUM_BYTES:
            end = start + FILE_CHECKSUM_BYTES
            if int.from_bytes(data[start:end], "big") == crc:
                return _trailing_bytes(data, end)
        if walk.remaining <= FILE_CHECKSUM_BYTES:
            # Sections that fill the file to its checksum were not cut, even where a damaged size asks for more tiles.
            filled = walk.remaining == FILE_CHECKSUM_BYTES
            if filled and (tiles == tile_count or data[start] != TAG_TILE):
                return None
            return _cut_short(data, f"tile {tiles}" if tiles < tile_count else "checksum")
        try:
            tiles += read_section_place(walk).tag == TAG_TILE
        except DicmError as error:
            overrun = error.code in ("truncated", "bad-length")
            section = f"tile {tiles}" if tiles < tile_count else "sections"
            return _cut_short(data, section) if overrun else None
        crc = crc32(view[start : walk.position], crc)


def _cut_short(data: bytes, section: str) -> FormatError:
    # Said only where a prefix can be read from these very bytes.
    whole = isinstance(find_prefix_end(data), int)
    advice = "; its first layer is whole, and can be read with prefix=True" if whole else ""
    message = f"The file is cut short or a length in it is damaged{advice}"
    return FormatError("truncated", message, offset=len(data), section=section)


def _trailing_bytes(data: bytes, end: int) -> FormatError:
    count = len(data) - end
    follow = "byte follows" if count == 1 else "bytes follow"
    message = f"The file is whole, but {count} {follow} its end"
    return FormatError("trailing-bytes", message, offset=end, section="end of file")


def _mismatch(data: bytes) -> FormatError:
    offset = len(data) - FILE_CHECKSUM_BYTES
    message = "The file is damaged: its checksum does not hold"
    return FormatError("crc-mismatch", message, offset=offset, section="checksum")
