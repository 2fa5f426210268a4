"""A bounded window on bytes: a read can neither leave it nor fail without saying where."""

from __future__ import annotations

from ..errors import FormatError

MAX_VARINT = 0xFFFFFFFF
"""Largest value a varint holds."""


class ByteSlice:
    """A window on ``data`` from ``position`` to ``end`` with a read position and a name for errors.

    Attributes:
        data: The whole file: offsets in errors count from its start.
        section: Name of the structure being read: ``header``, ``tile 3``.
        position: Offset of the next byte; the read methods advance it.
        end: First offset after the window.
    """

    __slots__ = ("data", "end", "position", "section")

    def __init__(self, data: bytes, section: str, start: int = 0, end: int | None = None) -> None:
        self.data = data
        self.section = section
        self.position = start
        self.end = len(data) if end is None else end

    @property
    def remaining(self) -> int:
        """Bytes still unread in the window."""
        return self.end - self.position

    def read(self, count: int) -> bytes:
        """Reads ``count`` bytes. Raises FormatError ``truncated`` when the window ends before."""
        if count > self.remaining:
            noun = "byte" if count == 1 else "bytes"
            raise FormatError(
                "truncated",
                f"The data end too early: {count} {noun} wanted, {self.remaining} left",
                offset=self.position,
                section=self.section,
            )
        start = self.position
        self.position += count
        return self.data[start : self.position]

    def read_uint(self, count: int) -> int:
        """Reads an unsigned integer of ``count`` bytes, most significant first."""
        return int.from_bytes(self.read(count), "big")

    def read_hex(self, count: int) -> str:
        """Reads ``count`` bytes as lower-case hexadecimal, two digits a byte."""
        return self.read(count).hex()

    def read_varint(self) -> int:
        """Reads an unsigned LEB128 number of at most five bytes (section 2 of the format).

        Raises:
            FormatError: ``truncated``; ``not-canonical`` for a needlessly long form; ``bad-varint`` above 2^32 - 1.
        """
        offset = self.position
        value = 0
        for shift in range(0, 35, 7):
            byte = self.read_uint(1)
            value += (byte & 0x7F) << shift
            if value > MAX_VARINT or (byte >= 0x80 and shift == 28):
                raise FormatError("bad-varint", "The number is above 4294967295", offset=offset, section=self.section)
            if byte < 0x80:
                if byte == 0 and shift > 0:
                    raise FormatError(
                        "not-canonical",
                        f"The number {value} is written in more bytes than it needs",
                        offset=offset,
                        section=self.section,
                    )
                break
        return value
