"""The trainable codec of the perceptual profile (DPC): transforms of pixels over the hyperprior of both profiles.

g_a and g_s are a linear transform of patches of 16 x 16 pixels plus nonlinear paths that begin at zero, so training
starts from the Karhunen-Loeve transform. Widths and structure are ours (docs/architecture.md); the published system's
are not known.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .architecture import ViewArchitecture
from .blocks import depth_to_space
from .entropy import FactorisedModel
from .hyperprior import Hyperprior
from .networks import HyperAnalysis, HyperSynthesis

PATCH = 16
"""Pixels that one position of the latents covers, in each direction."""
BASE = 4
"""Pixels that one position of the linear reconstruction covers before it is put into pixels."""
CENTRE = 0.5
"""What is subtracted from samples in [0, 1], so that grey is zero."""


class ResidualBlock(nn.Module):
    """x + conv(relu(conv(x))), 3x3."""

    def __init__(self, width: int) -> None:
        """Build for `width` channels; the second convolution starts small."""
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)
        with torch.no_grad():
            self.conv2.weight.mul_(0.3)

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, width, H, W] to the same shape."""
        out: Tensor = x + self.conv2(F.relu(self.conv1(x)))
        return out


def start_at_zero(layer: nn.Conv2d) -> nn.Conv2d:
    """Return the convolution with all weights zero."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


class ViewAnalysis(nn.Module):
    """g_a: centred RGB [N, 3, H, W] to y [N, latent, H/16, W/16]."""

    def __init__(self, arch: ViewArchitecture) -> None:
        """Build both paths."""
        super().__init__()
        w4, w8 = arch.widths
        self.linear = nn.Conv2d(3, arch.latent, PATCH, PATCH, bias=False)
        self.enter = nn.Conv2d(3, w4, 4, 4)
        self.block1 = ResidualBlock(w4)
        self.down1 = nn.Conv2d(w4, w8, 2, 2)
        self.block2, self.block3 = ResidualBlock(w8), ResidualBlock(w8)
        self.down2 = start_at_zero(nn.Conv2d(w8, arch.latent, 2, 2))

    def forward(self, x: Tensor) -> Tensor:
        """Compute y for gain 1, in float32: what the linear path carries is finer than bfloat16."""
        t = self.block3(self.block2(self.down1(self.block1(self.enter(x)))))
        curved = self.down2(t).float()
        with torch.autocast(x.device.type, enabled=False):
            out: Tensor = self.linear(x.float()) + curved
        return out


class ViewSynthesis(nn.Module):
    """g_s: dequantised y^ [N, latent, H/16, W/16] to centred RGB [N, 3, H, W], not clamped."""

    def __init__(self, arch: ViewArchitecture) -> None:
        """Build both paths."""
        super().__init__()
        w4, w8 = arch.widths
        pixels = 3 * BASE**2
        self.linear = nn.Conv2d(arch.latent, 3 * PATCH**2, 1, bias=False)
        self.enter = nn.Conv2d(arch.latent, 4 * w8, 1)
        self.block1, self.block2 = ResidualBlock(w8), ResidualBlock(w8)
        self.up = nn.Conv2d(w8, 4 * w4, 1)
        self.skip = nn.Conv2d(pixels, w4, 3, padding=1)
        self.block3, self.block4 = ResidualBlock(w4), ResidualBlock(w4)
        self.out = start_at_zero(nn.Conv2d(w4, pixels, 3, padding=1))

    def forward(self, y: Tensor) -> Tensor:
        """Rebuild the picture."""
        with torch.autocast(y.device.type, enabled=False):
            base = depth_to_space(self.linear(y.float()), PATCH // BASE)
        t = self.block2(self.block1(depth_to_space(self.enter(y), 2)))
        t = depth_to_space(self.up(t), 2) + self.skip(base)
        t = self.block4(self.block3(t))
        return depth_to_space(base + self.out(t).float(), BASE)


@dataclass
class CodedLatents:
    """What a file of each picture would hold, and what it would cost."""

    values: Tensor
    """y^ [N, latent, H/16, W/16]."""
    latent_bits: Tensor
    """Bits of y^ per image [N]."""
    hyper_bits: Tensor
    """Bits of z^ per image [N]."""


@dataclass
class CodedView:
    """What one pass through the codec gives."""

    rgb: Tensor
    """The rebuilt picture [N, 3, H, W], in [0, 1] but for overshoot."""
    latent_bits: Tensor
    """Bits of y^ per image [N]."""
    hyper_bits: Tensor
    """Bits of z^ per image [N]."""


class View(Hyperprior):
    """Everything between a picture and its reconstruction, with `quality_levels` rate points in one set of weights."""

    def __init__(self, arch: ViewArchitecture) -> None:
        """Build from random weights; `starts.patches` gives it a working start."""
        super().__init__()
        self.arch: ViewArchitecture = arch
        self.ga, self.gs = ViewAnalysis(arch), ViewSynthesis(arch)
        self.ha, self.hs = HyperAnalysis(arch), HyperSynthesis(arch)
        self.prior = FactorisedModel(arch.hyper)
        levels = (arch.quality_levels, arch.latent)
        self.log2_gain = nn.Parameter(torch.zeros(levels))
        self.log2_inverse_gain = nn.Parameter(torch.zeros(levels))

    def analyse(self, rgb: Tensor) -> Tensor:
        """Map RGB in [0, 1] [N, 3, H, W] to y."""
        y: Tensor = self.ga(rgb - CENTRE)
        return y

    def rebuild(self, y_hat: Tensor) -> Tensor:
        """Map y^ to RGB around [0, 1]."""
        rgb: Tensor = self.gs(y_hat) + CENTRE
        return rgb

    def code(self, rgb: Tensor, level: Tensor, noisy: bool = True) -> CodedLatents:
        """Code RGB in [0, 1] [N, 3, H, W] at quality `level` [N] in 0 .. quality_levels - 1.

        `noisy` selects the training rate (uniform noise) over the true one (rounding).
        """
        y = self.analyse(rgb)
        mean, scale, hyper_bits = self.hyper(y, noisy)
        log2_gain, log2_inverse = self.gains(level)
        latent_bits = self.latent_bits(y, mean, scale, log2_gain, noisy)
        return CodedLatents(self.dequantised(y, mean, log2_gain, log2_inverse), latent_bits, hyper_bits)

    def forward(self, rgb: Tensor, level: Tensor, noisy: bool = True) -> CodedView:
        """Code RGB as `code` does, and rebuild it."""
        coded = self.code(rgb, level, noisy)
        return CodedView(self.rebuild(coded.values), coded.latent_bits, coded.hyper_bits)
