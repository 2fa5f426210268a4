"""Shared fixtures: one tiny run through all stages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

COMMON = ["--synthetic", "--tiny", "--pixels", "16384", "--sides", "64", "80", "--log-every", "1", "--threads", "2"]


def stage(name: str, *arguments: str) -> str:
    """Run one stage as a user would and return what it printed."""
    command = [sys.executable, "-m", "dicm_training", name, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run folder after codec, polish and export at smoke size."""
    run = tmp_path_factory.mktemp("run")
    start = ["--klt-batches", "2", "--prior-steps", "2", "--refit-steps", "3"]
    stage("codec", "--run", str(run), *COMMON, "--steps", "3", "--train-head-from", "0.5", *start)
    stage("polish", "--run", str(run), *COMMON, "--steps", "2")
    stage("export", "--run", str(run), "--out", str(run / "model"), "--vectors", str(run / "vectors.safetensors"))
    return run
