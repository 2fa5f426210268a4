"""Losses on fine patterns and on exaggerated latents: they keep g_s stable on print, screens and fences.

The third-order products of g_s can run away on latents unlike those it was trained on (RESULTS, candidate 1.2.0).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from .distortion import relative_error


def pattern_loss(features: Tensor, target: Tensor) -> Tensor:
    """Logarithm of 1 + relative error of f3 [N, C, H, W], its mean: a gradient of use however far f3 has run away."""
    return torch.log1p(relative_error(features, target)).mean()


def exaggerate(latents: Tensor) -> Tensor:
    """Scale y^ [N, C, H, W] by 1 to 1.6, another factor for each picture: towards where products run away."""
    return latents * (1 + 0.6 * torch.rand(len(latents), 1, 1, 1, device=latents.device))


def runaway_loss(features: Tensor, target: Tensor) -> Tensor:
    """What `pattern_loss` is beyond a relative error of 2: for exaggerated latents, whose features nobody knows."""
    return F.relu(torch.log1p(relative_error(features, target)) - math.log(3)).mean()
