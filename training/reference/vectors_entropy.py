"""Known answers of the range coder, the tables and the escape codes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import DicmError
from .random_source import RandomSource
from .range_coder import RangeDecoder, RangeEncoder
from .tables import Table, build_tables, decode_symbols, encode_symbols

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1


def frequencies(weights: list[float]) -> list[int]:
    """Positive integers that sum to 2^16, in about the proportion of the weights."""
    total = sum(weights)
    counts = [1 + int(w / total * (65536 - len(weights))) for w in weights]
    counts[counts.index(max(counts))] += 65536 - sum(counts)
    return counts


def bell(scale: float, reach: int) -> list[float]:
    """Weights of -reach..reach and of the escape, bell-shaped, by exactly rounded operations alone."""
    weights = [1 / ((1 + (k / scale) ** 2) * (1 + (k / scale) ** 2)) for k in range(-reach, reach + 1)]
    return [*weights, sum(weights) / 4096]


def flatten(tables: list[tuple[int, list[int]]]) -> dict[str, list[int]]:
    """(first integer, frequencies) of each table as the model's cdf, size and offset."""
    cdf: list[int] = []
    for _, counts in tables:
        cdf += [0, *np.cumsum(counts).tolist()]
    return {
        "cdf": cdf,
        "size": [len(counts) for _, counts in tables],
        "offset": [first for first, _ in tables],
    }


def as_tables(flat: dict[str, list[int]]) -> list[Table]:
    """Tables of `flatten`."""
    return build_tables(*(np.array(flat[key], np.int64) for key in ("cdf", "size", "offset")))


def sample_tables() -> dict[str, list[int]]:
    """Tables of every kind: tiny, peaked, flat, wide, far from zero."""
    return flatten(
        [
            (0, [65535, 1]),
            (-1, [1, 65533, 1, 1]),
            (-3, [9362] * 6 + [9364]),
            (-5, frequencies(bell(0.7, 5))),
            (-40, frequencies(bell(6.0, 40))),
            (-1000, frequencies(bell(200.0, 1000))),
            (0, [1, 65535]),
            (2**30 - 3, [30000, 5536, 30000]),
            (-(2**30), [30000, 5536, 30000]),
        ]
    )


def coder_vector(name: str, musts: list[str], symbols: list[tuple[int, int]]) -> dict[str, Any]:
    """Code (start, frequency) pairs."""
    encoder = RangeEncoder()
    for start, frequency in symbols:
        encoder.encode(start, frequency)
    return {"name": name, "musts": musts, "symbols": symbols, "bytes": encoder.finish().hex()}


class _CarryCounter(RangeEncoder):
    """Encoder that remembers the longest carry and how the stream ended."""

    longest = 0
    carried_last = False

    def _carry(self) -> None:
        tail = bytes(self._out)
        self.longest = max(self.longest, len(tail) - len(tail.rstrip(b"\xff")))
        self.carried_last = True
        super()._carry()

    def encode(self, start: int, frequency: int) -> None:
        super().encode(start, frequency)
        self.carried_last = False


def carry_vectors() -> list[dict[str, Any]]:
    """Streams that carry through bytes of ff, and at the very end."""
    found: dict[str, dict[str, Any]] = {}
    for seed in range(100000):
        source = RandomSource(seed)
        encoder = _CarryCounter()
        symbols = []
        for _ in range(12):
            start = source.bits16()
            symbols.append((start, 1 + source.below(65536 - start)))
            encoder.encode(*symbols[-1])
        inside = encoder.longest
        encoder.finish()
        if inside == 1:
            found.setdefault("a carry through one byte of ff", coder_vector("", [], symbols))
        if inside >= 2:
            found.setdefault("a carry through two bytes of ff", coder_vector("", [], symbols))
        if encoder.carried_last:
            found.setdefault("a carry when the stream ends", coder_vector("", [], symbols))
        if len(found) == 3:
            break
    return [v | {"name": name, "musts": ["DICM-E-02", "DICM-E-03"]} for name, v in sorted(found.items())]


