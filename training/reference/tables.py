"""Integer frequency tables and the two symbol loops (format-spec/v1/entropy-coding.md, sections 3 to 5)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .errors import DicmError
from .range_coder import TOTAL, RangeDecoder, RangeEncoder, decode_escape, encode_escape

MAX_TABLES = 256
OFFSET_BOUND = 2**30


@dataclass(frozen=True)
class Table:
    """One table: `cumulative` runs 0..65536, the last symbol is the escape, the first stands for `first`."""

    first: int
    cumulative: list[int]

    @property
    def last(self) -> int:
        """Largest integer with a symbol of its own."""
        return self.first + len(self.cumulative) - 3

    def encode(self, encoder: RangeEncoder, value: int) -> None:
        """Code one integer."""
        escaped = not self.first <= value <= self.last
        symbol = len(self.cumulative) - 2 if escaped else value - self.first
        start = self.cumulative[symbol]
        encoder.encode(start, self.cumulative[symbol + 1] - start)
        if escaped:
            encode_escape(encoder, value, self.first, self.last)

    def decode(self, decoder: RangeDecoder) -> int:
        """Decode one integer."""
        symbol = bisect_right(self.cumulative, decoder.peek()) - 1
        start = self.cumulative[symbol]
        decoder.consume(start, self.cumulative[symbol + 1] - start)
        if symbol == len(self.cumulative) - 2:
            return decode_escape(decoder, self.first, self.last)
        return self.first + symbol

    def bits(self, value: int) -> float:
        """Information of one integer by this table, without an escape code."""
        symbol = value - self.first if self.first <= value <= self.last else len(self.cumulative) - 2
        return float(16 - np.log2(self.cumulative[symbol + 1] - self.cumulative[symbol]))


def build_tables(cdf: np.ndarray, sizes: np.ndarray, offsets: np.ndarray) -> list[Table]:
    """Check a model's tables ([DICM-E-10] to [DICM-E-13])."""
    if not 1 <= len(sizes) <= MAX_TABLES or len(offsets) != len(sizes):
        raise DicmError("bad-tables", f"{len(sizes)} sizes and {len(offsets)} offsets")
    tables = []
    start = 0
    for size, first in zip(sizes.tolist(), offsets.tolist(), strict=True):
        if not 2 <= size <= TOTAL or not -OFFSET_BOUND <= first <= OFFSET_BOUND - size:
            raise DicmError("bad-tables", f"{size} symbols from {first}")
        cumulative = cdf[start : start + size + 1].tolist()
        start += size + 1
        if len(cumulative) != size + 1 or cumulative[0] != 0 or cumulative[-1] != TOTAL:
            raise DicmError("bad-tables", "a table does not run from 0 to 65536")
        if any(b <= a for a, b in zip(cumulative, cumulative[1:], strict=False)):
            raise DicmError("bad-tables", "a symbol has no frequency")
        tables.append(Table(first, cumulative))
    if start != len(cdf):
        raise DicmError("bad-tables", f"{len(cdf) - start} cumulative frequencies too many")
    return tables


def encode_symbols(encoder: RangeEncoder, values: Iterable[int], indexes: Iterable[int], tables: list[Table]) -> None:
    """Code every value with the table of its index."""
    for value, index in zip(values, indexes, strict=True):
        tables[index].encode(encoder, value)


def decode_symbols(decoder: RangeDecoder, indexes: Iterable[int], tables: list[Table]) -> np.ndarray:
    """Decode one integer for each table index."""
    return np.array([tables[index].decode(decoder) for index in indexes], np.int32)
