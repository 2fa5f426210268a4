"""What the codecs of both profiles share: hyper-latents, their densities, and gains for every rate."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from .entropy import INDEX_PER_OCTAVE, FactorisedModel, add_noise, gaussian_bits, round_ste
from .networks import HyperAnalysis, HyperSynthesis


class RateLevels(Protocol):
    """How many rate points an architecture has."""

    @property
    def quality_levels(self) -> int:
        """Rows of the gain tables."""


class Hyperprior(nn.Module):
    """Base of a codec; the codec builds the parts that are named here."""

    arch: RateLevels
    ha: HyperAnalysis
    hs: HyperSynthesis
    prior: FactorisedModel
    log2_gain: nn.Parameter
    log2_inverse_gain: nn.Parameter

    def gains(self, level: Tensor) -> tuple[Tensor, Tensor]:
        """Interpolate log2 gain and log2 inverse gain, each [N, latent, 1, 1], at float `level` [N]."""
        low = level.floor().clamp(max=self.arch.quality_levels - 2).long()
        fraction = (level - low)[:, None]
        pair = []
        for table in (self.log2_gain, self.log2_inverse_gain):
            pair.append(torch.lerp(table[low], table[low + 1], fraction)[:, :, None, None])
        return pair[0], pair[1]

    def hyper(self, y: Tensor, noisy: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Code z and return (mean, scale index for gain 1, bits of z^ per image)."""
        with torch.autocast(y.device.type, enabled=False):
            z = self.ha(y)
            bits = self.prior.bits(add_noise(z) if noisy else z.round()).sum((1, 2, 3))
            mean, scale = self.hs(round_ste(z), y.shape[2], y.shape[3])
        return mean, scale, bits

    def latent_bits(self, y: Tensor, mean: Tensor, scale: Tensor, log2_gain: Tensor, noisy: bool) -> Tensor:
        """Bits of y^ per image for the given gains."""
        deviation = (y - mean) * torch.exp2(log2_gain)
        deviation = add_noise(deviation) if noisy else deviation.round()
        return gaussian_bits(deviation, scale + log2_gain * INDEX_PER_OCTAVE).sum((1, 2, 3))

    def dequantised(self, y: Tensor, mean: Tensor, log2_gain: Tensor, log2_inverse_gain: Tensor) -> Tensor:
        """Quantise (straight-through) and dequantise y."""
        symbols = round_ste((y - mean) * torch.exp2(log2_gain))
        return self.dequantise(symbols, mean, log2_gain, log2_inverse_gain)

    def dequantise(self, symbols: Tensor, mean: Tensor, log2_gain: Tensor, log2_inverse_gain: Tensor) -> Tensor:
        """Map decoded symbols to y^."""
        return (symbols + mean * torch.exp2(log2_gain)) * torch.exp2(log2_inverse_gain)
