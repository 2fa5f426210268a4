"""The trainable codec: networks, gains and entropy models put together."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .architecture import Architecture
from .backbone import Head, Tail
from .entropy import FactorisedModel, add_noise, round_ste
from .hyperprior import Hyperprior
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


class Codec(Hyperprior):
    """Everything between f1 and f3, with `quality_levels` rate points in one set of weights."""

    def __init__(self, arch: Architecture) -> None:
        """Build from random weights; `klt.initialise` gives it a working start."""
        super().__init__()
        self.arch: Architecture = arch
        self.re, self.ga, self.gs = RedundancyElimination(arch), Analysis(arch), Synthesis(arch)
        self.ha, self.hs = HyperAnalysis(arch), HyperSynthesis(arch)
        self.prior = FactorisedModel(arch.hyper)
        self.redundancy_prior = FactorisedModel(arch.redundancy)
        levels = (arch.quality_levels, arch.latent)
        self.log2_gain = nn.Parameter(torch.zeros(levels))
        self.log2_inverse_gain = nn.Parameter(torch.zeros(levels))
        self.use_redundancy_elimination = True

    def analyse(self, f1: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map f1 to (y, RE's latent before rounding, d)."""
        if not self.use_redundancy_elimination:
            return self.ga(f1).float(), f1.new_zeros(()), f1
        r = self.re.encode(f1)
        d = self.re.decode(round_ste(r))
        return self.ga(self.re.combine(f1, d)).float(), r.float(), d

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
