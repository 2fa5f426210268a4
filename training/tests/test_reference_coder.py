"""Properties of the reference's range coder and escape codes."""

from __future__ import annotations

import numpy as np
import pytest
from dicm_reference.errors import DicmError
from dicm_reference.range_coder import RangeDecoder, RangeEncoder
from dicm_reference.tables import Table, build_tables, decode_symbols, encode_symbols
from dicm_reference.vectors_entropy import as_tables, sample_tables
from hypothesis import given, settings
from hypothesis import strategies as st

TABLES = as_tables(sample_tables())
INT32 = st.integers(-(2**31), 2**31 - 1)
PAIRS = st.lists(st.tuples(st.integers(0, len(TABLES) - 1), st.one_of(st.integers(-9, 9), INT32)), max_size=80)


def encode(values: list[int], indexes: list[int], tables: list[Table] = TABLES) -> bytes:
    encoder = RangeEncoder()
    encode_symbols(encoder, values, indexes, tables)
    return encoder.finish()


def decode(payload: bytes, indexes: list[int]) -> list[int]:
    decoder = RangeDecoder(payload)
    values: list[int] = decode_symbols(decoder, indexes, TABLES).tolist()
    decoder.finish()
    return values


@given(PAIRS)
@settings(deadline=None, max_examples=200)
def test_integers_come_back(pairs: list[tuple[int, int]]) -> None:
    indexes, values = [i for i, _ in pairs], [v for _, v in pairs]
    assert decode(encode(values, indexes), indexes) == values


@given(st.binary(max_size=60), st.lists(st.integers(0, len(TABLES) - 1), max_size=40))
@settings(deadline=None, max_examples=500)
def test_any_stream_is_refused_or_canonical(payload: bytes, indexes: list[int]) -> None:
    try:
        values = decode(payload, indexes)
    except DicmError as error:
        assert error.code.endswith("-payload")
    else:
        assert encode(values, indexes) == payload


def test_no_number_below_the_final_one_is_shorter() -> None:
    # By brute force: no stream of fewer bytes, and no smaller one of as many, lies in the final interval.
    for seed in range(300):
        rng = np.random.default_rng(seed)
        symbols = []
        for _ in range(int(rng.integers(1, 4))):
            start = int(rng.integers(0, 65536))
            symbols.append((start, int(rng.integers(1, 65537 - start))))
        encoder = RangeEncoder()
        low, width = 0, 2**32 - 1
        scale = 32
        for start, frequency in symbols:
            encoder.encode(start, frequency)
            low, width = (
                low + (width * start >> 16),
                (width * (start + frequency) >> 16) - (width * start >> 16),
            )
            while width < 2**24:
                low, width, scale = low << 8, width << 8, scale + 8
        payload = encoder.finish()
        number = int.from_bytes(payload, "big") << scale - 8 * len(payload)
        assert low <= number < low + width
        step = 1 << scale - 8 * len(payload)
        assert number - step < low
        whole = scale - 32  # bits shifted out: the stream has at least these
        for bits in range(whole, 8 * len(payload), 8):
            assert -(-low >> scale - bits) << scale - bits >= low + width


def test_sizes_follow_the_entropy() -> None:
    rng = np.random.default_rng(1)
    table = TABLES[4]
    counts = np.diff(table.cumulative[:-1])
    values = rng.choice(len(counts), 20000, p=counts / counts.sum()) + table.first
    bits = sum(table.bits(v) for v in values.tolist())
    size = 8 * len(encode(values.tolist(), [4] * len(values)))
    assert bits < size < bits * 1.001 + 64


def test_tables_are_checked() -> None:
    with pytest.raises(DicmError, match="bad-tables"):
        build_tables(np.array([0, 1, 65535]), np.array([2]), np.array([0]))
