"""The expected values in fixtures/evaluation, recomputed with pycocotools and scipy.

The TypeScript metrics are compared with the same files (test/evaluation), so both sides agree through them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "training" / "tools"))

import make_evaluation_vectors  # noqa: E402
import metric_witness as witness  # noqa: E402

TOLERANCE = 1e-9


def cases(name: str) -> list[Any]:
    return [
        pytest.param(case, id=case.get("name", str(i)))
        for i, case in enumerate(json.loads((ROOT / "fixtures" / "evaluation" / f"{name}.json").read_text()))
    ]


def assert_close(actual: Any, expected: Any) -> None:
    """Equal structures, numbers within the tolerance."""
    if isinstance(expected, dict):
        assert actual.keys() == expected.keys()
        for key, value in expected.items():
            assert_close(actual[key], value)
    elif isinstance(expected, list):
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            assert_close(one, other)
    elif isinstance(expected, float):
        assert actual == pytest.approx(expected, abs=TOLERANCE, rel=TOLERANCE)
    else:
        assert actual == expected


@pytest.mark.parametrize("case", cases("masks"))
def test_masks(case: Any) -> None:
    assert_close(witness.mask_figures(case), case["expected"])


OF_PICTURES = {"pictures.json", "lpips.json"}
"""What another generator writes (test_picture_measures.py)."""


@pytest.mark.parametrize("case", cases("detections"))
def test_average_precision(case: Any) -> None:
    assert_close(witness.average_precision(case), case["expected"])


@pytest.mark.parametrize("case", cases("curves"))
def test_bjontegaard(case: Any) -> None:
    assert_close(witness.delta(case), case["expected"])
    for name, value in case.get("published", {}).items():
        assert case["expected"][name] == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("case", cases("bootstrap"))
def test_bootstrap(case: Any) -> None:
    assert_close(witness.bootstrap(case), case["expected"])


def test_the_files_are_those_that_the_generator_writes(tmp_path: Path) -> None:
    make_evaluation_vectors.main(tmp_path)
    written = sorted(path.name for path in tmp_path.iterdir())
    committed_names = {path.name for path in (ROOT / "fixtures" / "evaluation").glob("*.json")}
    assert written == sorted(committed_names - OF_PICTURES)
    for name in written:
        committed = json.loads((ROOT / "fixtures" / "evaluation" / name).read_text())
        assert_close(json.loads((tmp_path / name).read_text()), committed)


def test_draws_are_fair() -> None:
    counts = witness.draws(seed=3, images=10, resamples=500)
    assert (counts.sum(axis=1) == 10).all()
    # 5,000 draws of 10 pictures: 500 each, with a standard deviation of 21.
    assert np.abs(counts.sum(axis=0) - 500).max() < 100
