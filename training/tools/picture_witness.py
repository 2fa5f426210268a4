"""Second witness for the measures of pictures: scikit-image for PSNR, scipy for MS-SSIM, PyTorch for LPIPS.

Takes cases in the form of `fixtures/evaluation/pictures.json` and `lpips.json` and returns what they should give.
`make_picture_vectors.py` writes the files with it, `tests/test_picture_measures.py` computes them anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import correlate1d
from torch import Tensor, nn
from torch.nn import functional as F

Case = dict[str, Any]

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
POINTS = 7


def numbers(count: int, seed: int) -> np.ndarray:
    """Return numbers from 0 to 65535 of a linear congruential generator that the tests repeat."""
    state, values = seed, np.empty(count, dtype=np.int64)
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values[i] = state >> 16
    return values


def original(case: Case, folder: Path) -> np.ndarray:
    """Read the part of a photograph [height, width, 3] that a case is about."""
    x, y, width, height = case["area"]
    pixels = np.asarray(Image.open(folder / case["picture"]).convert("RGB"), dtype=np.int64)
    return pixels[y : y + height, x : x + width]


def distorted(picture: np.ndarray, distortion: str) -> np.ndarray:
    """Damage a picture in integers, so that every language gives the same one."""
    if distortion == "coarse":
        return picture - picture % 32 + 16
    if distortion == "noise":
        return np.clip(picture + numbers(picture.size, 7).reshape(picture.shape) % 61 - 30, 0, 255)
    if distortion == "blur":
        width = picture.shape[1]
        columns = [np.clip(np.arange(width) + step, 0, width - 1) for step in range(-2, 3)]
        return np.stack([picture[:, column] for column in columns]).sum(0) // 5
    if distortion == "grey":
        return np.repeat(picture[:, :, 1:2], 3, axis=2)
    if distortion == "negative":
        return 255 - picture
    raise ValueError(distortion)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio of RGB by scikit-image."""
    from skimage.metrics import peak_signal_noise_ratio

    return float(peak_signal_noise_ratio(a.astype(np.uint8), b.astype(np.uint8), data_range=255))


def filtered(plane: np.ndarray) -> np.ndarray:
    """Weighted means of all windows of 11x11 that lie in the plane."""
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets**2) / (2 * 1.5**2))
    window /= window.sum()
    return correlate1d(correlate1d(plane, window, axis=0), window, axis=1)[5:-5, 5:-5]


def ms_ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Multi-scale structural similarity, the mean over R, G and B."""
    similarities = []
    for channel in range(3):
        x, y = (picture[:, :, channel].astype(np.float64) for picture in (a, b))
        product = 1.0
        for scale, weight in enumerate(SCALE_WEIGHTS):
            mean_x, mean_y = filtered(x), filtered(y)
            variance_x, variance_y = filtered(x * x) - mean_x**2, filtered(y * y) - mean_y**2
            covariance = filtered(x * y) - mean_x * mean_y
            term = (2 * covariance + 7.65**2) / (variance_x + variance_y + 7.65**2)
            if scale == len(SCALE_WEIGHTS) - 1:
                term = term * (2 * mean_x * mean_y + 2.55**2) / (mean_x**2 + mean_y**2 + 2.55**2)
            product *= max(float(term.mean()), 0.0) ** weight
            # An odd side repeats its last row or column.
            x, y = (np.pad(plane, [(0, n % 2) for n in plane.shape], mode="edge") for plane in (x, y))
            x, y = (plane.reshape(plane.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3)) for plane in (x, y))
        similarities.append(product)
    return float(np.mean(similarities))


class Fire(nn.Module):
    """A module of SqueezeNet with tensors of torchvision's names."""

    def __init__(self, tensors: Mapping[str, Tensor], place: int) -> None:
        """Take the weights of one place."""
        super().__init__()
        self.squeeze, self.expand1x1, self.expand3x3 = (
            convolution(tensors, f"features.{place}.{name}", padding)
            for name, padding in (("squeeze", 0), ("expand1x1", 0), ("expand3x3", 1))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Few channels, then two kernels side by side."""
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], 1)


def convolution(tensors: Mapping[str, Tensor], name: str, padding: int = 0, stride: int = 1) -> nn.Conv2d:
    """Make a convolution of 64-bit numbers out of its tensors."""
    weight = tensors[f"{name}.weight"]
    layer = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2], stride, padding).double()
    layer.load_state_dict({"weight": weight.double(), "bias": tensors[f"{name}.bias"].double()})
    return layer


def squeezenet(tensors: Mapping[str, Tensor]) -> nn.ModuleList:
    """SqueezeNet 1.1 up to its last fire module, in the pieces after which LPIPS compares."""

    def pool() -> nn.Module:
        return nn.MaxPool2d(3, 2, ceil_mode=True)

    def fire(place: int) -> Fire:
        return Fire(tensors, place)

    return nn.ModuleList(
        [
            nn.Sequential(convolution(tensors, "features.0", stride=2), nn.ReLU()),
            nn.Sequential(pool(), fire(3), fire(4)),
            nn.Sequential(pool(), fire(6), fire(7)),
            nn.Sequential(pool(), fire(9)),
            fire(10),
            fire(11),
            fire(12),
        ]
    )


@torch.no_grad()
def lpips_points(a: Tensor, b: Tensor, tensors: Mapping[str, Tensor], heads: Mapping[str, Tensor]) -> list[float]:
    """Distance of two pictures [height, width, 3] of 0 to 1 at each of the seven points; LPIPS is their sum."""
    # As its authors have it: of samples from -1 to 1.
    shift = torch.tensor([-0.030, -0.088, -0.188], dtype=torch.float64)
    scale = torch.tensor([0.458, 0.448, 0.450], dtype=torch.float64)
    x, y = (((2 * picture.double() - 1 - shift) / scale).permute(2, 0, 1)[None] for picture in (a, b))
    distances = []
    for point, piece in enumerate(squeezenet(tensors)):
        x, y = piece(x), piece(y)
        unit_x, unit_y = (value / (value.norm(dim=1, keepdim=True) + 1e-10) for value in (x, y))
        weight = heads[f"lin{point}.weight"].double().reshape(1, -1, 1, 1)
        distances.append(float((weight * (unit_x - unit_y) ** 2).sum(1).mean()))
    return distances
