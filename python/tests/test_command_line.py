"""``python -m dicm`` says what files hold, with the exit codes of the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import FIXTURES, RELEASED, CommandLine

import dicm
from dicm.__main__ import main

INVALID = sorted((FIXTURES / "conformance" / "invalid").glob("*.dicm"))
DAMAGED = FIXTURES / "conformance" / "invalid" / "two-digests.dicm"


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_info_agrees_with_inspect(capsys: pytest.CaptureFixture[str], command_line: CommandLine) -> None:
    files = [str(path) for path in RELEASED]
    assert main(["info", "--json", *files]) == 0
    same = ["bytes", "payloadBytes", "width", "height", "sourceWidth", "sourceHeight", "orientation", "version"]
    for found, wanted in zip(lines_of(capsys), command_line("inspect", *files), strict=True):
        assert {key: found[key] for key in same} == {key: wanted[key] for key in same}
        assert [layer["decodeId"] for layer in found["layers"]] == [wanted["model"]["decodeId"]]
    assert main(["info", files[0]]) == 0
    assert "machine layer" in capsys.readouterr().out


@pytest.mark.parametrize("path", INVALID[::9], ids=lambda path: path.stem)
def test_refusals_have_the_exit_codes_of_the_command_line(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = json.loads((FIXTURES / "conformance" / "cases.json").read_text())["cases"]
    expect = next(case["expect"] for case in cases if case["path"] == f"invalid/{path.name}")
    assert main(["info", "--json", str(path)]) == expect["exit"]
    (line,) = lines_of(capsys)
    assert (line["schema"], line["code"]) == ("dicm.error/1", expect["code"])


def test_one_of_several_files_that_fails_is_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(RELEASED[0]), str(DAMAGED), str(RELEASED[0])]) == 1
    captured = capsys.readouterr()
    assert captured.out.count("pixels") == 4
    assert "may occur only once" in captured.err


def test_wrong_calls_are_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["show", "x"], ["info"], ["features", "x", "--layer", "f9"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
    assert main(["classify", "--top", "0", str(RELEASED[0])]) == 2
    capsys.readouterr()


def test_features_are_written_and_nothing_is_overwritten(
    models: dict[str, Path], tiny_files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["features", "--model", str(models["tiny"]), "--layer", "pooled", "--dtype", "float16"]
    files = [str(path) for path in tiny_files.values()]
    assert main([*asked, "-o", str(tmp_path / "nowhere"), *files]) == 1
    assert main([*asked, "-o", str(tmp_path), *files]) == 0
    for path in tiny_files.values():
        wanted = dicm.open(path, model=models["tiny"]).features("pooled", "float16")
        np.testing.assert_array_equal(np.load(tmp_path / f"{path.stem}.npy"), wanted, strict=True)
    capsys.readouterr()
    assert main([*asked, "-o", str(tmp_path), files[0]]) == 5
    assert "-f overwrites it" in capsys.readouterr().err
    assert main([*asked, "-o", str(tmp_path), "-f", files[0]]) == 0


def test_classes_are_named(
    models: dict[str, Path], tiny_files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tiny_files["one"])
    assert main(["classify", "--model", str(models["tiny"]), "--top", "2", "--json", file]) == 0
    (line,) = lines_of(capsys)
    assert [one["index"] for one in line["predictions"]] == [
        one.index for one in dicm.open(file, model=models["tiny"]).classify(2)
    ]
    assert main(["classify", "--model", "no-such-model", file]) == 6
