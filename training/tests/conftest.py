"""Shared fixtures: one tiny run through all stages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

COMMON = ["--synthetic", "--tiny", "--pixels", "16384", "--sides", "64", "80", "--log-every", "1", "--threads", "2"]


def stage(name: str, *arguments: str) -> str:
    """Run one stage as a user would and return what it printed."""
    command = [sys.executable, "-m", "dicm_training", name, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def assert_same_path(
    found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor], middle: dict[str, torch.Tensor]
) -> None:
    """Check that two trainings went the same way from `middle`, which `found` came by, but for rounding.

    How kernels round depends on where memory lies, and Adam makes whole steps of the rounding of tiny gradients, so
    weights cannot be compared one by one. Other data, another rate or lost moments lead a good part of the way apart.
    """
    # Statistics of batch norms go a long way whatever is trained.
    names = [name for name, value in expected.items() if value.is_floating_point() and "running_" not in name]
    assert found.keys() == expected.keys()

    def distance(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> float:
        return sum(float((a[name].double() - b[name].double()).pow(2).sum()) for name in names) ** 0.5

    apart, way = distance(found, expected), distance(expected, middle)
    assert way > 0
    assert apart <= 0.1 * way, f"{apart:.3g} apart after a way of {way:.3g}"


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run folder after codec, polish and export at smoke size."""
    run = tmp_path_factory.mktemp("run")
    start = ["--klt-batches", "2", "--prior-steps", "2", "--refit-steps", "3"]
    stage("codec", "--run", str(run), *COMMON, "--steps", "3", "--train-head-from", "0.5", *start)
    stage("polish", "--run", str(run), *COMMON, "--steps", "2")
    stage("export", "--run", str(run), "--out", str(run / "model"), "--vectors", str(run / "vectors.safetensors"))
    return run
