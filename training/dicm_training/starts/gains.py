"""Starting gains: quantisation steps at which coefficients of given variances cost a given rate."""

from __future__ import annotations

import torch
from torch import Tensor

from ..models.entropy import INDEX_PER_OCTAVE, SCALE_LEVELS, SCALE_MINIMUM, gaussian_bits


def entropy_at_step(variances: Tensor, log2_gain: float) -> float:
    """Bits per latent position if every coefficient were Gaussian with the given variance."""
    sigma = variances.clamp(min=1e-12).sqrt() * 2**log2_gain
    grid = torch.linspace(-4, 4, 65, device=sigma.device)
    weights = torch.exp(-(grid**2) / 2)
    weights = weights / weights.sum()
    index = torch.log2(sigma / SCALE_MINIMUM) * INDEX_PER_OCTAVE
    bits = gaussian_bits((sigma[:, None] * grid).round(), index.clamp(0, SCALE_LEVELS - 1)[:, None])
    return float((bits * weights).sum())


def starting_gains(variances: Tensor, levels: int, bpp: tuple[float, float]) -> list[float]:
    """Find one log2 gain per level so that the Gaussian entropies are spread geometrically over `bpp`."""
    gains = []
    for level in range(levels):
        wanted = 256 * bpp[0] * (bpp[1] / bpp[0]) ** (level / (levels - 1))
        low, high = -12.0, 12.0
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if entropy_at_step(variances, middle) < wanted else (low, middle)
        gains.append(low)
    return gains
