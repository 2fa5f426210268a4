"""The reference reads and refuses the conformance cases as the specification says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from dicm_reference.container import (
    PROFILES,
    DicmFile,
    Header,
    TileSection,
    integer_check,
    read_dicm,
    tile_grids,
    write_dicm,
)
from dicm_reference.errors import DicmError

FOLDER = Path(__file__).parents[2] / "fixtures" / "conformance"
CASES = json.loads((FOLDER / "cases.json").read_text())["cases"]
VALID = [case for case in CASES if "code" not in case["expect"]]
REFUSED = [case for case in CASES if "code" in case["expect"]]


@pytest.mark.parametrize("case", VALID, ids=lambda case: case["path"])
def test_valid(case: dict) -> None:
    data = (FOLDER / case["path"]).read_bytes()
    file, expect = read_dicm(data), case["expect"]
    header = file.header
    assert {
        "versionMajor": header.version[0],
        "versionMinor": header.version[1],
        "profile": header.profile,
        "width": header.width,
        "height": header.height,
        "sourceWidth": header.source_width,
        "sourceHeight": header.source_height,
        "orientation": header.orientation,
        "qualityPosition": header.quality_position,
        "decodeId": header.decode_id.hex(),
        "renderId": header.render_id.hex(),
    } == expect["header"]
    assert [{"payload": t.payload.hex(), "check": t.check} for t in file.tiles] == expect["tiles"]
    assert [(a["tag"], a["data"]) for a in expect["ancillary"]] == [(t, c.hex()) for t, c in file.ancillary]
    if expect.get("rewrites", True):
        assert write_dicm(file) == data


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["path"])
def test_refused(case: dict) -> None:
    expect = case["expect"]
    with pytest.raises(DicmError) as refusal:
        read_dicm((FOLDER / case["path"]).read_bytes(), expect.get("limits"))
    assert refusal.value.code in (expect["code"], expect.get("refines"))


def test_integer_checks() -> None:
    for vector in json.loads((FOLDER / "integer-check.json").read_text())["vectors"]:
        z, symbols = (np.array(vector[key], np.int32) for key in ("z", "symbols"))
        assert integer_check(z, symbols) == vector["check"]


def sample(width: int, height: int, source: tuple[int, int], profile: str = "semantic") -> DicmFile:
    count = len(tile_grids(width, height))
    header = Header(width, height, *source, 777, b"\1\2\3\4", b"\5\6", 8, profile)
    return DicmFile(header, [TileSection(bytes(range(i * 7)), i) for i in range(count)], [(0x30, b"x"), (2, b"")])


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("size", [(1, 1), (512, 513), (4096, 3), (4097, 600)])
@pytest.mark.parametrize("source", [None, (65535, 9), (65536, 9)])
def test_files_come_back(size: tuple[int, int], source: tuple[int, int] | None, profile: str) -> None:
    file = sample(*size, source or size, profile)
    assert read_dicm(write_dicm(file)) == file


def test_every_changed_byte_and_every_cut_is_refused() -> None:
    data = write_dicm(sample(600, 40, (3000, 200)))
    for position in range(len(data)):
        with pytest.raises(DicmError):
            read_dicm(data[:position])
        for flip in (1, 0x80, 0xFF):
            changed = bytearray(data)
            changed[position] ^= flip
            with pytest.raises(DicmError):
                read_dicm(bytes(changed))
