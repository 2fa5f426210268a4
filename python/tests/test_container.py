"""Files are read and refused as the conformance cases say, message places included."""

from __future__ import annotations

import dataclasses
import io
import json

import pytest
from conftest import FIXTURES

import dicm
from dicm.container.info import tile_payload

FOLDER = FIXTURES / "conformance"
CASES = json.loads((FOLDER / "cases.json").read_text())["cases"]
READ = [case for case in CASES if "decodes" not in case["expect"]]
PREFIXES = [case for case in CASES if "prefix" in case["expect"]]
NAMES = {"maxPixels": "max_pixels", "maxSourcePixels": "max_source_pixels", "maxTiles": "max_tiles"} | {
    "maxFileBytes": "max_file_bytes",
    "maxAncillaryBytes": "max_ancillary_bytes",
}


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def limits_of(expect: dict) -> dicm.Limits:
    given = {NAMES[name]: value for name, value in expect.get("limits", {}).items()}
    return dicm.Limits(**given)


def header_of(layer: object) -> dict:
    return {camel(field.name): getattr(layer, field.name) for field in dataclasses.fields(layer)}


def layer_tiles(data: bytes, layer: dicm.LayerInfo) -> list[dict]:
    payloads = [tile_payload(data, place) for place in layer.tiles]
    return [{"payload": bytes(tile.data).hex(), "check": tile.check} for tile in payloads]


@pytest.mark.parametrize("case", READ, ids=lambda case: case["path"])
def test_reads_and_refuses_as_the_cases_say(case: dict) -> None:
    path, expect = FOLDER / case["path"], case["expect"]
    limits = limits_of(expect)
    if "code" not in expect:
        file = dicm.open(path, limits=limits)
        assert header_of(file.info.header) == expect["header"]
        assert layer_tiles(file.data, file.info.layers[0]) == expect["tiles"]
        further = expect.get("layers", [])
        assert [layer.profile for layer in file.info.layers[1:]] == [layer["profile"] for layer in further]
        for layer, wanted in zip(file.info.layers[1:], further, strict=True):
            assert layer_tiles(file.data, layer) == wanted["tiles"]
        return
    with pytest.raises(dicm.DicmError) as caught:
        dicm.open(path, limits=limits)
    assert (caught.value.code, caught.value.exit_code) == (expect["code"], expect["exit"])
    if isinstance(caught.value, dicm.LimitError):
        assert caught.value.limit == NAMES[expect["limit"]]
    if isinstance(caught.value, dicm.FormatError):
        assert caught.value.offset == expect.get("offset", caught.value.offset)
        assert caught.value.section == expect.get("section", caught.value.section)


@pytest.mark.parametrize("case", PREFIXES, ids=lambda case: case["path"])
def test_prefixes_open_as_the_cases_say(case: dict) -> None:
    path, expect = FOLDER / case["path"], case["expect"]["prefix"]
    limits = limits_of(case["expect"])
    if "code" in expect:
        with pytest.raises(dicm.DicmError) as caught:
            dicm.open(path, prefix=True, limits=limits)
        assert caught.value.code == expect["code"]
        return
    file = dicm.open(path, prefix=True, limits=limits)
    assert header_of(file.info.header) == expect["header"]
    assert layer_tiles(file.data, file.info.layers[0]) == expect["tiles"]
    assert len(file.info.layers) == 1
    assert file.info.prefix_bytes in (None, expect["prefixBytes"])
    cut = dicm.open(path.read_bytes()[: expect["prefixBytes"]], prefix=True)
    assert cut.info.header == file.info.header


def test_opens_paths_bytes_and_files_alike() -> None:
    path = FOLDER / "valid" / "one-tile.dicm"
    data = path.read_bytes()
    infos = [
        dicm.open(source).info
        for source in (path, str(path), data, bytearray(data), memoryview(data), io.BytesIO(data))
    ]
    assert all(info == infos[0] for info in infos)
    assert infos[0].payload_bytes + infos[0].overhead_bytes == len(data)


@pytest.mark.parametrize(
    ("source", "error", "code"),
    [
        (FOLDER / "nowhere.dicm", dicm.FormatError, "file-missing"),
        (FOLDER, dicm.UsageError, "is-directory"),
        (io.StringIO("text"), dicm.UsageError, "not-bytes"),
        (7, dicm.UsageError, "not-bytes"),
    ],
)
def test_says_what_cannot_be_read(source: object, error: type[dicm.DicmError], code: str) -> None:
    with pytest.raises(error) as caught:
        dicm.open(source)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_a_limit_is_compared_before_a_file_is_read() -> None:
    path = FOLDER / "valid" / "one-tile.dicm"
    for source in (path, io.BytesIO(path.read_bytes())):
        with pytest.raises(dicm.LimitError) as caught:
            dicm.open(source, limits=dicm.Limits(max_file_bytes=10))
        assert (caught.value.limit, caught.value.maximum) == ("max_file_bytes", 10)


@pytest.mark.parametrize("value", [-1, float("nan"), "much", True])
def test_refuses_what_is_no_limit(value: object) -> None:
    with pytest.raises(dicm.UsageError, match="max_tiles"):
        dicm.Limits(max_tiles=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", [c for c in CASES if "verify" in c["expect"]], ids=lambda case: case["path"])
def test_a_digest_that_does_not_hold_is_found(case: dict) -> None:
    file = dicm.open(FOLDER / case["path"])
    assert file.info.digest is not None
    with pytest.raises(dicm.FormatError) as caught:
        file.verify()
    expect = case["expect"]["verify"]
    assert (caught.value.code, caught.value.section) == (expect["code"], expect["section"])
