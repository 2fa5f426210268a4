"""The expected values of fixtures/evaluation/pictures.json and lpips.json, computed anew by the second witness.

The TypeScript measures are compared with the same files (test/evaluation, test/networks), so both sides agree through
them. LPIPS with the published heads needs the folder that $DICM_LPIPS names.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "training" / "tools"))

import make_picture_vectors as vectors  # noqa: E402
import picture_witness as witness  # noqa: E402


def cases(name: str) -> list[Any]:
    listed = json.loads((ROOT / "fixtures" / "evaluation" / f"{name}.json").read_text())
    return [pytest.param(case, id=case.get("name") or f"{case['area']}-{case['distortion']}") for case in listed]


@pytest.mark.parametrize("case", cases("pictures"))
def test_psnr(case: Any) -> None:
    pytest.importorskip("skimage", reason="scikit-image is not installed")
    assert witness.psnr(*vectors.pictures(case)) == pytest.approx(case["expected"]["psnr"], rel=1e-9)


@pytest.mark.parametrize("case", cases("pictures"))
def test_ms_ssim(case: Any) -> None:
    assert witness.ms_ssim(*vectors.pictures(case)) == pytest.approx(case["expected"]["msSsim"], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("case", cases("lpips"))
def test_lpips_of_a_small_network(case: Any) -> None:
    assert vectors.lpips_figures(case) == pytest.approx(case["expected"], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("case", [case for case in cases("pictures") if case.values[0]["area"][2] == 161])
def test_lpips_with_the_published_heads(case: Any) -> None:
    folder = os.environ.get("DICM_LPIPS")
    if folder is None:
        pytest.skip("$DICM_LPIPS names no folder with the weights of LPIPS")
    assert vectors.lpips(case, *vectors.published(Path(folder))) == pytest.approx(case["expected"]["lpips"], rel=1e-9)