def coder_vectors() -> dict[str, Any]:
    """Answers of the bare coder."""
    source = RandomSource(1)
    mixed = []
    for _ in range(1500):
        start = source.below(65536)
        mixed.append((start, 1 + source.below(min(65536 - start, 1 + source.bits16()))))
    bypass = [(source.below(1 << b) << 16 - b, 1 << 16 - b) for b in range(1, 17)]
    vectors = [
        coder_vector("no symbol: no byte", ["DICM-E-03"], []),
        coder_vector("the lower half: zeros past the end say it", ["DICM-E-03"], [(0, 32768)]),
        coder_vector("the upper half: one byte, the smallest", ["DICM-E-03"], [(32768, 32768)]),
        coder_vector("the rarest symbol at the start", ["DICM-E-01", "DICM-E-02"], [(0, 1)] * 6),
        coder_vector("the rarest symbol at the end", ["DICM-E-01", "DICM-E-02"], [(65535, 1)] * 6),
        coder_vector("certainty costs nothing", ["DICM-E-01"], [(0, 65536)] * 9),
        coder_vector("near certainty, 3,000 times", ["DICM-E-01"], [(1, 65535)] * 3000),
        coder_vector("fields of 1 to 16 bits", ["DICM-E-01"], bypass),
        *carry_vectors(),
        coder_vector("1,500 symbols of any size", ["DICM-E-01", "DICM-E-02", "DICM-E-03"], mixed),
    ]
    return {"schema": "dicm.vectors.range-coder/1", "vectors": vectors}


