"""The examples run as a user runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, TINY, CommandLine

torch = pytest.importorskip("torch", reason="torch is not installed (dicm[torch])")
numpy = pytest.importorskip("numpy")

SCRIPT = ROOT / "python" / "examples" / "train_linear_head.py"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Two classes that any features tell apart: dark and bright pictures."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed (dicm[pillow])")
    random = numpy.random.default_rng(1)
    for index in range(6):
        for name, darkest in (("bright", 195), ("dark", 0)):
            pixels = random.integers(darkest, darkest + 60, (48, 64, 3), numpy.uint8)
            (tmp_path / "photos" / name).mkdir(parents=True, exist_ok=True)
            image.fromarray(pixels).save(tmp_path / "photos" / name / f"{index}.png")
    return tmp_path / "photos"


def test_a_linear_head_learns_from_files(
    photographs: Path, command_line: CommandLine, models: dict[str, Path], tmp_path: Path
) -> None:
    command_line("encode", "-r", photographs, "-o", tmp_path / "coded", "--model", TINY)
    done = run(tmp_path / "coded", "--model", models["tiny"], "--splits", "2")
    assert done.returncode == 0, done.stderr
    assert "12 files of 2 classes, 256 features each" in done.stdout
    assert "accuracy 100.0 % (mean over 2 splits; chance 50.0 %)" in done.stdout


def test_photographs_are_encoded_first(photographs: Path, models: dict[str, Path], tmp_path: Path) -> None:
    dicm = tmp_path / "dicm"
    dicm.write_text(f'#!/bin/sh\nexec node "{ROOT}/bin/dicm.js" "$@" --model "{TINY}"\n')
    dicm.chmod(0o755)
    done = run(photographs, "--model", models["tiny"], "--dicm", dicm, "--splits", "1")
    assert done.returncode == 0, done.stderr
    assert "12 files of 2 classes" in done.stdout


def test_what_is_missing_is_said(photographs: Path, tmp_path: Path) -> None:
    done = run(photographs, "--dicm", tmp_path / "nowhere")
    assert done.returncode == 1
    assert "npx dicm encode -r" in done.stderr
    done = run(tmp_path / "nothing")
    assert (done.returncode, "[bad-dataset]" in done.stderr) == (2, True)
