"""Rounding whose gradient is that of annealed rounding: it moves what lies between two integers, and little else.

An encoder that is trained through additive noise and straight-through rounding moves along its curve of rate and
distortion; a search over symbols (Yang, Bamler, Mandt 2020) leaves it, because every symbol is a mixture of two
integers and only those between them are moved. Here the decoder sees integers, as it will, and gradients are those of
the mixture at one temperature; what a symbol costs is the straight line between its two integers (as in
`src/codec/refinement/annealed-rounding.ts`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..models.entropy import gaussian_bits

NEAR = 1e-4
"""Distance from an integer below which atanh is cut off."""
TEMPERATURE = 0.5
"""That of a search's first step."""


def mixture(values: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Mix the two integers around each of `values`; return the mixtures and their derivatives.

    Shares are those of stochastic Gumbel annealing (Yang, Bamler, Mandt 2020), without its noise.
    """
    lower = values.floor()
    up = (values - lower).clamp(NEAR, 1 - NEAR)
    down = 1 - up
    share = torch.sigmoid((torch.atanh(up) - torch.atanh(down)) / temperature**2)
    bend = 1 / (1 - up * up) + 1 / (1 - down * down)
    return lower + share, share * (1 - share) * bend / temperature**2


def price(values: Tensor, index: Tensor) -> Tensor:
    """Bits that the upper of the two integers around each of `values` takes more than the lower."""
    lower = values.floor()
    return gaussian_bits(lower + 1, index) - gaussian_bits(lower, index)


class _AnnealedRounding(torch.autograd.Function):
    """Round to nearest; backward the slope of the mixture of both neighbours."""

    @staticmethod
    def forward(ctx, values):  # type: ignore[no-untyped-def]
        ctx.save_for_backward(mixture(values, TEMPERATURE)[1])
        return values.round()

    @staticmethod
    def backward(ctx, gradient):  # type: ignore[no-untyped-def]
        (slope,) = ctx.saved_tensors
        return gradient * slope


def round_annealed(values: Tensor) -> Tensor:
    """Round with the gradient of annealed rounding."""
    return _AnnealedRounding.apply(values)  # type: ignore[no-any-return,no-untyped-call]


def bits_of_rounded(values: Tensor, symbols: Tensor, index: Tensor) -> Tensor:
    """Bits per picture [N] of `symbols`, `values` rounded by `round_annealed`, at scale table `index` (float).

    Its value is the true one; towards `index` its gradient is that of the symbols' bits, towards the symbols the
    difference of the bits of both neighbours.
    """
    with torch.no_grad():
        slope = price(values, index)
    bits = gaussian_bits(symbols.detach(), index) + slope * (symbols - symbols.detach())
    return bits.sum((1, 2, 3))
