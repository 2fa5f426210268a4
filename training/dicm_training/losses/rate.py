"""Rate and distortion put together, over qualities from coarse to fine."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def lagrangians(ends: tuple[float, float], share: Tensor) -> Tensor:
    """Multipliers at shares [N] of the range of levels, spread geometrically between those of its `ends`."""
    low, high = (math.log2(value) for value in ends)
    return torch.exp2(low + (high - low) * share)


def rate_and_distortion(bits: Tensor, pixels: int, error: Tensor, lagrangian: Tensor) -> Tensor:
    """Mean of (bpp + lambda D) / sqrt(lambda): divided so that the fine levels do not outvote the coarse ones."""
    return ((bits / pixels + lagrangian * error) / torch.sqrt(lagrangian)).mean()
