"""Distances between pictures: LPIPS (Zhang et al., 2018, squeeze variant) and MS-SSIM (Wang et al., 2003).

The weights of LPIPS are public ones and no part of what is released: a folder with `squeezenet1_1.safetensors` (names
of torchvision) and `lpips_squeeze_v0.1_linear.safetensors` (`lin0.weight` to `lin6.weight`).
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import UsageError

TRUNK_FILE = "squeezenet1_1.safetensors"
LINEAR_FILE = "lpips_squeeze_v0.1_linear.safetensors"
STAGES = ((3, 4), (6, 7), (9,), (10,), (11,), (12,))
"""Fire modules between the points of SqueezeNet 1.1 that are compared; the first lies behind the first convolution."""
POOLED = (3, 6, 9)
"""Fire modules with a pooling in front of them."""
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""Normalisation of samples in [-1, 1] (LPIPS v0.1)."""
SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the five scales of MS-SSIM, finest first."""
SSIM_WINDOW, SSIM_SIGMA = 11, 1.5
SSIM_CONSTANTS = (0.01**2, 0.03**2)
SSIM_SMALLEST_SIDE = (SSIM_WINDOW - 1) * 2 ** (len(SSIM_WEIGHTS) - 1) + 1


class Lpips(nn.Module):
    """LPIPS of two pictures; frozen, gradients go to the pictures."""

    shift: Tensor
    scale: Tensor

    def __init__(self, trunk: dict[str, Tensor], linear: dict[str, Tensor]) -> None:
        """Take the tensors of the two files."""
        super().__init__()
        for name, value in trunk.items():
            if name.startswith("features."):
                self.register_buffer(name.replace(".", "/"), value.float())
        self.heads = len(STAGES) + 1
        for index in range(self.heads):
            self.register_buffer(f"lin{index}", linear[f"lin{index}.weight"].float().flatten())
        self.register_buffer("shift", torch.tensor(SHIFT)[:, None, None])
        self.register_buffer("scale", torch.tensor(SCALE)[:, None, None])

    def _convolve(self, x: Tensor, name: str, stride: int = 1, padding: int = 0) -> Tensor:
        weight, bias = (getattr(self, f"features/{name.replace('.', '/')}/{part}") for part in ("weight", "bias"))
        return F.relu(F.conv2d(x, weight, bias, stride, padding))

    def features(self, rgb: Tensor) -> list[Tensor]:
        """Unit vectors of the seven points for RGB in [0, 1] [N, 3, H, W], each [N, C, h, w]."""
        x = self._convolve((2 * rgb - 1 - self.shift) / self.scale, "0", stride=2)
        points = [x]
        for stage in STAGES:
            for number in stage:
                if number in POOLED:
                    x = F.max_pool2d(x, 3, 2, ceil_mode=True)
                x = self._convolve(x, f"{number}.squeeze")
                wide = self._convolve(x, f"{number}.expand3x3", padding=1)
                x = torch.cat([self._convolve(x, f"{number}.expand1x1"), wide], 1)
            points.append(x)
        return [p.float() / (p.float().square().sum(1, keepdim=True) + 1e-20).sqrt() for p in points]

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Distance of each pair [N] of pictures in [0, 1]; no gradient reaches `b`."""
        with torch.no_grad():
            target = self.features(b)
        total = a.new_zeros(len(a))
        for index, (x, y) in enumerate(zip(self.features(a), target, strict=True)):
            difference = (x - y).square()
            total = total + torch.einsum("nchw,c->n", difference, getattr(self, f"lin{index}")) / x[0, 0].numel()
        return total


def load_lpips(folder: Path) -> Lpips:
    """Read LPIPS from the folder of its two files. Raises UsageError where one is missing."""
    for file in (TRUNK_FILE, LINEAR_FILE):
        if not (folder / file).is_file():
            raise UsageError(f"--lpips {folder}: {file} is missing there; LPIPS needs {TRUNK_FILE} and {LINEAR_FILE}")
    return Lpips(load_file(folder / TRUNK_FILE), load_file(folder / LINEAR_FILE)).requires_grad_(False).eval()


def random_lpips(seed: int = 0) -> Lpips:
    """Random weights in the shapes of LPIPS, for smoke tests."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator) * (2 / max(1, shape[1] * shape[2] * shape[3])) ** 0.5

    trunk = {"features.0.weight": draw(64, 3, 3, 3), "features.0.bias": torch.zeros(64)}
    widths, entering = [64], 64
    for stage, (squeeze, expand) in zip(
        STAGES, ((16, 64), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)), strict=True
    ):
        for number in stage:
            shapes = {"squeeze": (squeeze, entering, 1), "expand1x1": (expand, squeeze, 1)}
            for part, (out, into, side) in {**shapes, "expand3x3": (expand, squeeze, 3)}.items():
                trunk[f"features.{number}.{part}.weight"] = draw(out, into, side, side)
                trunk[f"features.{number}.{part}.bias"] = torch.zeros(out)
            entering = 2 * expand
        widths.append(entering)
    linear = {f"lin{i}.weight": torch.rand(width, generator=generator) for i, width in enumerate(widths)}
    return Lpips(trunk, linear).requires_grad_(False).eval()


def _window(x: Tensor) -> Tensor:
    """Weighted mean of each 11 x 11 window [N, C, H - 10, W - 10]."""
    distance = torch.arange(SSIM_WINDOW, device=x.device, dtype=x.dtype) - SSIM_WINDOW // 2
    kernel = torch.exp(-distance.square() / (2 * SSIM_SIGMA**2))
    kernel = (kernel / kernel.sum()).expand(x.shape[1], 1, 1, SSIM_WINDOW)
    x = F.conv2d(x, kernel, groups=x.shape[1])
    return F.conv2d(x, kernel.transpose(2, 3), groups=x.shape[1])


def ms_ssim(a: Tensor, b: Tensor) -> Tensor:
    """MS-SSIM of each pair [N] of pictures in [0, 1] [N, 3, H, W]: of each channel, and their mean.

    Both sides are at least 161 pixels; scales are halved by the mean of 2 x 2 pixels.
    """
    if min(a.shape[2:]) < SSIM_SMALLEST_SIDE:
        raise ValueError(f"MS-SSIM needs {SSIM_SMALLEST_SIDE} pixels on a side, not {tuple(a.shape[2:])}")
    n, c = a.shape[:2]
    product = a.new_ones(n, c)
    for scale, weight in enumerate(SSIM_WEIGHTS):
        mean_a, mean_b, aa, bb, ab = _window(torch.cat([a, b, a * a, b * b, a * b], 1)).split(c, 1)
        variance_a, variance_b, covariance = aa - mean_a * mean_a, bb - mean_b * mean_b, ab - mean_a * mean_b
        structure = (2 * covariance + SSIM_CONSTANTS[1]) / (variance_a + variance_b + SSIM_CONSTANTS[1])
        last = scale == len(SSIM_WEIGHTS) - 1
        if last:
            squares = mean_a.square() + mean_b.square()
            structure = structure * (2 * mean_a * mean_b + SSIM_CONSTANTS[0]) / (squares + SSIM_CONSTANTS[0])
        # The floor keeps the gradient of the power finite where a scale does not resemble at all.
        product = product * structure.mean((2, 3)).clamp(min=1e-6) ** weight
        if not last:
            a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
    return product.mean(1)
