"""Fine patterns of two colours, which photographs hardly hold: they keep g_s stable on print, screens and fences.

The third-order products of g_s can run away on latents unlike those it was trained on (RESULTS, candidate 1.2.0).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .distortion import relative_error

KINDS = ("vertical", "horizontal", "checkerboard", "diagonal", "noise")


def draw_pattern(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw stripes, a checkerboard, diagonals or random blocks 1 to 8 pixels wide; uint8 [side, side, 3]."""
    width = int(rng.integers(1, 9))
    y, x = np.mgrid[:side, :side] + rng.integers(0, 2 * width, (2, 1, 1))
    kind = KINDS[int(rng.integers(len(KINDS)))]
    if kind == "noise":
        blocks = rng.integers(0, 2, (side // width + 3, side // width + 3))
        second = blocks[y // width, x // width]
    else:
        position = {"vertical": x, "horizontal": y, "checkerboard": x // width * width + y // width * width}
        second = position.get(kind, x + y) // width % 2
    colours = np.array([[0, 0, 0], [255, 255, 255]]) if rng.random() < 0.5 else rng.integers(0, 256, (2, 3))
    return colours[second].astype(np.uint8)


def draw_patterns(count: int, side: int, seed: int, step: int) -> Tensor:
    """Patterns of a step as RGB in [0, 1] [count, 3, side, side]."""
    rng = np.random.default_rng((seed, step, 0x7A77))
    pictures = np.stack([draw_pattern(rng, side) for _ in range(count)])
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255


def pattern_loss(features: Tensor, target: Tensor) -> Tensor:
    """Logarithm of 1 + relative error of f3 [N, C, H, W], its mean: a gradient of use however far f3 has run away."""
    return torch.log1p(relative_error(features, target)).mean()
