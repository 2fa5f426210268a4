"""The trainable codec: networks, gains and entropy models put together."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .architecture import Architecture
from .backbone import Head, Tail
from .entropy import INDEX_PER_OCTAVE, FactorisedModel, add_noise, gaussian_bits, round_ste
from .networks import (
    Analysis,
    HyperAnalysis,
    HyperSynthesis,
    RedundancyElimination,
    Synthesis,
)


@dataclass
class Coded:
    """What one pass through the codec gives."""

    features: Tensor
    """f3 [N, features, H/4, W/4]."""
    latent_bits: Tensor
    """Bits of y^ per image [N]."""
    hyper_bits: Tensor
    """Bits of z^ per image [N]."""
    redundancy_bits: Tensor
    """Bits of RE's own latent per image [N]; a training constraint, never written to a file."""
    redundancy_features: Tensor
    """d, decoder_RE's approximation of f1."""


class Codec(nn.Module):
    """Everything between f1 and f3, with `quality_levels` rate points in one set of weights."""

    def __init__(self, arch: Architecture) -> None:
        """Build from random weights; `klt.initialise` gives it a working start."""
        super().__init__()
        self.arch = arch
        self.re, self.ga, self.gs = RedundancyElimination(arch), Analysis(arch), Synthesis(arch)
        self.ha, self.hs = HyperAnalysis(arch), HyperSynthesis(arch)
        self.prior = FactorisedModel(arch.hyper)
        self.redundancy_prior = FactorisedModel(arch.redundancy)
        levels = (arch.quality_levels, arch.latent)
        self.log2_gain = nn.Parameter(torch.zeros(levels))
        self.log2_inverse_gain = nn.Parameter(torch.zeros(levels))
        self.use_redundancy_elimination = True

    def gains(self, level: Tensor) -> tuple[Tensor, Tensor]:
        """Interpolate log2 gain and log2 inverse gain, each [N, latent, 1, 1], at float `level` [N]."""
        low = level.floor().clamp(max=self.arch.quality_levels - 2).long()
        fraction = (level - low)[:, None]
        pair = []
        for table in (self.log2_gain, self.log2_inverse_gain):
            pair.append(torch.lerp(table[low], table[low + 1], fraction)[:, :, None, None])
        return pair[0], pair[1]

    def analyse(self, f1: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map f1 to (y, RE's latent before rounding, d)."""
        if not self.use_redundancy_elimination:
            return self.ga(f1).float(), f1.new_zeros(()), f1
        r = self.re.encode(f1)
        d = self.re.decode(round_ste(r))
        return self.ga(self.re.combine(f1, d)).float(), r.float(), d

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

    def forward(self, f1: Tensor, level: Tensor, noisy: bool = True) -> Coded:
        """Code f1 [N, features, H/4, W/4] at quality `level` [N] in 0 .. quality_levels - 1.

        `noisy` selects the training rate (uniform noise) over the true one (rounding).
        """
        y, r, d = self.analyse(f1)
        mean, scale, hyper_bits = self.hyper(y, noisy)
        log2_gain, log2_inverse = self.gains(level)
        latent_bits = self.latent_bits(y, mean, scale, log2_gain, noisy)
        f3 = self.gs(self.dequantised(y, mean, log2_gain, log2_inverse))
        if r.dim() == 4:
            redundancy_bits = self.redundancy_prior.bits(add_noise(r) if noisy else r.round()).sum((1, 2, 3))
        else:
            redundancy_bits = torch.zeros_like(hyper_bits)
        return Coded(f3, latent_bits, hyper_bits, redundancy_bits, d)


class Model(nn.Module):
    """The released whole: head, codec, tail."""

    def __init__(self, arch: Architecture) -> None:
        """Build from random weights."""
        super().__init__()
        self.arch = arch
        self.head = Head(arch.backbone)
        self.codec = Codec(arch)
        self.tail = Tail(arch.backbone)
