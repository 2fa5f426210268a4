"""The wheel brings the tile core of the npm package, byte for byte."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

import dicm
from dicm.latents.tile_core import core_bytes

COMPILED = ROOT / "dist" / "src" / "wasm" / "generated" / "tile-core-wasm.js"


def npm_core() -> bytes:
    """The module as the npm package holds it."""
    if not COMPILED.is_file():
        pytest.skip("no build of the npm package (npm run build) to compare with")
    found = re.search(r"['\"]([A-Za-z0-9+/=]{1000,})['\"]", COMPILED.read_text())
    assert found is not None
    return base64.b64decode(found[1])


def test_the_core_in_use_is_that_of_the_npm_package() -> None:
    assert core_bytes() == npm_core()


def test_the_wheel_brings_the_core_of_the_npm_package(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="hatchling is not installed (dicm[dev])")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT / "python", check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert dicm.__version__ in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("dicm/data/dicm-core.wasm") == npm_core()
        assert "dicm/py.typed" in archive.namelist()
    assert wheel.stat().st_size < 50e6


def test_a_checkout_without_the_core_says_what_to_do(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="hatchling is not installed (dicm[dev])")
    for name in ("pyproject.toml", "hatch_build.py", "README.md"):
        (tmp_path / name).write_bytes((ROOT / "python" / name).read_bytes())
    package = tmp_path / "src" / "dicm"
    package.mkdir(parents=True)
    for name in ("__init__.py", "version.py"):
        (package / name).write_bytes((ROOT / "python" / "src" / "dicm" / name).read_bytes())
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "npm ci && npm run build" in done.stderr
