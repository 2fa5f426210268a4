"""What several tests need: files and models of the repository, and the built command line as a witness."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"
TINY = FIXTURES / "models" / "tiny"
R50 = ROOT / "packages" / "model-r50"
VIEW = ROOT / "packages" / "model-dpc"
RELEASED = sorted((FIXTURES / "released").glob("*.dicm"))

CommandLine = Callable[..., list[dict]]


@pytest.fixture(scope="session")
def command_line() -> CommandLine:
    """Runs the built command line and gives its lines of JSON, also where it fails."""
    if shutil.which("node") is None or not (ROOT / "dist" / "src" / "cli" / "main.js").is_file():
        pytest.skip("no node, or no build of the command line (npm run build) to compare with")

    def run(*arguments: str | Path, check: bool = True) -> list[dict]:
        command = ["node", str(ROOT / "bin" / "dicm.js"), *map(str, arguments), "--json"]
        environment = {**os.environ, "DICM_MODEL_PATH": ""}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{command} failed: {done.stderr}{done.stdout}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


@pytest.fixture(scope="session")
def models(command_line: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The tiny model and the released one with their graphs, as the command line writes them."""
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (dicm[onnx])")
    folder = tmp_path_factory.mktemp("models")
    found = {}
    for name, source in (("tiny", TINY), ("r50", R50)):
        found[name] = folder / name
        shutil.copytree(source, found[name])
        command_line("models", "export", "--model", source, "--onnx", found[name] / "onnx")
    return found


@pytest.fixture(scope="session")
def tiny_files(command_line: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Photographs encoded with the tiny model: of one tile, and of several tiles and windows."""
    folder = tmp_path_factory.mktemp("files")
    found = {}
    for name, picture, side in (
        ("one", "rocket.jpg", "200"),
        ("many", "coffee.png", "none"),
        ("odd", "chelsea.png", "97"),
    ):
        found[name] = folder / f"{name}.dicm"
        image = FIXTURES / "images" / picture
        command_line("encode", image, "--model", TINY, "--max-side", side, "-o", found[name])
    return found