def symbol_vectors() -> dict[str, Any]:
    """Answers of the symbol loops: integers and table indexes to bytes."""
    flat = sample_tables()
    tables = as_tables(flat)
    vectors = []

    def add(name: str, musts: list[str], values: list[int], indexes: list[int]) -> None:
        encoder = RangeEncoder()
        encode_symbols(encoder, values, indexes, tables)
        payload = encoder.finish()
        decoder = RangeDecoder(payload)
        assert decode_symbols(decoder, indexes, tables).tolist() == values
        decoder.finish()
        vectors.append({"name": name, "musts": musts, "values": values, "indexes": indexes, "bytes": payload.hex()})

    for i, table in enumerate(tables):
        values = list(range(table.first, table.last + 1))
        add(f"every symbol of table {i}", ["DICM-E-20"], values, [i] * len(values))
    for i in (0, 3, 5):
        first, last = tables[i].first, tables[i].last
        values = []
        for distance in (1, 2, 3, 4, 7, 8, 255, 256, 65535, 65536, 65537, 2**20 + 5, 2**30):
            values += [first - distance, last + distance]
        add(f"escapes of table {i}", ["DICM-E-21"], values, [i] * len(values))
    extremes = [INT32_MIN, INT32_MAX, INT32_MIN + 1, INT32_MAX - 1]
    for i in (0, 5, 7, 8):
        add(f"the ends of int32 by table {i}", ["DICM-E-21", "DICM-E-23"], extremes, [i] * 4)
    source = RandomSource(7)
    indexes = [source.below(7) for _ in range(6000)]
    values = []
    for index in indexes:
        table = tables[index]
        if source.below(40) == 0:
            values.append(source.below(5000) - 2500)
        else:
            near = 0
            for _ in range(4):
                near += source.below(max(1, (table.last - table.first) // 4)) + 0
            values.append(max(table.first, min(table.last, table.first + near)))
    add("6,000 symbols of seven tables, some escaped", ["DICM-E-20", "DICM-E-21"], values, indexes)
    return {"schema": "dicm.vectors.symbols/1", "tables": flat, "vectors": vectors}


def payload_code(payload: bytes, indexes: list[int], tables: list[Table]) -> str:
    """Code with which a payload is refused, or `none`."""
    try:
        decoder = RangeDecoder(payload)
        decode_symbols(decoder, indexes, tables)
        decoder.finish()
    except DicmError as error:
        return error.code
    return "none"


def refusal_vectors() -> dict[str, Any]:
    """Payloads that are refused, and why."""
    flat = sample_tables()
    tables = as_tables(flat)
    encoder = RangeEncoder()
    indexes = [2, 3, 4, 5] * 10
    encode_symbols(encoder, [0, 1, -17, 240] * 10, indexes, tables)
    whole = encoder.finish()
    vectors = []

    def add(name: str, must: str, payload: bytes, where: list[int], expected: str) -> None:
        assert payload_code(payload, where, tables) == expected, (name, payload_code(payload, where, tables))
        vectors.append({"name": name, "musts": [must], "bytes": payload.hex(), "indexes": where, "code": expected})

    add("a zero too many", "DICM-E-05", whole + b"\0", indexes, "trailing-payload")
    add("a byte too many", "DICM-E-05", whole + b"\xff", indexes, "trailing-payload")
    add("a kilobyte too many", "DICM-E-05", whole + bytes(1024), indexes, "trailing-payload")
    add("fewer symbols than were coded", "DICM-E-05", whole, indexes[:-8], "trailing-payload")
    add("a byte where none is needed", "DICM-E-05", b"\0", [], "trailing-payload")
    add("half a stream", "DICM-E-04", whole[: len(whole) // 2], indexes, "truncated-payload")
    add("no stream", "DICM-E-04", b"", indexes, "truncated-payload")
    add("more symbols than were coded", "DICM-E-04", whole, indexes * 2, "truncated-payload")
    endless = [5] * 5000
    add("zeros do not go on for ever", "DICM-E-04", bytes(8), endless, "truncated-payload")
    # The second symbol of table 7 owns units 30000 to 35535: the first bytes 76 to 8a, of which 76 is least.
    add("another byte of the final interval", "DICM-E-06", b"\x77", [7], "non-canonical-payload")
    add("the last byte of the final interval", "DICM-E-06", b"\x8a", [7], "non-canonical-payload")
    add("the start that no encoder makes", "DICM-E-07", b"\xff\xff\xff\xff", indexes, "invalid-payload")
    add("the same with more bytes", "DICM-E-07", b"\xff" * 40, indexes, "invalid-payload")

    def escaped(table: int, above: int, ones: int, tail: int) -> bytes:
        encoder = RangeEncoder()
        cumulative = tables[table].cumulative
        encoder.encode(cumulative[-2], cumulative[-1] - cumulative[-2])
        encoder.encode_bits(above, 1)
        for _ in range(ones):
            encoder.encode_bits(1, 1)
        encoder.encode_bits(0, 1)
        if ones > 16:
            encoder.encode_bits(tail >> 16, ones - 16)
        encoder.encode_bits(tail & 0xFFFF, min(ones, 16))
        return encoder.finish()

    add("an escape with 32 ones", "DICM-E-22", escaped(3, 1, 32, 0), [3], "invalid-payload")
    add("an escape with 500 ones", "DICM-E-22", _ones(tables[3], 500), [3], "invalid-payload")
    past = 2**31 - tables[3].last - 2**30
    add("an escape to 2^31", "DICM-E-23", escaped(3, 1, 30, past), [3], "invalid-payload")
    past = 2**31 + 1 + tables[3].first - 2**30
    add("an escape to -2^31 - 1", "DICM-E-23", escaped(3, 0, 30, past), [3], "invalid-payload")
    add("the largest escape code", "DICM-E-23", escaped(3, 1, 31, 2**31 - 1), [3], "invalid-payload")
    return {"schema": "dicm.vectors.payload-refusals/1", "tables": flat, "vectors": vectors}


def _ones(table: Table, count: int) -> bytes:
    encoder = RangeEncoder()
    encoder.encode(table.cumulative[-2], table.cumulative[-1] - table.cumulative[-2])
    for _ in range(count):
        encoder.encode_bits(1, 1)
    return encoder.finish()


def table_vectors() -> dict[str, Any]:
    """Tables that are refused."""
    cases: list[tuple[str, str, list[int], list[int], list[int]]] = [
        ("no table", "DICM-E-10", [], [], []),
        ("257 tables", "DICM-E-10", [0, 1, 65536] * 257, [2] * 257, [0] * 257),
        ("an offset too few", "DICM-E-10", [0, 1, 65536], [2], []),
        ("cumulative frequencies missing", "DICM-E-10", [0, 1, 65536], [3], [0]),
        ("cumulative frequencies left over", "DICM-E-10", [0, 1, 65536, 0], [2], [0]),
        ("a start other than 0", "DICM-E-11", [1, 2, 65536], [2], [0]),
        ("a sum of 65535", "DICM-E-11", [0, 1, 65535], [2], [0]),
        ("a sum of 65537", "DICM-E-11", [0, 1, 65537], [2], [0]),
        ("a symbol without frequency", "DICM-E-11", [0, 7, 7, 65536], [3], [0]),
        ("a negative frequency", "DICM-E-11", [0, 9, 7, 65536], [3], [0]),
        ("an escape without frequency", "DICM-E-11", [0, 65536, 65536], [2], [0]),
        ("an escape alone", "DICM-E-12", [0, 65536], [1], [0]),
        ("no symbol", "DICM-E-12", [0], [0], [0]),
        ("a negative size", "DICM-E-12", [0, 1, 65536], [-2], [0]),
        ("an offset above 2^30", "DICM-E-13", [0, 1, 65536], [2], [2**30 - 1]),
        ("an offset below -2^30", "DICM-E-13", [0, 1, 65536], [2], [-(2**30) - 1]),
    ]
    vectors = []
    for name, must, cdf, size, offset in cases:
        try:
            as_tables({"cdf": cdf, "size": size, "offset": offset})
        except DicmError as error:
            assert error.code == "bad-tables"
        else:
            raise AssertionError(name)
        vectors.append({"name": name, "musts": [must], "cdf": cdf, "size": size, "offset": offset})
    return {"schema": "dicm.vectors.table-refusals/1", "code": "bad-tables", "vectors": vectors}


def entropy_vectors() -> dict[str, dict[str, Any]]:
    """All files of fixtures/entropy."""
    return {
        "range-coder.json": coder_vectors(),
        "symbols.json": symbol_vectors(),
        "payload-refusals.json": refusal_vectors(),
        "table-refusals.json": table_vectors(),
    }
