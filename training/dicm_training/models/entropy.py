"""Entropy models as trained (continuous densities) and as released (integer tables).

Latents: Gaussian with the mean and scale that h_s predicts (Minnen 2018). Hyper-latents: one mixture of
three logistics per channel. Rates in training use additive uniform noise (Balle 2018).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from .. import distributed

SCALE_MINIMUM = 0.11
SCALE_MAXIMUM = 128.0
SCALE_LEVELS = 64
INDEX_PER_OCTAVE = (SCALE_LEVELS - 1) / math.log2(SCALE_MAXIMUM / SCALE_MINIMUM)
TOTAL = 1 << 16
LIKELIHOOD_MINIMUM = 1e-9


class _LowerBound(torch.autograd.Function):
    """max(x, bound) whose gradient still lets x return above the bound."""

    @staticmethod
    def forward(ctx, x, bound):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(x)
        ctx.bound = bound
        return x.clamp(min=bound)

    @staticmethod
    def backward(ctx, gradient):  # type: ignore[no-untyped-def]
        (x,) = ctx.saved_tensors
        return gradient * ((x >= ctx.bound) | (gradient < 0)), None


def lower_bound(x: Tensor, bound: float) -> Tensor:
    """Clamp from below, with gradients that can pull x back over the bound."""
    return _LowerBound.apply(x, bound)  # type: ignore[no-any-return]


def round_ste(x: Tensor) -> Tensor:
    """Round with the straight-through gradient."""
    return x + (x.round() - x).detach()


def add_noise(x: Tensor) -> Tensor:
    """Add uniform noise in [-0.5, 0.5), the differentiable stand-in for rounding."""
    return x + distributed.uniform(x.shape, x.device).to(x.dtype) - 0.5


def gaussian_bits(deviation: Tensor, index: Tensor) -> Tensor:
    """Bits of a value that lies `deviation` from its mean, in quantisation steps, at scale table `index` (float)."""
    sigma = SCALE_MINIMUM * torch.exp2(lower_bound(index, 0.0).clamp(max=SCALE_LEVELS - 1) / INDEX_PER_OCTAVE)
    magnitude = deviation.abs()
    upper = torch.special.ndtr((0.5 - magnitude) / sigma)
    lower = torch.special.ndtr((-0.5 - magnitude) / sigma)
    return -torch.log2(lower_bound(upper - lower, LIKELIHOOD_MINIMUM))


class FactorisedModel(nn.Module):
    """A mixture of three logistic densities per channel, integrated over unit bins."""

    def __init__(self, channels: int, spread: float = 2.0) -> None:
        """Start every channel as a symmetric mixture of width `spread`."""
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(channels, 3))
        self.means = nn.Parameter(torch.tensor([-1.0, 0.0, 1.0]).repeat(channels, 1) * spread)
        self.log_scales = nn.Parameter(torch.full((channels, 3), math.log(spread)))

    def probability(self, values: Tensor) -> Tensor:
        """Probability of the unit bin around `values` [..., channels, K]."""
        v = values.unsqueeze(-1)
        scale = self.log_scales.clamp(min=-4).exp()[:, None, :]
        mean = self.means[:, None, :]
        # sigmoid(b) - sigmoid(a) on the side where both are small, which keeps precision in the tails.
        sign = torch.where(v > mean, -1.0, 1.0)
        upper = torch.sigmoid(sign * (v + 0.5 - mean) / scale)
        lower = torch.sigmoid(sign * (v - 0.5 - mean) / scale)
        weights = self.logits.softmax(-1)[:, None, :]
        return ((upper - lower).abs() * weights).sum(-1)

    def bits(self, z: Tensor) -> Tensor:
        """Bits of each element of z [N, C, H, W]."""
        n, c, h, w = z.shape
        values = z.permute(1, 0, 2, 3).reshape(c, -1).float()
        p = lower_bound(self.probability(values), LIKELIHOOD_MINIMUM)
        return -torch.log2(p).view(c, n, h, w).transpose(0, 1)


def quantise_probabilities(p: np.ndarray) -> np.ndarray:
    """Turn probabilities into positive integer frequencies that sum to 2^16, closest in code length.

    Every symbol gets at least 1. The remainder goes, one unit at a time, to where it shortens the expected
    code most (and is taken from where that costs least).
    """
    p = np.maximum(np.asarray(p, np.float64), 1e-12)
    p = p / p.sum()
    frequency = np.maximum(1, np.floor(p * TOTAL)).astype(np.int64)
    while (excess := int(frequency.sum()) - TOTAL) != 0:
        if excess > 0:
            cost = np.where(frequency > 1, p * np.log2(frequency / np.maximum(frequency - 1, 1)), np.inf)
            frequency[np.argsort(cost, kind="stable")[: min(excess, int((frequency > 1).sum()))]] -= 1
        else:
            gain = p * np.log2((frequency + 1) / frequency)
            frequency[np.argsort(-gain, kind="stable")[: min(-excess, len(p))]] += 1
    return frequency


def flatten_tables(tables: list[tuple[int, np.ndarray]]) -> dict[str, np.ndarray]:
    """Pack (first symbol, probabilities with the escape last) into the model's cdf, size and offset tensors."""
    cdfs = [np.concatenate([[0], np.cumsum(quantise_probabilities(p))]) for _, p in tables]
    return {
        "cdf": np.concatenate(cdfs).astype(np.int32),
        "size": np.array([len(p) for _, p in tables], np.int32),
        "offset": np.array([first for first, _ in tables], np.int32),
    }


def gaussian_tables(tail_mass: float = 2.0**-16) -> dict[str, np.ndarray]:
    """Integer tables of the 64 zero-mean Gaussian scales."""
    indexes = torch.arange(SCALE_LEVELS, dtype=torch.float64)
    sigmas = SCALE_MINIMUM * torch.exp2(indexes / INDEX_PER_OCTAVE)
    tables = []
    for sigma in sigmas.tolist():
        reach = max(1, math.ceil(-sigma * float(torch.special.ndtri(torch.tensor(tail_mass / 2)))))
        k = torch.arange(-reach, reach + 1, dtype=torch.float64).abs()
        p = torch.special.ndtr((0.5 - k) / sigma) - torch.special.ndtr((-0.5 - k) / sigma)
        escape = max(1 - float(p.sum()), 2.0**-17)
        tables.append((-reach, np.append(p.numpy(), escape)))
    return flatten_tables(tables)


def factorised_tables(model: FactorisedModel, reach: int = 128, tail_mass: float = 2.0**-14) -> dict[str, np.ndarray]:
    """Integer tables of every hyper-latent channel, cut where less than `tail_mass` remains on either side."""
    k = torch.arange(-reach, reach + 1, dtype=torch.float32)
    with torch.no_grad():
        p = model.probability(k.repeat(model.logits.shape[0], 1)).double().numpy()
    tables = []
    for row in p:
        below = np.cumsum(row)
        first = int(np.searchsorted(below, tail_mass))
        last = max(first, int(np.searchsorted(below, below[-1] - tail_mass)))
        kept = row[first : last + 1]
        tables.append((first - reach, np.append(kept, max(1 - kept.sum(), 2.0**-17))))
    return flatten_tables(tables)
