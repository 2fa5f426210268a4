"""Cases for the measures of pictures, with the answers of scikit-image, scipy and PyTorch. From the repository root:

python training/tools/make_picture_vectors.py fixtures/evaluation WEIGHTS

WEIGHTS is a folder with `squeezenet1_1.safetensors` and `lpips_squeeze_v0.1_linear.safetensors`, for LPIPS with the
heads that its authors published; scikit-image is needed too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import picture_witness as witness
import torch
from safetensors.torch import load_file
from torch import Tensor

Case = witness.Case

ROOT = Path(__file__).resolve().parents[2]
PHOTOGRAPHS = ROOT / "fixtures" / "images"

# Even and odd sides, and the smallest that five scales need.
AREAS = (("coffee.png", [0, 0, 600, 400]), ("coffee.png", [31, 17, 333, 275]), ("coffee.png", [200, 100, 161, 162]))
DISTORTIONS = ("coarse", "noise", "blur", "grey", "negative")


def picture_cases(weights: Path) -> list[Case]:
    """Parts of a photograph beside what became of them."""
    trunk, heads = published(weights)
    cases = []
    for name, area in AREAS:
        for distortion in DISTORTIONS:
            case: Case = {"picture": name, "area": area, "distortion": distortion}
            cases.append({**case, "expected": picture_figures(case, trunk, heads)})
    return cases


def published(weights: Path) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Load the network and the heads that LPIPS was published with."""
    files = ("squeezenet1_1.safetensors", "lpips_squeeze_v0.1_linear.safetensors")
    trunk, heads = (load_file(weights / name) for name in files)
    return trunk, heads


def picture_figures(case: Case, trunk: dict[str, Tensor], heads: dict[str, Tensor]) -> Case:
    """All measures of one case."""
    a, b = pictures(case)
    return {"psnr": witness.psnr(a, b), "msSsim": witness.ms_ssim(a, b), "lpips": lpips(case, trunk, heads)}


def pictures(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Part of a photograph, and what became of it."""
    original = witness.original(case, PHOTOGRAPHS)
    return original, witness.distorted(original, case["distortion"])


def lpips(case: Case, trunk: dict[str, Tensor], heads: dict[str, Tensor]) -> float:
    """LPIPS of one case."""
    a, b = (torch.from_numpy(picture) / 255 for picture in pictures(case))
    return sum(witness.lpips_points(a, b, trunk, heads))


def lpips_cases() -> list[Case]:
    """Pictures of numbers and a small network of numbers, whose weights need not be stored."""
    seeds = iter(range(1, 1000))
    shapes: dict[str, list[int]] = {"features.0": [4, 3, 3, 3]}
    channels = 4
    for place in (3, 4, 6, 7, 9, 10, 11, 12):
        shapes[f"features.{place}.squeeze"] = [2, channels, 1, 1]
        shapes[f"features.{place}.expand1x1"] = [3, 2, 1, 1]
        shapes[f"features.{place}.expand3x3"] = [3, 2, 3, 3]
        channels = 6
    weights = {f"{name}.weight": spec(shape, seeds, 1 / 64) for name, shape in shapes.items()}
    # Above 0 in the middle, so that something passes every ReLU.
    biases = {f"{name}.bias": {**spec(shape[:1], seeds, 1 / 256), "offset": 0.25} for name, shape in shapes.items()}
    # Heads are not below 0.
    heads = {
        f"lin{point}.weight": {**spec([4 if point == 0 else 6], seeds, 1 / 256), "offset": 0.25}
        for point in range(witness.POINTS)
    }
    network: Case = {"tensors": weights | biases, "heads": heads}
    cases = []
    for height, width in ((17, 17), (18, 40), (37, 46), (64, 33)):
        pictures = [{**spec([height, width, 3], seeds, 1 / 128), "offset": 0.5} for _ in range(2)]
        case: Case = {"name": f"{width}x{height}", "pictures": pictures, **network}
        cases.append({**case, "expected": lpips_figures(case)})
    return cases


def lpips_figures(case: Case) -> list[float]:
    """Distances at all points."""
    tensors, heads = ({name: tensor(one) for name, one in case[part].items()} for part in ("tensors", "heads"))
    a, b = (tensor(picture) for picture in case["pictures"])
    return witness.lpips_points(a, b, tensors, heads)


def spec(shape: list[int], seeds: Iterator[int], step: float) -> Case:
    """Describe numbers of the generator."""
    return {"shape": shape, "seed": next(seeds), "step": step}


def tensor(described: Case) -> Tensor:
    """Make the numbers that a description stands for."""
    shape, offset = described["shape"], described.get("offset", 0)
    values = (witness.numbers(torch.Size(shape).numel(), described["seed"]) % 129 - 64) * described["step"] + offset
    return torch.from_numpy(values).reshape(shape)


def main() -> None:
    """Write both files into the folder named on the command line."""
    folder, weights = (Path(argument) for argument in sys.argv[1:3])
    for name, cases in (("pictures", picture_cases(weights)), ("lpips", lpips_cases())):
        path = folder / f"{name}.json"
        path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
        print(f"{path}: {len(cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
