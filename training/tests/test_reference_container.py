"""The reference reads and refuses the conformance cases as the specification says."""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dicm_reference.__main__ import batch
from dicm_reference.container import (
    PROFILES,
    DicmFile,
    Header,
    Layer,
    TileSection,
    check_digest,
    integer_check,
    open_prefix,
    read_dicm,
    tile_grids,
    write_dicm,
)
from dicm_reference.errors import DicmError

FOLDER = Path(__file__).parents[2] / "fixtures" / "conformance"
CASES = json.loads((FOLDER / "cases.json").read_text())["cases"]
VALID = [case for case in CASES if "code" not in case["expect"]]
REFUSED = [case for case in CASES if "code" in case["expect"]]


def check_first_layer(file: DicmFile, expect: dict) -> None:
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
    assert found_tiles(file.tiles) == expect["tiles"]


def found_tiles(tiles: list[TileSection]) -> list[dict]:
    return [{"payload": tile.payload.hex(), "check": tile.check} for tile in tiles]


def found_layer(layer: Layer) -> dict:
    return {
        "profile": layer.profile,
        "width": layer.width,
        "height": layer.height,
        "qualityPosition": layer.quality_position,
        "decodeId": layer.decode_id.hex(),
        "renderId": layer.render_id.hex(),
        "tiles": found_tiles(layer.tiles),
        "ancillaryBefore": layer.ancillary_before,
    }


@pytest.mark.parametrize("case", VALID, ids=lambda case: case["path"])
def test_valid(case: dict) -> None:
    data = (FOLDER / case["path"]).read_bytes()
    file, expect = read_dicm(data), case["expect"]
    check_first_layer(file, expect)
    assert [(a["tag"], a["data"]) for a in expect["ancillary"]] == [(t, c.hex()) for t, c in file.ancillary]
    assert [found_layer(layer) for layer in file.layers] == expect.get("layers", [])
    assert file.prefix_check == expect.get("prefixCheck", False)
    prefix, end = open_prefix(data)
    assert (prefix.header, prefix.tiles) == (file.header, file.tiles)
    assert (end < len(data)) == file.prefix_check
    if expect.get("rewrites", True):
        assert write_dicm(file) == data


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["path"])
def test_refused(case: dict) -> None:
    expect = case["expect"]
    with pytest.raises(DicmError) as refusal:
        read_dicm((FOLDER / case["path"]).read_bytes(), expect.get("limits"))
    assert refusal.value.code in (expect["code"], expect.get("refines"))


@pytest.mark.parametrize("case", VALID, ids=lambda case: case["path"])
def test_digest(case: dict) -> None:
    data, expect = (FOLDER / case["path"]).read_bytes(), case["expect"]
    if "verify" in expect:
        with pytest.raises(DicmError) as refusal:
            check_digest(data)
        assert refusal.value.code == expect["verify"]["code"]
    else:
        last = expect["ancillary"][-1]["data"] if expect.get("digest") == "holds" else None
        assert check_digest(data) == last


PREFIXES = [case for case in CASES if "prefix" in case["expect"]]


@pytest.mark.parametrize("case", PREFIXES, ids=lambda case: case["path"])
def test_prefix(case: dict) -> None:
    data, expect = (FOLDER / case["path"]).read_bytes(), case["expect"]["prefix"]
    if "code" in expect:
        with pytest.raises(DicmError) as refusal:
            open_prefix(data)
        assert refusal.value.code in (expect["code"], expect.get("refines"))
        return
    file, end = open_prefix(data)
    check_first_layer(file, expect)
    assert end == expect["prefixBytes"]


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


def refused_changes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield three changes of each byte with its position; the reader refuses them, and the cut before each byte."""
    for position in range(len(data)):
        with pytest.raises(DicmError):
            read_dicm(data[:position])
        for flip in (1, 0x80, 0xFF):
            changed = bytearray(data)
            changed[position] ^= flip
            with pytest.raises(DicmError):
                read_dicm(bytes(changed))
            yield position, bytes(changed)


def test_every_changed_byte_and_every_cut_is_refused() -> None:
    data = write_dicm(sample(600, 40, (3000, 200)))
    assert len(list(refused_changes(data))) == 3 * len(data)


def layered(size: tuple[int, int], view: tuple[int, int]) -> DicmFile:
    file = sample(*size, (3000, 200))
    tiles = [TileSection(bytes(range(i * 5)), i) for i in range(len(tile_grids(*view)))]
    layer = Layer("perceptual", *view, 1234, b"abcd", b"ef", tiles, 1)
    return DicmFile(replace(file.header, version=(1, 1)), file.tiles, file.ancillary, [layer], True)


@pytest.mark.parametrize("view", [(600, 40), (512, 600), (4096, 3), (4097, 600)])
def test_layered_files_come_back_and_have_a_prefix(view: tuple[int, int]) -> None:
    file = layered((600, 40), view)
    data = write_dicm(file)
    assert read_dicm(data) == file
    prefix, end = open_prefix(data)
    assert prefix == DicmFile(file.header, file.tiles, prefix_check=True)
    assert [open_prefix(data[:length])[1] for length in range(end, len(data))] == [end] * (len(data) - end)


def test_every_changed_byte_and_every_cut_of_a_layered_file_is_refused() -> None:
    data = write_dicm(layered((40, 30), (600, 40)))
    end = open_prefix(data)[1]
    for position, changed in refused_changes(data):
        if position >= end:
            assert open_prefix(changed)[1] == end
        else:
            with pytest.raises(DicmError):
                open_prefix(changed[:end])


def test_batch_judges_many_files_in_one_process(capsys: pytest.CaptureFixture[str]) -> None:
    paths = ("valid/two-layers", "invalid/unknown-critical", "prefixes/cut-in-layer", "valid/one-tile")
    files = [(FOLDER / f"{path}.dicm").read_bytes() for path in paths]
    stream = io.BytesIO(b"".join(len(data).to_bytes(4, "big") + data for data in files))
    batch(argparse.Namespace(model=FOLDER.parent / "models" / "tiny"), stream)
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(a["whole"], a["prefix"], a["decoded"]) for a in answers] == [
        ("opens", "opens", "model-missing"),
        ("unknown-section", "unknown-section", ""),
        ("truncated", "opens", ""),
        ("opens", "opens", "model-missing"),
    ]
